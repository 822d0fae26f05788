/* What goes to the log: never a token. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "tests/suite.h"

#define SECRET "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define MASKED "stk_live_zQWB********************************"

/* Run fn with stderr in a pipe and return what it wrote. */
static const char *written(void (*fn)(void))
{
    static char text[65536];
    int fds[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    fn();
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n, len = 0;
    while ((n = read(fds[0], text + len, sizeof text - 1 - (size_t)len)) > 0)
        len += n;
    close(fds[0]);
    text[len] = '\0';
    return text;
}

START_TEST(masks_token_text_wherever_it_stands)
{
    static const struct {
        const char *line, *want;
    } rows[] = {
        {SECRET, MASKED},
        {"a " SECRET " b " SECRET, "a " MASKED " b " MASKED},
        {"stk_test_abcdefg", "stk_test_abcd***"},
        {"stk_live_abcd", "stk_live_abcd"},
        {"stk_live_", "stk_live_"},
        {"stk_stk_live_abcde", "stk_stk_live_abcd*"},
        {"stk_other_abcdefgh", "stk_other_abcdefgh"},
        {"no token", "no token"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[256];
        snprintf(line, sizeof line, "%s", rows[i].line);
        log_mask(line);
        ck_assert_str_eq(line, rows[i].want);
    }
}
END_TEST

static void log_a_secret(void)
{
    log_line(LOG_ERR, "somebody passed %s here", SECRET);
}

START_TEST(no_caller_can_leak_a_token_by_mistake)
{
    ck_assert_str_eq(written(log_a_secret), "stkgate: somebody passed " MASKED " here\n");
}
END_TEST

static void log_below_the_maximum(void)
{
    log_line(LOG_DEBUG, "not wanted");
    log_set_max_priority(LOG_DEBUG);
    log_line(LOG_DEBUG, "wanted");
}

START_TEST(drops_what_is_above_the_maximum)
{
    ck_assert_str_eq(written(log_below_the_maximum), "stkgate: wanted\n");
}
END_TEST

static const uint64_t start_ns = UINT64_C(1000000000000);

static void log_a_flood(void)
{
    struct verdict verdict = {
        .reason = REASON_SITE_MISMATCH, .key_id = "key_0123456789abcdef", .site = "kasa"};
    for (int i = 0; i < 1000; i++)
        log_refusal(&verdict, "storefront", start_ns);
    log_refusal(&verdict, "storefront", start_ns + UINT64_C(10000000000));
}

START_TEST(a_flood_of_refusals_is_counted_not_told)
{
    const char *text = written(log_a_flood);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_uint_eq(lines, 50 + 2);
    ck_assert_ptr_nonnull(strstr(text, "refused reason=site_mismatch key_id=key_0123456789abcdef "
                                       "site=kasa service=storefront\n"));
    ck_assert_ptr_nonnull(strstr(text, "950 more refusals were not logged"));
}
END_TEST

static void log_one_change(void)
{
    const struct log_change change = {.verb = "revoke",
                                      .key_id = "key_0123456789abcdef",
                                      .site = "kasa",
                                      .reason = "leaked as " SECRET,
                                      .uid = 7,
                                      .pid = 8};
    log_change(&change);
}

START_TEST(a_change_says_who_what_and_why)
{
    ck_assert_str_eq(written(log_one_change),
                     "stkgate: revoke key_id=key_0123456789abcdef site=kasa by uid=7 pid=8 "
                     "reason=leaked as " MASKED "\n");
}
END_TEST

SUITE_MAIN("log", masks_token_text_wherever_it_stands, no_caller_can_leak_a_token_by_mistake,
           drops_what_is_above_the_maximum, a_flood_of_refusals_is_counted_not_told,
           a_change_says_who_what_and_why)
