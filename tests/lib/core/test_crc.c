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

/* Each half of each byte alone makes each number of the table; some of all kinds make sure of the
 * rest. */
START_TEST(of_30_bytes_is_the_same)
{
    uint8_t bytes[30] = {0};
    uint32_t random = 1;

    ck_assert_uint_eq(crc32_of_30(bytes), crc32_of(bytes, sizeof bytes));
    for (unsigned i = 0; i < 30; i++) {
        for (unsigned value = 0; value < 256; value++) {
            bytes[i] = (uint8_t)value;
            ck_assert_uint_eq(crc32_of_30(bytes), crc32_of(bytes, sizeof bytes));
        }
        bytes[i] = 0;
    }
    for (unsigned round = 0; round < 1000; round++) {
        for (unsigned i = 0; i < 30; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        ck_assert_uint_eq(crc32_of_30(bytes), crc32_of(bytes, sizeof bytes));
    }
}
END_TEST

SUITE_MAIN("crc", gives_zlibs_values, of_no_bytes_is_zero, of_30_bytes_is_the_same)
