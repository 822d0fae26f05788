#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

#define HEAD                                                                                       \
    "\"version\":\"0.1.0\",\"uptime_s\":273600,\"started_at\":\"2026-11-20T23:55:00Z\","           \
    "\"pid\":4711,\"seq\":1042,\"credentials\":1000"
#define MAP(used) ",\"map\":{\"used_bytes\":" used ",\"size_bytes\":1073741824}"

static const char whole[] = "{" HEAD MAP(
    "12897484") ",\"commits\":{\"count\":42,\"queued\":1,\"last_us\":850,\"p50_us\":1234,\"p99_"
                "us\":99999,"
                "\"max_us\":3400000},"
                "\"checks\":{\"ok\":1200,\"missing_token\":0,\"rate_limited\":34},"
                "\"services\":[\"default\",\"storefront\"],"
                "\"clients\":[{\"uid\":0,\"check_connections\":3,\"http_connections\":1,\"bytes\":"
                "65536,"
                "\"refused\":0},{\"uid\":4000000001,\"check_connections\":12,\"http_connections\":"
                "0,"
                "\"bytes\":0,\"refused\":7}],"
                "\"connections\":{\"check\":15,\"check_max\":1000,\"check_per_user_max\":500,"
                "\"http\":1,"
                "\"http_max\":100,\"http_per_user_max\":50,\"bytes\":70000,\"bytes_max\":268435456,"
                "\"bytes_per_user_max\":134217728},"
                "\"lease\":{\"holds\":true,\"remaining_ms\":4200},"
                "\"view\":{\"slots\":8192,\"used\":1024,\"resident_bytes\":1572864,"
                "\"complete\":true},"
                "\"attached\":{\"processes\":3,\"users\":[{\"uid\":0,\"processes\":1},"
                "{\"uid\":4000000001,\"processes\":2}]}}";

START_TEST(tells_all_in_words)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("status"), WORDS(fake_reply("200 OK", whole)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/status HTTP");
    ck_assert_str_eq(run.out, "     Version: 0.1.0\n"
                              "      Uptime: 3 d 4 h\n"
                              "     Started: 2026-11-20T23:55:00Z\n"
                              "         Pid: 4711\n"
                              "    Services: default storefront\n"
                              " Credentials: 1000\n"
                              "       Table: 1.2 % full: 12.2 MiB of 1.0 GiB\n"
                              " Last change: no. 1042\n"
                              "     Commits: 42 since the start, 1 waiting\n"
                              "              last 850 us, median 1.2 ms, p99 99.9 ms, max 3.4 s\n"
                              "      Checks: 1234 since the start\n"
                              "              1200 ok\n"
                              "                34 rate_limited\n"
                              " Connections: 15 of 1000 check, at most 500 of one user\n"
                              "              1 of 100 http, at most 50 of one user\n"
                              "   In flight: 68.3 KiB of 256.0 MiB\n"
                              "       Lease: holds for another 4.2 s, and is renewed\n"
                              "        View: 12.5 % full: 1024 of 8192 slots, 1.5 MiB of memory\n"
                              "    Attached: 3 processes: root 1, uid 4000000001 2\n"
                              "\n"
                              "USER            CHECK  HTTP  IN FLIGHT  REFUSED\n"
                              "root                3     1   64.0 KiB        0\n"
                              "uid 4000000001     12     0        0 B        7\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(gives_the_daemons_json)
{
    char expected[sizeof whole + 1];
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("status", "--json"), WORDS(fake_reply("200 OK", whole)),
                EXIT_STATUS_OK);
    snprintf(expected, sizeof expected, "%s\n", whole);
    ck_assert_str_eq(run.out, expected);
    fake_stop(&fake);
}
END_TEST

START_TEST(warns_of_a_table_that_fills_up)
{
    static const struct {
        const char *answer, *says;
    } cases[] = {
        {"{" HEAD MAP("644245094") "}", " 59.9 % full: "},
        {"{" HEAD MAP("751619277") "}", "\033[33m70.0 % full\033[0m: 716.8 MiB of 1.0 GiB\r\n"},
        {"{" HEAD MAP("859000000") "}",
         "\033[31m80.0 % full\033[0m: 819.2 MiB of 1.0 GiB; mints are refused\r\n"},
    };
    fake_start(&fake);
    run.on_terminal = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_expect(&fake, &run, WORDS("status"), WORDS(fake_reply("200 OK", cases[i].answer)),
                    EXIT_STATUS_OK);
        ck_assert_msg(strstr(run.out, cases[i].says), "%s", run.out);
    }
    fake_stop(&fake);
}
END_TEST

#define USERS_10                                                                                   \
    "{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},"         \
    "{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},"         \
    "{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},{\"uid\":0,\"processes\":1},"         \
    "{\"uid\":0,\"processes\":1}"

#define ROOT_9 "root 1, root 1, root 1, root 1, root 1, root 1, root 1, root 1, root 1, "

START_TEST(tells_of_the_view_what_matters)
{
    static const struct {
        const char *answer, *says;
    } cases[] = {
        {"{\"lease\":null}", "       Lease: none: every check asks the daemon\n"},
        {"{\"lease\":{\"holds\":false,\"remaining_ms\":0}}",
         "       Lease: over: programs that have the view ask the daemon\n"},
        {"{\"view\":{\"slots\":100,\"used\":20,\"resident_bytes\":512,\"complete\":false}}",
         "        View: 20.0 % full: 20 of 100 slots, 512 B of memory; not all of the table is in "
         "it "
         "yet\n"},
        {"{\"attached\":{\"processes\":0,\"users\":[]}}", "    Attached: no process\n"},
        {"{\"attached\":{\"processes\":1,\"users\":[{\"uid\":0,\"processes\":1}]}}",
         "    Attached: 1 process: root 1\n"},
        {"{\"attached\":{\"processes\":10,\"users\":[" USERS_10 "]}}",
         "    Attached: 10 processes: " ROOT_9 "root 1\n"},
        {"{\"attached\":{\"processes\":12,\"users\":[" USERS_10 "," USERS_10 "]}}",
         "    Attached: 12 processes: " ROOT_9 "root 1 and 10 more users\n"},
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_expect(&fake, &run, WORDS("status"), WORDS(fake_reply("200 OK", cases[i].answer)),
                    EXIT_STATUS_OK);
        ck_assert_msg(strstr(run.out, cases[i].says), "%s", run.out);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(does_without_what_an_answer_lacks)
{
    static const char *const answers[] = {
        "{}",
        "{\"version\":7,\"uptime_s\":\"x\",\"map\":3,\"commits\":[],\"checks\":{\"ok\":\"many\"},"
        "\"services\":{},\"clients\":{},\"connections\":1,\"pid\":null,\"seq\":-1}",
        "{\"map\":{\"used_bytes\":5,\"size_bytes\":0},\"commits\":{\"count\":1,\"last_us\":5},"
        "\"clients\":[1,{\"uid\":\"root\"},{}],\"connections\":{},\"checks\":{}}",
        "{\"lease\":7,\"view\":[],\"attached\":{\"processes\":2,\"users\":[1,{\"uid\":\"x\"}]}}",
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        fake_expect(&fake, &run, WORDS("status"), WORDS(fake_reply("200 OK", answers[i])),
                    EXIT_STATUS_OK);
        ck_assert_ptr_nonnull(strstr(run.out, " Credentials: 0\n"));
    }
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("status", tells_all_in_words, gives_the_daemons_json, warns_of_a_table_that_fills_up,
           tells_of_the_view_what_matters, does_without_what_an_answer_lacks)
