#include "daemon/store/usage.h"

#include <errno.h>

#include "tests/suite.h"

static const struct usage sample = {
    .allowed = UINT64_MAX,
    .refused = 2,
    .last_used_at = INT64_C(1700000000),
    .debt_ns = UINT64_C(1) << 61,
    .saved_at_ns = -3,
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

SUITE_MAIN("usage", reads_back_what_it_wrote, refuses_each_flipped_bit_and_each_cut)
