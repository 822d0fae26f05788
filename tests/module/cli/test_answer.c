#include "module/cli/answer.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/suite.h"

static char printed[8192];

static void print(const struct stkgate_verdict *verdict, struct answer_form form)
{
    FILE *file = tmpfile();
    fflush(stdout);
    int old_out = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    int r = answer_print(NULL, verdict, form);
    fflush(stdout);
    dup2(old_out, STDOUT_FILENO);
    close(old_out);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
    ck_assert_int_eq(r, 0);
}

static struct stkgate_verdict verdict_of(uint32_t status, uint32_t reason)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    verdict.status = status;
    verdict.reason = reason;
    return verdict;
}

static struct stkgate_verdict known(uint32_t status, uint32_t reason)
{
    struct stkgate_verdict verdict = verdict_of(status, reason);
    verdict.kind = STKGATE_KIND_LIVE;
    verdict.limit = verdict.burst = 60;
    verdict.window_ns = UINT64_C(60000000000);
    verdict.remaining = 59;
    verdict.reset_ns = 1;
    strcpy(verdict.key_id, "key_4tGvQ2mZx8LrB1sN");
    strcpy(verdict.site, "kasa");
    return verdict;
}

static const struct answer_form words = {0}, json = {.json = true};

START_TEST(says_who_passes_and_what_is_left)
{
    struct stkgate_verdict verdict = known(200, STKGATE_OK);
    print(&verdict, words);
    ck_assert_str_eq(printed, "200 ok kind=live key_id=key_4tGvQ2mZx8LrB1sN site=kasa "
                              "remaining=59/60 reset=1s\n");
}
END_TEST

START_TEST(says_when_to_come_back)
{
    struct stkgate_verdict verdict = known(429, STKGATE_RATE_LIMITED);
    verdict.remaining = 0;
    verdict.reset_ns = verdict.retry_after_ns = 1500000000;
    print(&verdict, words);
    ck_assert_str_eq(printed, "429 rate_limited kind=live key_id=key_4tGvQ2mZx8LrB1sN site=kasa "
                              "remaining=0/60 reset=2s retry_after=2s\n");
}
END_TEST

START_TEST(says_little_of_an_unknown_token)
{
    struct stkgate_verdict verdict = verdict_of(401, STKGATE_UNKNOWN_TOKEN);
    print(&verdict, words);
    ck_assert_str_eq(printed, "401 unknown_token\n");
}
END_TEST

START_TEST(says_when_a_legacy_key_ends)
{
    struct stkgate_verdict verdict = known(401, STKGATE_LEGACY_SUNSET);
    verdict.kind = STKGATE_KIND_LEGACY;
    verdict.deprecation = 1688169599;
    verdict.sunset = 1719791999;
    print(&verdict, words);
    ck_assert_str_eq(printed, "401 legacy_sunset kind=legacy key_id=key_4tGvQ2mZx8LrB1sN site=kasa "
                              "deprecation=2023-06-30T23:59:59Z sunset=2024-06-30T23:59:59Z\n");
}
END_TEST

START_TEST(prints_an_object_with_every_member)
{
    struct stkgate_verdict verdict = known(200, STKGATE_OK);
    print(&verdict, json);
    ck_assert_str_eq(printed,
                     "{\"status\":200,\"reason\":\"ok\",\"kind\":\"live\",\"key_id\":"
                     "\"key_4tGvQ2mZx8LrB1sN\",\"site_id\":\"kasa\",\"limit\":60,"
                     "\"window_seconds\":60,\"burst\":60,\"remaining\":59,\"reset_seconds\":1,"
                     "\"retry_after_seconds\":0,\"deprecation_at\":null,\"sunset_at\":null,"
                     "\"link\":null}\n");
    verdict = verdict_of(401, STKGATE_MISSING_TOKEN);
    print(&verdict, json);
    ck_assert_str_eq(printed,
                     "{\"status\":401,\"reason\":\"missing_token\",\"kind\":\"none\",\"key_id\":"
                     "null,\"site_id\":null,\"limit\":0,\"window_seconds\":0,\"burst\":0,"
                     "\"remaining\":0,\"reset_seconds\":0,\"retry_after_seconds\":0,"
                     "\"deprecation_at\":null,\"sunset_at\":null,\"link\":null}\n");
}
END_TEST

START_TEST(prints_the_largest_numbers)
{
    struct stkgate_verdict verdict = known(200, STKGATE_OK);
    verdict.limit = verdict.burst = verdict.remaining = UINT64_MAX;
    verdict.reset_ns = UINT64_MAX;
    verdict.window_ns = 500000000;
    verdict.sunset = INT64_MAX; /* a year that no calendar holds */
    print(&verdict, json);
    ck_assert_ptr_nonnull(strstr(printed, "\"limit\":9223372036854775807,\"window_seconds\":0.5,"));
    ck_assert_ptr_nonnull(strstr(printed, "\"reset_seconds\":18446744074,"));
    ck_assert_ptr_nonnull(strstr(printed, "\"sunset_at\":null"));
}
END_TEST

START_TEST(never_sends_a_terminal_what_it_would_obey)
{
    struct stkgate_verdict verdict = known(200, STKGATE_OK);
    strcpy(verdict.key_id, "\033[2J\x9b");
    strcpy(verdict.site, "a\nb");
    print(&verdict, words);
    ck_assert_ptr_nonnull(strstr(printed, "key_id=?[2J? site=a?b "));
    strcpy(verdict.key_id, "\033[2J");
    print(&verdict, json);
    ck_assert_ptr_nonnull(strstr(printed, "\"key_id\":\"\\u001B[2J\",\"site_id\":\"a\\nb\""));
}
END_TEST

SUITE_MAIN("answer", says_who_passes_and_what_is_left, says_when_to_come_back,
           says_little_of_an_unknown_token, says_when_a_legacy_key_ends,
           prints_an_object_with_every_member, prints_the_largest_numbers,
           never_sends_a_terminal_what_it_would_obey)
