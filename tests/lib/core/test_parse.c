#include "lib/core/token.h"
#include "tests/suite.h"
#include "tests/vectors.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char token[] = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";

/* Both ways, which must say the same, and in memory that ends where the text does. */
static enum kind parse(struct text t)
{
    char *exact = malloc(t.len + 1);
    ck_assert_ptr_nonnull(exact);
    if (t.len > 0)
        memcpy(exact + 1, t.data, t.len);
    struct text moved = {t.len > 0 ? exact + 1 : NULL, t.len};
    enum kind kind = token_parse(moved);
    ck_assert_int_eq(token_parse_anywhere(moved), kind);
    free(exact);
    return kind;
}

START_TEST(takes_both_kinds)
{
    char test[TOKEN_LEN + 1];
    memcpy(test, token, sizeof test);
    memcpy(test, "stk_test", 8);
    ck_assert_int_eq(parse(text_of(token)), KIND_LIVE);
    ck_assert_int_eq(parse(text_of(test)), KIND_TEST);
}
END_TEST

START_TEST(refuses_what_is_no_token)
{
    struct vectors v;
    for (vectors_open(&v, "token-malformed.txt", 2); vectors_next(&v);)
        ck_assert_msg(parse(v.fields[0]) == KIND_NONE, "%s", v.fields[1].data);
    ck_assert_int_eq(parse((struct text){NULL, 0}), KIND_NONE);
}
END_TEST

START_TEST(refuses_each_other_length)
{
    char longer[2 * TOKEN_LEN];
    memcpy(longer, token, TOKEN_LEN);
    memcpy(longer + TOKEN_LEN, token, TOKEN_LEN);
    for (size_t len = 0; len <= sizeof longer; len++)
        ck_assert((parse((struct text){longer, len}) != KIND_NONE) == (len == TOKEN_LEN));
}
END_TEST

START_TEST(finds_each_single_typing_error)
{
    for (size_t at = 0; at < TOKEN_LEN; at++) {
        for (unsigned c = 0; c < 256; c++) {
            char typed[TOKEN_LEN];
            memcpy(typed, token, TOKEN_LEN);
            typed[at] = (char)c;
            bool right = memcmp(typed, token, TOKEN_LEN) == 0;
            ck_assert((parse((struct text){typed, TOKEN_LEN}) != KIND_NONE) == right);
        }
    }
}
END_TEST

static void spell(uint64_t number, char ret[static TOKEN_CHECKSUM_LEN])
{
    for (size_t i = TOKEN_CHECKSUM_LEN; i > 0; i--, number /= 62)
        ret[i - 1] = base62[number % 62];
}

static uint64_t number_of(const char checksum[static TOKEN_CHECKSUM_LEN])
{
    uint64_t number = 0;
    for (size_t i = 0; i < TOKEN_CHECKSUM_LEN; i++)
        number = number * 62 + (uint64_t)(strchr(base62, checksum[i]) - base62);
    return number;
}

/* 62^6 is more than 13 * 2^32: such checksums would give a token other spellings. */
START_TEST(refuses_a_checksum_that_is_right_but_for_what_a_crc_has_no_bits_for)
{
    const char *checksum = token + TOKEN_LEN - TOKEN_CHECKSUM_LEN;
    char spelt[TOKEN_LEN];
    memcpy(spelt, token, sizeof spelt);
    spell(number_of(checksum), spelt + TOKEN_LEN - TOKEN_CHECKSUM_LEN);
    ck_assert_int_eq(parse((struct text){spelt, TOKEN_LEN}), KIND_LIVE);
    for (uint64_t more = 1; more <= 12; more++) {
        spell(number_of(checksum) + (more << 32), spelt + TOKEN_LEN - TOKEN_CHECKSUM_LEN);
        ck_assert_int_eq(parse((struct text){spelt, TOKEN_LEN}), KIND_NONE);
    }
}
END_TEST

/* Its checksum is right, and all that is wrong is a character, in whichever place. */
START_TEST(refuses_other_characters_though_the_checksum_is_of_them)
{
    static const char others[] = "/:@[`{-_ \t\n+\x00\x7f\x80\xff\xb0\xc1";
    for (size_t at = 0; at < TOKEN_RANDOM_LEN; at++) {
        for (size_t i = 0; i < sizeof others - 1; i++) {
            char text[TOKEN_LEN];
            char *random = text + TOKEN_PREFIX_LEN;
            memcpy(text, token, sizeof text);
            random[at] = others[i];
            token_checksum(random, random + TOKEN_RANDOM_LEN);
            ck_assert_int_eq(parse((struct text){text, TOKEN_LEN}), KIND_NONE);
            random[at] = 'x';
            token_checksum(random, random + TOKEN_RANDOM_LEN);
            ck_assert_int_eq(parse((struct text){text, TOKEN_LEN}), KIND_LIVE);
        }
    }
}
END_TEST

/* Nor one that is wrong by a bit, or by what of a multiple of the polynomial 32 bits have. */
START_TEST(takes_each_token_with_its_checksum_and_no_other)
{
    uint32_t state = 1;
    for (unsigned round = 0; round < 20000; round++) {
        char text[TOKEN_LEN];
        memcpy(text, token, sizeof text);
        for (size_t i = 0; i < TOKEN_RANDOM_LEN; i++) {
            state = state * 1664525 + 1013904223;
            text[TOKEN_PREFIX_LEN + i] = base62[(state >> 16) % 62];
        }
        char *checksum = text + TOKEN_LEN - TOKEN_CHECKSUM_LEN;
        token_checksum(text + TOKEN_PREFIX_LEN, checksum);
        ck_assert_int_eq(parse((struct text){text, TOKEN_LEN}), KIND_LIVE);
        uint64_t right = number_of(checksum);
        spell(right ^ (UINT64_C(1) << round % 32), checksum);
        ck_assert_int_eq(parse((struct text){text, TOKEN_LEN}), KIND_NONE);
        spell(right ^ (UINT32_C(0xDB710641) << round % 32), checksum);
        ck_assert_int_eq(parse((struct text){text, TOKEN_LEN}), KIND_NONE);
    }
}
END_TEST

SUITE_MAIN("parse", takes_both_kinds, refuses_what_is_no_token, refuses_each_other_length,
           finds_each_single_typing_error,
           refuses_a_checksum_that_is_right_but_for_what_a_crc_has_no_bits_for,
           refuses_other_characters_though_the_checksum_is_of_them,
           takes_each_token_with_its_checksum_and_no_other)
