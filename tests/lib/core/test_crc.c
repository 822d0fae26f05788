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

SUITE_MAIN("crc", gives_zlibs_values, of_no_bytes_is_zero)
