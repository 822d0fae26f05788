#include "lib/core/siphash.h"
#include "tests/suite.h"
#include "tests/vectors.h"

static const struct siphash_key key = {
    {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

START_TEST(gives_the_standards_values)
{
    struct vectors v;
    uint8_t bytes[64];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (vectors_open(&v, "siphash.txt", 2); vectors_next(&v);) {
        char text[33] = "";
        size_t len = strtoul(v.fields[0].data, NULL, 10);
        ck_assert_uint_le(len, sizeof bytes);
        struct siphash hash = siphash_of(&key, bytes, len);
        for (unsigned i = 0; i < 16; i++)
            snprintf(text + (size_t)2 * i, 3, "%02x",
                     (unsigned)(hash.words[i / 8] >> (i % 8 * 8) & 0xff));
        ck_assert_str_eq(text, v.fields[1].data);
    }
}
END_TEST

START_TEST(depends_on_all_of_the_key)
{
    struct siphash hash = siphash_of(&key, "text", 4);

    for (unsigned bit = 0; bit < 128; bit++) {
        struct siphash_key other = key;
        other.words[bit / 64] ^= UINT64_C(1) << (bit % 64);
        struct siphash of_other = siphash_of(&other, "text", 4);
        ck_assert(of_other.words[0] != hash.words[0] && of_other.words[1] != hash.words[1]);
    }
}
END_TEST

SUITE_MAIN("siphash", gives_the_standards_values, depends_on_all_of_the_key)
