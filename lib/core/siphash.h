/* siphash.h - SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012): a hash with a secret key
 *
 * For tables whose keys come from outside: who does not know the key can't make two texts meet, nor
 * learn anything of a text from its hash. It is no digest to store or to send. Pure.
 */
#ifndef STKGATE_CORE_SIPHASH_H
#define STKGATE_CORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t words[2]; /* random; little-endian of the 16 bytes of the standard */
};

struct siphash {
    uint64_t words[2]; /* little-endian of the 16 bytes of the standard */
};

struct siphash siphash_of(const struct siphash_key *key, const void *bytes, size_t len);

#endif
