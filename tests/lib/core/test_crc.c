#include "lib/core/crc.h"
#include "tests/suite.h"
#include "tests/vectors.h"

START_TEST(gives_zlibs_values)
{
    struct vectors v;
    for (vectors_open(&v, "crc.txt", 2); vectors_next(&v);) {
        uint32_t expected = (uint32_t)strtoul(v.fields[1].data, NULL, 16);
        ck_assert_uint_eq(crc32_of(v.fields[0].data, v.fields[0].len), expected);
    }
}
END_TEST

START_TEST(of_no_bytes_is_zero)
{
    ck_assert_uint_eq(crc32_of(NULL, 0), 0);
}
END_TEST

/* Bit by bit, as the polynomial is defined. */
static uint32_t crc_by_bits(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
    }
    return ~crc;
}

/* Short texts and long ones go different ways. */
START_TEST(is_the_polynomials_for_each_length)
{
    uint8_t bytes[200];
    uint32_t state = 1;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (int round = 0; round < 20; round++) {
            uint8_t *block = malloc(len + 1);
            ck_assert_ptr_nonnull(block);
            for (size_t i = 0; i < len; i++) {
                state = state * 1664525 + 1013904223;
                block[i] = (uint8_t)(state >> 24);
            }
            ck_assert_uint_eq(crc32_of(block, len), crc_by_bits(block, len));
            free(block);
        }
        /* Each bit counts, wherever it is. */
        for (size_t bit = 0; bit < 8 * len; bit++) {
            memset(bytes, 0, len);
            bytes[bit / 8] = (uint8_t)(1u << bit % 8);
            ck_assert_uint_eq(crc32_of(bytes, len), crc_by_bits(bytes, len));
        }
    }
}
END_TEST

SUITE_MAIN("crc", gives_zlibs_values, of_no_bytes_is_zero, is_the_polynomials_for_each_length)
