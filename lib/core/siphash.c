#include "lib/core/siphash.h"

#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void round_of(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void take_word(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    round_of(s);
    round_of(s);
    s->v0 ^= word;
}

static inline uint64_t finish(struct state *s)
{
    for (unsigned i = 0; i < 4; i++)
        round_of(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

struct siphash siphash_of(const struct siphash_key *key, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t last = (uint64_t)len << 56, word;
    struct siphash ret;
    struct state s = {
        key->words[0] ^ UINT64_C(0x736f6d6570736575),
        key->words[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
        key->words[0] ^ UINT64_C(0x6c7967656e657261),
        key->words[1] ^ UINT64_C(0x7465646279746573),
    };

    for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        memcpy(&word, at, sizeof word);
        take_word(&s, word);
    }
    for (size_t i = 0; i < len; i++)
        last |= (uint64_t)at[i] << 8 * i;
    take_word(&s, last);
    s.v2 ^= 0xee;
    ret.words[0] = finish(&s);
    s.v1 ^= 0xdd;
    ret.words[1] = finish(&s);
    return ret;
}
