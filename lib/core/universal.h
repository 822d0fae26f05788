/* universal.h - a hash of a token with a secret key, by which it is known again in a table
 *
 * Multilinear modulo the prime 2^127 - 1 (Carter, Wegman 1979): the sum of each word times a random
 * number of its own. Two different texts have the same hash with at most one key in 2^120, which is
 * all that a table needs whose hashes nobody sees, and takes a sixth of what SipHash does. It is no
 * digest, nor to be sent, stored or shown: who sees hashes can find the key. Pure.
 */
#ifndef STKGATE_CORE_UNIVERSAL_H
#define STKGATE_CORE_UNIVERSAL_H

#include <stdint.h>

#include "lib/core/token.h"

#define UNIVERSAL_WORDS 6 /* of eight bytes, which a token is */

/* Random: all of it. */
struct universal_key {
    uint64_t lower[UNIVERSAL_WORDS], upper[UNIVERSAL_WORDS];
};

struct universal {
    uint64_t words[2];
};

struct universal universal_of(const struct universal_key *key, const char token[static TOKEN_LEN]);

#endif
