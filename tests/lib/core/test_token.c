#include "lib/core/token.h"

#include <errno.h>

#include "tests/suite.h"
#include "tests/vectors.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* A source of randomness that gives what it is told, and fails when it has given all. */
struct script {
    uint8_t bytes[1024];
    size_t len, at;
    unsigned draws;
    int error_at_end;
};

static int script_random(void *bytes, size_t len, void *userdata)
{
    struct script *script = userdata;
    script->draws++;
    if (script->len - script->at < len)
        return script->error_at_end;
    memcpy(bytes, script->bytes + script->at, len);
    script->at += len;
    return 0;
}

/* All byte values in order, again and again. */
static int counting_random(void *bytes, size_t len, void *userdata)
{
    uint8_t *next = userdata, *out = bytes;
    for (size_t i = 0; i < len; i++)
        out[i] = (*next)++;
    return 0;
}

START_TEST(knows_the_standards_checksums)
{
    struct vectors v;
    for (vectors_open(&v, "token-checksum.txt", 2); vectors_next(&v);) {
        char checksum[TOKEN_CHECKSUM_LEN], text[TOKEN_LEN + 1];
        ck_assert_uint_eq(v.fields[0].len, TOKEN_RANDOM_LEN);
        token_checksum(v.fields[0].data, checksum);
        ck_assert_mem_eq(checksum, v.fields[1].data, TOKEN_CHECKSUM_LEN);
        snprintf(text, sizeof text, "stk_live_%s%s", v.fields[0].data, v.fields[1].data);
        ck_assert_int_eq(token_parse(text_of(text)), KIND_LIVE);
        snprintf(text, sizeof text, "stk_test_%s%s", v.fields[0].data, v.fields[1].data);
        ck_assert_int_eq(token_parse(text_of(text)), KIND_TEST);
    }
}
END_TEST

START_TEST(makes_tokens_that_it_takes)
{
    for (unsigned start = 0; start < 256; start++) {
        uint8_t next = (uint8_t)start;
        char live[TOKEN_LEN + 1], test[TOKEN_LEN + 1], key_id[KEY_ID_LEN + 1];
        ck_assert_int_eq(token_generate(KIND_LIVE, counting_random, &next, live), 0);
        ck_assert_int_eq(token_generate(KIND_TEST, counting_random, &next, test), 0);
        ck_assert_int_eq(key_id_generate(counting_random, &next, key_id), 0);
        ck_assert_uint_eq(strlen(live), TOKEN_LEN);
        ck_assert_int_eq(token_parse(text_of(live)), KIND_LIVE);
        ck_assert_int_eq(token_parse(text_of(test)), KIND_TEST);
        ck_assert(key_id_is_valid(text_of(key_id)));
    }
}
END_TEST

START_TEST(makes_no_other_kinds)
{
    uint8_t next = 0;
    char token[TOKEN_LEN + 1] = "untouched";
    ck_assert_int_eq(token_generate(KIND_NONE, counting_random, &next, token), -EINVAL);
    ck_assert_int_eq(token_generate(KIND_LEGACY, counting_random, &next, token), -EINVAL);
    ck_assert_str_eq(token, "untouched");
}
END_TEST

START_TEST(discards_bytes_of_248_and_above)
{
    struct script script = {.error_at_end = -EIO};
    /* Each character's byte with four rejected ones around it, in the first round 0 to 29 and then
     * the same characters from 186 to 215: both must give the same text. */
    for (unsigned round = 0; round < 2; round++) {
        memset(script.bytes, 0xff, sizeof script.bytes);
        script.bytes[0] = 248;
        for (unsigned i = 0; i < TOKEN_RANDOM_LEN; i++)
            script.bytes[5 * i + 2] = (uint8_t)(i + 186 * round);
        script.len = sizeof script.bytes;
        script.at = 0;
        char token[TOKEN_LEN + 1];
        ck_assert_int_eq(token_generate(KIND_LIVE, script_random, &script, token), 0);
        ck_assert_mem_eq(token + TOKEN_PREFIX_LEN, base62, TOKEN_RANDOM_LEN);
    }
}
END_TEST

START_TEST(the_highest_byte_taken_is_247)
{
    struct script script = {.len = sizeof script.bytes};
    memset(script.bytes, 248, sizeof script.bytes);
    script.bytes[7] = 247;
    script.bytes[9] = 0;
    char out[2];
    ck_assert_int_eq(token_random_base62(script_random, &script, out, sizeof out), 0);
    ck_assert_mem_eq(out, "z0", 2);
}
END_TEST

START_TEST(draws_each_character_equally_often)
{
    /* A whole number of times through all 256 bytes: exactly 4 * rounds of each of the 62. */
    enum { ROUNDS = 16, COUNT = ROUNDS * 4 * 62 };
    static char out[COUNT];
    unsigned seen[256] = {0};
    uint8_t next = 0;
    ck_assert_int_eq(token_random_base62(counting_random, &next, out, sizeof out), 0);
    for (size_t i = 0; i < sizeof out; i++)
        seen[(uint8_t)out[i]]++;
    for (size_t i = 0; i < 62; i++)
        ck_assert_uint_eq(seen[(uint8_t)base62[i]], 4 * ROUNDS);
}
END_TEST

START_TEST(a_failing_source_leaves_no_part_of_a_secret)
{
    struct script script = {.len = 64, .error_at_end = -EIO};
    memset(script.bytes, 1, 64);
    char out[100];
    memset(out, 'x', sizeof out);
    ck_assert_int_eq(token_random_base62(script_random, &script, out, sizeof out), -EIO);
    for (size_t i = 0; i < sizeof out; i++)
        ck_assert_int_eq(out[i], 0);

    script = (struct script){.error_at_end = -ENOSYS};
    char token[TOKEN_LEN + 1] = "untouched", key_id[KEY_ID_LEN + 1] = "untouched";
    ck_assert_int_eq(token_generate(KIND_LIVE, script_random, &script, token), -ENOSYS);
    ck_assert_int_eq(key_id_generate(script_random, &script, key_id), -ENOSYS);
    ck_assert_str_eq(token, "untouched");
    ck_assert_str_eq(key_id, "untouched");
}
END_TEST

static int broken_random(void *bytes, size_t len, void *userdata)
{
    memset(bytes, 0xff, len);
    return 0;
}

START_TEST(a_broken_source_does_not_hang)
{
    char out[4] = "xxx";
    ck_assert_int_eq(token_random_base62(broken_random, NULL, out, sizeof out), -EIO);
    ck_assert_mem_eq(out, "\0\0\0\0", 4);
}
END_TEST

START_TEST(knows_key_ids)
{
    ck_assert(key_id_is_valid(TEXT("key_0123456789abcdeZ")));
    ck_assert(!key_id_is_valid(TEXT("key_0123456789abcde")));
    ck_assert(!key_id_is_valid(TEXT("key_0123456789abcdeZ0")));
    ck_assert(!key_id_is_valid(TEXT("kex_0123456789abcdeZ")));
    ck_assert(!key_id_is_valid(TEXT("key_0123456789abcd_Z")));
    ck_assert(!key_id_is_valid(TEXT("key_0123456789abcd\0Z")));
    ck_assert(!key_id_is_valid((struct text){NULL, 0}));
}
END_TEST

START_TEST(knows_legacy_keys)
{
    char longest[LEGACY_MAX + 1];
    memset(longest, 'k', sizeof longest);
    ck_assert(legacy_is_valid((struct text){longest, LEGACY_MAX}));
    ck_assert(!legacy_is_valid((struct text){longest, LEGACY_MAX + 1}));
    ck_assert(legacy_is_valid((struct text){longest, LEGACY_MIN}));
    ck_assert(!legacy_is_valid((struct text){longest, LEGACY_MIN - 1}));
    ck_assert(!legacy_is_valid((struct text){NULL, 0}));
    ck_assert(legacy_is_valid(TEXT("!\"#+-./:;<=>?@[\\]^_`{|}~")));
    ck_assert(!legacy_is_valid(TEXT("kasa 2019")));
    ck_assert(!legacy_is_valid(TEXT("kasa,2019")));
    ck_assert(!legacy_is_valid(TEXT("kasa\t2019")));
    ck_assert(!legacy_is_valid(TEXT("kasa\x7f"
                                    "2019")));
    ck_assert(!legacy_is_valid(TEXT("kasa\xc3\xa4"
                                    "2019")));
    ck_assert(!legacy_is_valid(TEXT("kasa2019\0")));
}
END_TEST

START_TEST(finds_a_token_wherever_it_stands_in_a_text)
{
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", true},
        {"leaked: stk_test_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17!", true},
        {"stk_live_abcde", true}, /* one character more than lists show */
        {"stk_live_abcd", false},
        {"stk_live_abcd.", false},
        {"stk_live_", false},
        {"stk_stk_live_abcde", true},
        {"stk_prod_abcdefgh", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(token_is_within(text_of(rows[i].text)) == rows[i].want, "%s", rows[i].text);
}
END_TEST

START_TEST(names_kinds)
{
    ck_assert_str_eq(kind_name(KIND_NONE), "none");
    ck_assert_str_eq(kind_name(KIND_LIVE), "live");
    ck_assert_str_eq(kind_name(KIND_TEST), "test");
    ck_assert_str_eq(kind_name(KIND_LEGACY), "legacy");
    ck_assert_str_eq(kind_name((enum kind)77), "none");
}
END_TEST

SUITE_MAIN("token", knows_the_standards_checksums, makes_tokens_that_it_takes, makes_no_other_kinds,
           discards_bytes_of_248_and_above, the_highest_byte_taken_is_247,
           draws_each_character_equally_often, a_failing_source_leaves_no_part_of_a_secret,
           a_broken_source_does_not_hang, knows_key_ids, knows_legacy_keys,
           finds_a_token_wherever_it_stands_in_a_text, names_kinds)
