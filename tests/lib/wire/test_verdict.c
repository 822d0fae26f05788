#include "tests/lib/wire/golden.h"

#include "lib/core/moment.h"
#include "tests/suite.h"

/* Where in the frame things stand. */
enum { AT_REASON = 16, AT_KIND = 17 };

static int read_verdict(struct frame *frame)
{
    struct verdict verdict;
    uint64_t generation;
    return verdict_read(frame, &generation, &verdict);
}

static struct verdict full_verdict(void)
{
    return (struct verdict){
        .reason = REASON_RATE_LIMITED,
        .kind = KIND_LEGACY,
        .scopes = 15,
        .needed = 2,
        .limit = 60,
        .window_ns = UINT64_C(60000000000),
        .burst = 61,
        .remaining = 0,
        .reset_ns = UINT64_C(1000000001),
        .retry_ns = UINT64_C(1000000002),
        .next_ns = UINT64_C(1000000003),
        .deprecation_at = 1688169599,
        .sunset_at = 1719791999,
        .key_id = "key_0123456789ABCDEF",
        .site = "kasa",
        .link = "https://docs.example/tokens",
    };
}

static int read_back(const struct verdict *verdict, struct verdict *ret)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct frame frame;
    uint64_t generation;
    size_t len = verdict_write(buffer, VERDICT_FRAME_MAX, 4, UINT64_MAX, verdict);
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(frame_open(buffer, len, &frame), 0);
    int r = verdict_read(&frame, &generation, ret);
    ck_assert(r < 0 || generation == UINT64_MAX);
    return r;
}

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct verdict verdict = full_verdict();
    golden_expect("verdict", buffer, verdict_write(buffer, sizeof buffer, 4, 0x99, &verdict));
    verdict_init(&verdict);
    golden_expect("verdict-unavailable", buffer,
                  verdict_write(buffer, sizeof buffer, 5, 0x99, &verdict));
}
END_TEST

START_TEST(reads_what_was_written)
{
    struct verdict verdict = full_verdict();
    struct verdict got = {0};
    ck_assert_int_eq(read_back(&verdict, &got), 0);
    ck_assert_int_eq(got.reason, verdict.reason);
    ck_assert_int_eq(got.kind, verdict.kind);
    ck_assert_uint_eq(got.scopes, verdict.scopes);
    ck_assert_uint_eq(got.needed, verdict.needed);
    ck_assert_uint_eq(got.limit, verdict.limit);
    ck_assert_uint_eq(got.window_ns, verdict.window_ns);
    ck_assert_uint_eq(got.burst, verdict.burst);
    ck_assert_uint_eq(got.remaining, verdict.remaining);
    ck_assert_uint_eq(got.reset_ns, verdict.reset_ns);
    ck_assert_uint_eq(got.retry_ns, verdict.retry_ns);
    ck_assert_uint_eq(got.next_ns, verdict.next_ns);
    ck_assert_int_eq(got.deprecation_at, verdict.deprecation_at);
    ck_assert_int_eq(got.sunset_at, verdict.sunset_at);
    ck_assert_str_eq(got.key_id, verdict.key_id);
    ck_assert_str_eq(got.site, verdict.site);
    ck_assert_str_eq(got.link, verdict.link);
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    const char *const names[] = {"verdict", "verdict-unavailable"};
    for (size_t i = 0; i < 2; i++) {
        struct golden golden;
        golden_load(names[i], &golden);
        golden_refuse_every_truncation(&golden, read_verdict);
        golden_refuse_every_extension(&golden, read_verdict);
        golden_refuse_other_types(&golden, read_verdict);
        golden_survive_every_byte(&golden, read_verdict);
    }
}
END_TEST

START_TEST(refuses_reasons_and_kinds_that_there_are_not)
{
    struct golden golden;
    golden_load("verdict", &golden);
    for (unsigned reason = REASON_COUNT; reason < 256; reason++)
        golden_refuse_with(&golden, AT_REASON, (uint8_t)reason, read_verdict);
    for (unsigned kind = KIND_LEGACY + 1; kind < 256; kind++)
        golden_refuse_with(&golden, AT_KIND, (uint8_t)kind, read_verdict);
}
END_TEST

START_TEST(refuses_moments_that_no_header_can_name)
{
    const int64_t moments[] = {-1, INT64_MIN, MOMENT_MAX_S + 1, INT64_MAX};
    struct verdict got;
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct verdict verdict = full_verdict();
        verdict.deprecation_at = moments[i];
        ck_assert_int_eq(read_back(&verdict, &got), -EBADMSG);
        verdict = full_verdict();
        verdict.sunset_at = moments[i];
        ck_assert_int_eq(read_back(&verdict, &got), -EBADMSG);
    }
    struct verdict verdict = full_verdict();
    verdict.sunset_at = MOMENT_MAX_S;
    ck_assert_int_eq(read_back(&verdict, &got), 0);
}
END_TEST

START_TEST(refuses_texts_that_could_break_a_header_or_a_log_line)
{
    struct verdict verdict = full_verdict();
    struct verdict got;
    strcpy(verdict.link, "https://docs.example/\r\nSet-Cookie: a=b");
    ck_assert_int_eq(read_back(&verdict, &got), -EBADMSG);
    verdict = full_verdict();
    strcpy(verdict.site, "ka\nsa");
    ck_assert_int_eq(read_back(&verdict, &got), -EBADMSG);
    verdict = full_verdict();
    strcpy(verdict.key_id, "key_0123456789ABCDE");
    ck_assert_int_eq(read_back(&verdict, &got), -EBADMSG);
}
END_TEST

START_TEST(fits_whatever_a_record_holds)
{
    struct verdict verdict = full_verdict();
    struct verdict got;
    memset(verdict.site, 's', SITE_MAX);
    memset(verdict.link, 'l', LINK_MAX_LEN);
    memcpy(verdict.link, "https://", 8);
    ck_assert_int_eq(read_back(&verdict, &got), 0);
    ck_assert_uint_eq(strlen(got.site), SITE_MAX);
    ck_assert_uint_eq(strlen(got.link), LINK_MAX_LEN);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct verdict verdict = full_verdict();
    size_t len = verdict_write(buffer, sizeof buffer, 1, 1, &verdict);
    for (size_t capacity = 0; capacity < len; capacity++)
        ck_assert_uint_eq(verdict_write(buffer, capacity, 1, 1, &verdict), 0);
}
END_TEST

SUITE_MAIN("verdict", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame, refuses_reasons_and_kinds_that_there_are_not,
           refuses_moments_that_no_header_can_name,
           refuses_texts_that_could_break_a_header_or_a_log_line, fits_whatever_a_record_holds,
           has_no_length_when_it_does_not_fit)
