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
