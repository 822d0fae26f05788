/* What goes to the log: never a token. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
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

static void log_last_words(void)
{
    char stream[64];
    struct stat st;

    log_last_line(LOG_ERR, "before " SECRET);
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
    log_last_line(LOG_ERR, "after " SECRET);
    log_last_line(LOG_DEBUG, "not wanted");
    unsetenv("JOURNAL_STREAM");
}

START_TEST(last_words_are_a_line_on_stderr_also_where_that_is_the_journal)
{
    ck_assert_str_eq(written(log_last_words), "stkgate: before " MASKED "\n<3>after " MASKED "\n");
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
    ck_assert_uint_eq(count_lines(text), 50 + 2);
    ck_assert_ptr_nonnull(strstr(text, "refused reason=site_mismatch key_id=key_0123456789abcdef "
                                       "site=kasa service=storefront\n"));
    ck_assert_ptr_nonnull(strstr(text, "950 more refusals were not logged"));
}
END_TEST

static void log_a_flood_at_a_rate_of_three(void)
{
    log_set_refusal_rate(3);
    log_a_flood();
}

START_TEST(the_operator_says_how_many_refusals_are_told)
{
    const char *text = written(log_a_flood_at_a_rate_of_three);
    ck_assert_uint_eq(count_lines(text), 3 + 2);
    ck_assert_ptr_nonnull(strstr(text, "997 more refusals were not logged"));
}
END_TEST

static void log_refusals_at_extreme_rates(void)
{
    log_set_refusal_rate(0);
    log_a_flood();
    log_set_refusal_rate(UINT32_MAX);
    struct verdict verdict = {.reason = REASON_SITE_MISMATCH};
    log_refusal(&verdict, "storefront", start_ns + UINT64_C(20000000000));
}

START_TEST(a_rate_out_of_range_is_the_next_one_within)
{
    ck_assert_uint_eq(count_lines(written(log_refusals_at_extreme_rates)), 1 + 2 + 1);
}
END_TEST

static void log_what_others_can_provoke(void)
{
    for (int i = 0; i < 1000; i++)
        log_event(LOG_EVENT_OUT_OF_ROOM, "no room for %d", i);
    log_event(LOG_EVENT_SHARE_USED_UP, "another event");
}

START_TEST(an_event_that_others_can_provoke_is_told_once_a_second)
{
    const char *text = written(log_what_others_can_provoke);
    ck_assert_uint_ge(count_lines(text), 2);
    ck_assert_uint_le(count_lines(text), 10); /* a second or more may pass on a slow machine */
    ck_assert_int_eq(strncmp(text, "stkgate: no room for 0\n", 23), 0);
    ck_assert_ptr_nonnull(strstr(text, "stkgate: another event\n"));
}
END_TEST

static void log_what_only_the_operator_causes(void)
{
    for (int i = 0; i < 20; i++)
        log_event(LOG_EVENT_CONFIG_REFUSED, "mistake %d: " SECRET, i);
}

START_TEST(an_event_of_the_operators_is_always_told)
{
    const char *text = written(log_what_only_the_operator_causes);
    ck_assert_uint_eq(count_lines(text), 20);
    ck_assert_ptr_nonnull(strstr(text, "stkgate: mistake 19: " MASKED "\n"));
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
           last_words_are_a_line_on_stderr_also_where_that_is_the_journal,
           drops_what_is_above_the_maximum, a_flood_of_refusals_is_counted_not_told,
           the_operator_says_how_many_refusals_are_told, a_rate_out_of_range_is_the_next_one_within,
           an_event_that_others_can_provoke_is_told_once_a_second,
           an_event_of_the_operators_is_always_told, a_change_says_who_what_and_why)
