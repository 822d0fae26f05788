#include "lib/core/universal.h"
#include "tests/suite.h"
#include "tests/vectors.h"

static struct universal_key key;

static void begin(void)
{
    for (unsigned i = 0; i < UNIVERSAL_WORDS; i++) {
        key.lower[i] = (i + 1) * UINT64_C(0x0123456789abcdef);
        key.upper[i] = (i + 1) * UINT64_C(0xfedcba9876543210);
    }
}

static bool same(struct universal a, struct universal b)
{
    return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

START_TEST(is_the_sum_of_products_modulo_the_prime)
{
    struct vectors v;

    begin();
    for (vectors_open(&v, "universal.txt", 2); vectors_next(&v);) {
        char text[33];
        ck_assert_uint_eq(v.fields[0].len, TOKEN_LEN);
        struct universal hash = universal_of(&key, v.fields[0].data);
        snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)hash.words[1],
                 (unsigned long long)hash.words[0]);
        ck_assert_str_eq(text, v.fields[1].data);
    }
}
END_TEST

START_TEST(depends_on_each_bit_of_the_text)
{
    char token[TOKEN_LEN];

    begin();
    memset(token, 'x', sizeof token);
    struct universal hash = universal_of(&key, token);
    for (size_t bit = 0; bit < 8 * sizeof token; bit++) {
        token[bit / 8] ^= (char)(1 << bit % 8);
        ck_assert(!same(universal_of(&key, token), hash));
        token[bit / 8] ^= (char)(1 << bit % 8);
    }
    ck_assert(same(universal_of(&key, token), hash));
}
END_TEST

static void each_bit_counts(uint64_t *words, const char *token, struct universal hash)
{
    for (unsigned bit = 0; bit < 64 * UNIVERSAL_WORDS; bit++) {
        words[bit / 64] ^= UINT64_C(1) << (bit % 64);
        /* The four highest bits of each word are not used. */
        ck_assert_int_eq(same(universal_of(&key, token), hash), bit % 64 >= 60);
        words[bit / 64] ^= UINT64_C(1) << (bit % 64);
    }
}

START_TEST(depends_on_each_bit_of_the_key)
{
    char token[TOKEN_LEN];

    begin();
    memset(token, 'x', sizeof token);
    struct universal hash = universal_of(&key, token);
    each_bit_counts(key.lower, token, hash);
    each_bit_counts(key.upper, token, hash);
}
END_TEST

/* The largest sums that there are: nothing is lost. Modulo 2^127 - 1, six times 2^64 - 1 times
 * 2^120 - 1. */
START_TEST(has_room_for_the_largest_numbers)
{
    char token[TOKEN_LEN];

    memset(&key, 0xff, sizeof key);
    memset(token, 0xff, sizeof token);
    struct universal hash = universal_of(&key, token);
    ck_assert_uint_eq(hash.words[1], UINT64_C(0x79fffffffffffffa));
    ck_assert_uint_eq(hash.words[0], UINT64_C(0x0c00000000000005));
}
END_TEST

SUITE_MAIN("universal", is_the_sum_of_products_modulo_the_prime, depends_on_each_bit_of_the_text,
           depends_on_each_bit_of_the_key, has_room_for_the_largest_numbers)
