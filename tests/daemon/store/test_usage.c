#include "daemon/store/usage.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"
#include "tests/suite.h"

static const struct usage sample = {
    .allowed = UINT64_MAX,
    .refused = 2,
    .last_used_at = INT64_C(1700000000),
    .debt_ns = UINT64_C(1) << 61,
    .saved_at_ns = -3,
    .interval_ns = UINT64_C(1) << 40,
    .burst = UINT64_C(1) << 21,
};

START_TEST(reads_back_what_it_wrote)
{
    uint8_t bytes[USAGE_BYTES];
    usage_encode(&sample, bytes);
    struct usage read;
    ck_assert_int_eq(usage_decode(bytes, sizeof bytes, &read), 0);
    ck_assert_uint_eq(read.allowed, sample.allowed);
    ck_assert_uint_eq(read.refused, sample.refused);
    ck_assert_int_eq(read.last_used_at, sample.last_used_at);
    ck_assert_uint_eq(read.debt_ns, sample.debt_ns);
    ck_assert_int_eq(read.saved_at_ns, sample.saved_at_ns);
    ck_assert_uint_eq(read.interval_ns, sample.interval_ns);
    ck_assert_uint_eq(read.burst, sample.burst);
}
END_TEST

START_TEST(refuses_each_flipped_bit_and_each_cut)
{
    uint8_t bytes[USAGE_BYTES + 1] = {0};
    usage_encode(&sample, bytes);
    struct usage read = {.allowed = 5};
    for (size_t bit = 0; bit < USAGE_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(usage_decode(bytes, USAGE_BYTES, &read), -EBADMSG);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < USAGE_BYTES; cut++)
        ck_assert_int_eq(usage_decode(bytes, cut, &read), -EBADMSG);
    ck_assert_int_eq(usage_decode(bytes, USAGE_BYTES + 1, &read), -EBADMSG);
    ck_assert_uint_eq(read.allowed, 5); /* untouched */
}
END_TEST

START_TEST(reads_version_1_which_knew_no_limit)
{
    uint8_t bytes[USAGE_BYTES];
    usage_encode(&sample, bytes);
    bytes[0] = 1;
    struct writer crc;
    writer_init(&crc, bytes + 1, 4);
    writer_u32(&crc, crc32_of(bytes + 5, 40));
    struct usage read;
    ck_assert_int_eq(usage_decode(bytes, 5 + 40, &read), 0);
    ck_assert_uint_eq(read.debt_ns, sample.debt_ns);
    ck_assert_uint_eq(read.burst, 0);
    ck_assert_uint_eq(read.interval_ns, 0);
}
END_TEST

START_TEST(refuses_a_limit_that_rate_can_not_count_with)
{
    static const struct {
        uint64_t interval_ns, burst;
        int expected;
    } rows[] = {
        {0, 0, 0},
        {0, 1, -EBADMSG},
        {1, 0, -EBADMSG},
        {RATE_TAU_MAX_NS, 1, 0},
        {RATE_TAU_MAX_NS, 2, -EBADMSG},
        {UINT64_C(1) << 32, UINT64_C(1) << 32, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct usage usage = sample, read;
        uint8_t bytes[USAGE_BYTES];
        usage.interval_ns = rows[i].interval_ns;
        usage.burst = rows[i].burst;
        usage_encode(&usage, bytes);
        ck_assert_int_eq(usage_decode(bytes, sizeof bytes, &read), rows[i].expected);
    }
}
END_TEST

SUITE_MAIN("usage", reads_back_what_it_wrote, reads_version_1_which_knew_no_limit,
           refuses_a_limit_that_rate_can_not_count_with, refuses_each_flipped_bit_and_each_cut)
