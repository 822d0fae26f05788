/* The arguments of a line in a service file. */
#include <errno.h>

#include "module/pam/options.h"
#include "tests/suite.h"

#define TOKEN "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

static struct options options;
static char complaint[OPTIONS_COMPLAINT_MAX];

/* One argument. */
static int parse(const char *argument)
{
    const char *const argv[] = {argument};
    complaint[0] = '\0';
    return options_parse(1, argv, &options, complaint);
}

START_TEST(has_defaults)
{
    ck_assert_int_eq(options_parse(0, NULL, &options, complaint), 0);
    ck_assert_str_eq(options.service, "default");
    ck_assert_ptr_null(options.site);
    ck_assert_str_eq(options.scopes, "");
    ck_assert_str_eq(options.prompt, "Token: ");
    ck_assert_str_eq(options.runtime, "/run/stkgate");
    ck_assert_uint_eq(options.timeout_ms, 1000);
    ck_assert_uint_eq(options.cost, 0);
    ck_assert(!options.peek && !options.legacy && !options.first_pass);
}
END_TEST

START_TEST(takes_each_option)
{
    const char *const argv[] = {"service=ftp",
                                "site=kasa",
                                "scope=catalog:read,cart:write",
                                "cost=3",
                                "socket=/run/other/check.sock",
                                "timeout=2s",
                                "prompt=Your token, please = ",
                                "legacy",
                                "use_first_pass",
                                "try_first_pass"};
    ck_assert_int_eq(options_parse(sizeof argv / sizeof argv[0], argv, &options, complaint), 0);
    ck_assert_str_eq(options.service, "ftp");
    ck_assert_str_eq(options.site, "kasa");
    ck_assert_str_eq(options.scopes, "catalog:read,cart:write");
    ck_assert_uint_eq(options.cost, 3);
    ck_assert_str_eq(options.runtime, "/run/other");
    ck_assert_uint_eq(options.timeout_ms, 2000);
    ck_assert_str_eq(options.prompt, "Your token, please = ");
    ck_assert(options.legacy && options.first_pass && !options.peek);
}
END_TEST

START_TEST(a_cost_of_0_looks_without_spending)
{
    ck_assert_int_eq(parse("cost=0"), 0);
    ck_assert(options.peek);
    ck_assert_int_eq(parse("cost=1"), 0);
    ck_assert(!options.peek);
}
END_TEST

START_TEST(a_timeout_is_of_1_ms_to_a_minute)
{
    ck_assert_int_eq(parse("timeout=1ms"), 0);
    ck_assert_uint_eq(options.timeout_ms, 1);
    ck_assert_int_eq(parse("timeout=60000ms"), 0);
    ck_assert_uint_eq(options.timeout_ms, 60000);
    ck_assert_int_eq(parse("timeout=60s"), 0);
    ck_assert_uint_eq(options.timeout_ms, 60000);
}
END_TEST

START_TEST(refuses_mistakes_whole_and_says_which)
{
    const struct {
        const char *argument, *says;
    } rows[] = {
        {"", "argument 1"},
        {"=", "argument 1"},
        {"debug", "argument 1"},
        {"Service=ftp", "argument 1"},
        {"services=ftp", "argument 1"},
        {"servic=ftp", "argument 1"},
        {" site=kasa", "argument 1"},
        {"service", "service: needs a value"},
        {"service=", "service: needs a value"},
        {"site=", "site: needs a value"},
        {"scope", "scope: needs a value"},
        {"prompt=", "prompt: needs a value"},
        {"site=01234567890123456789012345678901234567890123456789012345678901234", "site: "},
        {"cost=", "cost: needs a value"},
        {"cost=-1", "cost: write a whole number"},
        {"cost=+1", "cost: write a whole number"},
        {"cost= 1", "cost: write a whole number"},
        {"cost=1 ", "cost: write a whole number"},
        {"cost=1.5", "cost: write a whole number"},
        {"cost=0x1", "cost: write a whole number"},
        {"cost=99999999999999999999", "cost: write a whole number"},
        {"timeout=", "timeout: needs a value"},
        {"timeout=0s", "timeout: write a time"},
        {"timeout=0ms", "timeout: write a time"},
        {"timeout=2", "timeout: write a time"},
        {"timeout=2 s", "timeout: write a time"},
        {"timeout=-2s", "timeout: write a time"},
        {"timeout=1m", "timeout: write a time"},
        {"timeout=61s", "timeout: write a time"},
        {"timeout=60001ms", "timeout: write a time"},
        {"timeout=9999999999999999999s", "timeout: write a time"},
        {"timeout=s", "timeout: write a time"},
        {"socket=run/stkgate", "socket: write the absolute path"},
        {"socket=/run/stkgate/http.sock", "socket: write the absolute path"},
        {"legacy=", "legacy: takes no value"},
        {"legacy=no", "legacy: takes no value"},
        {"use_first_pass=1", "use_first_pass: takes no value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&options, 0x5a, sizeof options);
        struct options before = options;
        ck_assert_msg(parse(rows[i].argument) == -EINVAL, "'%s' is taken", rows[i].argument);
        ck_assert_msg(strstr(complaint, rows[i].says) == complaint, "'%s': %s", rows[i].argument,
                      complaint);
        ck_assert_mem_eq(&options, &before, sizeof options);
    }
}
END_TEST

START_TEST(refuses_what_is_given_twice)
{
    const char *const rows[][2] = {{"site=a", "site=b"},
                                   {"scope=catalog:read", "scope=cart:write"},
                                   {"cost=0", "cost=5"},
                                   {"legacy", "legacy"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(options_parse(2, rows[i], &options, complaint), -EINVAL);
        ck_assert_msg(strstr(complaint, "is given twice") != NULL, "%s", complaint);
    }
}
END_TEST

START_TEST(a_complaint_repeats_nothing_that_may_be_a_token)
{
    static const char *const rows[] = {TOKEN,           "token=" TOKEN,     TOKEN "=1",
                                       "cost=" TOKEN,   "socket=" TOKEN,    "timeout=" TOKEN,
                                       "legacy=" TOKEN, "site=" TOKEN TOKEN};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(parse(rows[i]) == -EINVAL, "'%s' is taken", rows[i]);
        ck_assert_ptr_null(strstr(complaint, "stk_"));
        ck_assert_ptr_null(strstr(complaint, "zQWB"));
    }
}
END_TEST

SUITE_MAIN("options", has_defaults, takes_each_option, a_cost_of_0_looks_without_spending,
           a_timeout_is_of_1_ms_to_a_minute, refuses_mistakes_whole_and_says_which,
           refuses_what_is_given_twice, a_complaint_repeats_nothing_that_may_be_a_token)
