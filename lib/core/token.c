/* token.c - see token.h */
#include "lib/core/token.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/secret.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const char prefix_live[] = "stk_live_";
static const char prefix_test[] = "stk_test_";
static const char prefix_key_id[] = "key_";

const char *kind_name(enum kind kind)
{
    switch (kind) {
    case KIND_LIVE: return "live";
    case KIND_TEST: return "test";
    case KIND_LEGACY: return "legacy";
    case KIND_NONE: break;
    }
    return "none";
}

/* Malformed text must be cheap to refuse: one load per character, no branch but the loop's. */
static const bool base62_has[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

bool token_is_base62(struct text t)
{
    bool all = true;
    for (size_t i = 0; i < t.len; i++)
        all &= base62_has[(uint8_t)t.data[i]];
    return all;
}

/* ---- making -------------------------------------------------------------------------------- */

#define POOL_BYTES 64
/* 248 = 4 * 62: bytes below it fall on each character equally often. */
#define REJECT_FROM 248
/* Each of these draws would have to come out entirely useless; such a source is broken, and must
 * not hang whoever asked. */
#define FRUITLESS_DRAWS_MAX 8

int token_random_base62(token_random_fn random, void *userdata, char *out, size_t count)
{
    uint8_t pool[POOL_BYTES];
    size_t done = 0;
    unsigned fruitless = 0;
    int r = 0;

    while (done < count) {
        r = random(pool, sizeof pool, userdata);
        if (r < 0)
            break;
        size_t before = done;
        for (size_t i = 0; i < sizeof pool && done < count; i++)
            if (pool[i] < REJECT_FROM)
                out[done++] = base62[pool[i] % 62];
        fruitless = done == before ? fruitless + 1 : 0;
        if (fruitless == FRUITLESS_DRAWS_MAX) {
            r = -EIO;
            break;
        }
    }
    secret_wipe(pool, sizeof pool);
    if (r < 0) {
        secret_wipe(out, count);
        return r;
    }
    return 0;
}

void token_checksum(const char random[static TOKEN_RANDOM_LEN], char ret[static TOKEN_CHECKSUM_LEN])
{
    uint32_t crc = crc32_of(random, TOKEN_RANDOM_LEN);
    for (size_t i = TOKEN_CHECKSUM_LEN; i > 0; i--) {
        ret[i - 1] = base62[crc % 62];
        crc /= 62;
    }
}

int token_generate(enum kind kind, token_random_fn random, void *userdata,
                   char ret[static TOKEN_LEN + 1])
{
    if (kind != KIND_LIVE && kind != KIND_TEST)
        return -EINVAL;
    char drawn[TOKEN_RANDOM_LEN];
    int r = token_random_base62(random, userdata, drawn, sizeof drawn);
    if (r < 0)
        return r;
    memcpy(ret, kind == KIND_LIVE ? prefix_live : prefix_test, TOKEN_PREFIX_LEN);
    memcpy(ret + TOKEN_PREFIX_LEN, drawn, TOKEN_RANDOM_LEN);
    token_checksum(drawn, ret + TOKEN_PREFIX_LEN + TOKEN_RANDOM_LEN);
    ret[TOKEN_LEN] = '\0';
    secret_wipe(drawn, sizeof drawn);
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The characters that follow a token's prefix, sixteen at a time: they overlap. */
#define BODY_LEN (TOKEN_RANDOM_LEN + TOKEN_CHECKSUM_LEN)

typedef uint8_t chunk __attribute__((vector_size(16)));

static chunk chunk_is_base62(const char *at)
{
    chunk c;
    memcpy(&c, at, sizeof c);
    chunk lower = c | 0x20;
    return (chunk)((chunk)(c - '0') < 10) | (chunk)((chunk)(lower - 'a') < 26);
}

static bool body_is_base62(const char body[static BODY_LEN])
{
    chunk all = chunk_is_base62(body) & chunk_is_base62(body + sizeof(chunk)) &
                chunk_is_base62(body + BODY_LEN - sizeof(chunk));
    uint64_t halves[2];
    memcpy(halves, &all, sizeof halves);
    return (halves[0] & halves[1]) == UINT64_MAX;
}

/* 0 for what is not base62, which body_is_base62() has to find. By a table: nobody could predict a
 * branch, and to compute it takes five times as many instructions. */
static const uint8_t digits[256] = {
    ['0'] = 0, 1,  2,  3,  4,          5,  6,  7,  8,  9,  ['A'] = 10, 11, 12, 13, 14, 15,
    16,        17, 18, 19, 20,         21, 22, 23, 24, 25, 26,         27, 28, 29, 30, 31,
    32,        33, 34, 35, ['a'] = 36, 37, 38, 39, 40, 41, 42,         43, 44, 45, 46, 47,
    48,        49, 50, 51, 52,         53, 54, 55, 56, 57, 58,         59, 60, 61,
};

static uint64_t digit_of(char c)
{
    return digits[(uint8_t)c];
}

static uint64_t number_of(const char three[static TOKEN_CHECKSUM_LEN / 2])
{
    return (digit_of(three[0]) * 62 + digit_of(three[1])) * 62 + digit_of(three[2]);
}

/* As a number, which takes no division: it has one spelling of this length. In halves, which don't
 * wait for each other. */
static bool checksum_is_right(const char random[static TOKEN_RANDOM_LEN],
                              const char checksum[static TOKEN_CHECKSUM_LEN])
{
    const uint64_t half = UINT64_C(62) * 62 * 62;
    uint64_t number = number_of(checksum) * half + number_of(checksum + TOKEN_CHECKSUM_LEN / 2);
    return number == crc32_of(random, TOKEN_RANDOM_LEN);
}

static uint64_t word_of(const char text[static 8])
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* A word and a character, where memcmp(3) would be called twice. */
static enum kind kind_of_prefix(const char text[static TOKEN_PREFIX_LEN])
{
    uint64_t word = word_of(text);
    if (text[TOKEN_PREFIX_LEN - 1] != '_')
        return KIND_NONE;
    return word == word_of(prefix_live)   ? KIND_LIVE
           : word == word_of(prefix_test) ? KIND_TEST
                                          : KIND_NONE;
}

enum kind token_parse(struct text t)
{
    if (t.len != TOKEN_LEN)
        return KIND_NONE;
    enum kind kind = kind_of_prefix(t.data);
    const char *random = t.data + TOKEN_PREFIX_LEN;
    /* The checksum first, whatever the characters are: what is no token hardly ever has it right,
     * and without it they need not be looked at. */
    if (kind == KIND_NONE || !checksum_is_right(random, random + TOKEN_RANDOM_LEN) ||
        !body_is_base62(random))
        return KIND_NONE;
    return kind;
}

bool token_is_within(struct text t)
{
    for (size_t i = 0; i + SECRET_PREFIX_LEN < t.len; i++) {
        struct text rest = {t.data + i, t.len - i};
        if ((text_begins(rest, TEXT("stk_live_")) || text_begins(rest, TEXT("stk_test_"))) &&
            token_is_base62((struct text){rest.data + TOKEN_PREFIX_LEN,
                                          SECRET_PREFIX_LEN - TOKEN_PREFIX_LEN + 1}))
            return true;
    }
    return false;
}

int key_id_generate(token_random_fn random, void *userdata, char ret[static KEY_ID_LEN + 1])
{
    const size_t prefix_len = sizeof prefix_key_id - 1;
    char drawn[KEY_ID_LEN - (sizeof prefix_key_id - 1)];
    int r = token_random_base62(random, userdata, drawn, sizeof drawn);
    if (r < 0)
        return r;
    memcpy(ret, prefix_key_id, prefix_len);
    memcpy(ret + prefix_len, drawn, sizeof drawn);
    ret[KEY_ID_LEN] = '\0';
    return 0;
}

bool key_id_is_valid(struct text t)
{
    const size_t prefix_len = sizeof prefix_key_id - 1;
    return t.len == KEY_ID_LEN && memcmp(t.data, prefix_key_id, prefix_len) == 0 &&
           token_is_base62((struct text){t.data + prefix_len, KEY_ID_LEN - prefix_len});
}

bool legacy_is_valid(struct text t)
{
    if (t.len < LEGACY_MIN || t.len > LEGACY_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] <= 0x20 || t.data[i] >= 0x7f || t.data[i] == ',')
            return false;
    return true;
}
