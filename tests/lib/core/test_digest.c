#include "lib/core/digest.h"

#include "tests/suite.h"
#include "tests/vectors.h"

static void digest_from_hex(const char *hex, uint8_t ret[static DIGEST_BYTES])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

START_TEST(gives_the_standards_values)
{
    struct vectors v;
    for (vectors_open(&v, "digest.txt", 2); vectors_next(&v);) {
        uint8_t expected[DIGEST_BYTES], digest[DIGEST_BYTES];
        digest_from_hex(v.fields[1].data, expected);
        digest_token(v.fields[0], digest);
        ck_assert_mem_eq(digest, expected, DIGEST_BYTES);
    }
}
END_TEST

START_TEST(a_legacy_key_never_stands_for_a_token)
{
    uint8_t as_token[DIGEST_BYTES], as_legacy[DIGEST_BYTES], prefixed[DIGEST_BYTES];
    digest_token(TEXT("kasa-2019-key-00"), as_token);
    digest_legacy(TEXT("kasa-2019-key-00"), as_legacy);
    ck_assert(!digest_equal(as_token, as_legacy));
    digest_token(TEXT("stkgate legacy key\0kasa-2019-key-00"), prefixed);
    ck_assert(digest_equal(prefixed, as_legacy));
}
END_TEST

START_TEST(each_bit_of_a_digest_counts)
{
    uint8_t a[DIGEST_BYTES] = {0}, b[DIGEST_BYTES] = {0};
    ck_assert(digest_equal(a, b));
    for (size_t bit = 0; bit < DIGEST_BYTES * 8; bit++) {
        b[bit / 8] = (uint8_t)(1u << bit % 8);
        ck_assert(!digest_equal(a, b));
        b[bit / 8] = 0;
    }
}
END_TEST

SUITE_MAIN("digest", gives_the_standards_values, a_legacy_key_never_stands_for_a_token,
           each_bit_of_a_digest_counts)
