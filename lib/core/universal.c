#include "lib/core/universal.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* Of 60 bits each, so that six products add up to less than 2^127. A key's number is
 * upper * 2^60 + lower. */
#define HALF_BITS  60
#define HALF_MASK  ((UINT64_C(1) << HALF_BITS) - 1)

#define PRIME_BITS 127
#define PRIME      (((wide)1 << PRIME_BITS) - 1)

/* The last word begins where the token ends with it: some characters are in two. */
static uint64_t word_of(const char token[static TOKEN_LEN], unsigned i)
{
    size_t at = i < UNIVERSAL_WORDS - 1 ? (size_t)8 * i : TOKEN_LEN - 8;
    uint64_t word;

    memcpy(&word, token + at, sizeof word);
    return word;
}

struct universal universal_of(const struct universal_key *key, const char token[static TOKEN_LEN])
{
    const unsigned rest_bits = PRIME_BITS - HALF_BITS;
    wide lower = 0, upper = 0;

    for (unsigned i = 0; i < UNIVERSAL_WORDS; i++) {
        uint64_t word = word_of(token, i);
        lower += (wide)word * (key->lower[i] & HALF_MASK);
        upper += (wide)word * (key->upper[i] & HALF_MASK);
    }
    /* 2^127 is 1: what of upper * 2^60 lies beyond it, comes in again at the bottom. */
    wide sum = lower + (upper >> rest_bits) + ((upper & (((wide)1 << rest_bits) - 1)) << HALF_BITS);
    sum = (sum & PRIME) + (sum >> PRIME_BITS);
    return (struct universal){{(uint64_t)sum, (uint64_t)(sum >> 64)}};
}
