/* floor.h - the least that a check can take that decides from shared memory
 *
 * SHA-256 of the token with a re-used context of OpenSSL's EVP, one line of 64 bytes out of a
 * table, one bucket, both fetched at once, a compare-and-swap on that, and a look at the clock. It
 * finds nothing and decides nothing. In memory of the view's kind: a memfd, mapped shared, in pages
 * of 4 KiB.
 */
#ifndef STKGATE_BENCH_FLOOR_H
#define STKGATE_BENCH_FLOOR_H

#include <openssl/evp.h>

#include "bench/token_file.h"
#include "lib/core/digest.h"
#include "lib/view/layout.h"

struct floor {
    uint64_t tokens;
    EVP_MD_CTX *context, *begun; /* one to use, as a copy of the other */
    struct view_slot *slots;
    struct view_bucket *buckets;
    uint64_t read; /* what the compiler may not leave out */
};

/* All of it is in memory when it returns. Ends the program on failure. */
void floor_open(struct floor *floor, uint64_t tokens);
void floor_call(void *floor, const struct token_entry *token); /* struct subject's call */
void floor_close(struct floor *floor);

#endif
