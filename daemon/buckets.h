/* buckets.h - rate-limit state and use counts of the credentials in use
 *
 * A hash table in the daemon's memory, keyed by digest; a credential has an entry from its first
 * check on. Entries stay: there are at most as many as credentials have been in the table since the
 * daemon started. One thread (the event loop's).
 */
#ifndef STKGATE_DAEMON_BUCKETS_H
#define STKGATE_DAEMON_BUCKETS_H

#include <stdatomic.h>

#include "daemon/record_copy.h"
#include "lib/core/digest.h"
#include "lib/core/token.h"

struct bucket {
    uint8_t digest[DIGEST_BYTES];
    char key_id[KEY_ID_LEN + 1]; /* empty until its owner sets it */
    bool dirty;                  /* changed since it was last saved, and on the list of those */
    struct bucket *next_dirty;
    struct record_copy *copy; /* or NULL */
    struct rate rate;         /* what tat is counted in */
    _Atomic uint64_t tat;     /* see rate.h */
    uint64_t allowed, refused;
    int64_t last_used_at; /* Unix seconds */
};

struct buckets;

int buckets_new(struct buckets **ret);
struct buckets *buckets_free(struct buckets *buckets); /* returns NULL */

/* NULL when there is none. Pointers stay valid until buckets_free(). */
struct bucket *buckets_find(struct buckets *buckets, const uint8_t digest[static DIGEST_BYTES]);

/* A new bucket, all zero, for a digest that has none. -ENOMEM. */
int buckets_add(struct buckets *buckets, const uint8_t digest[static DIGEST_BYTES],
                struct bucket **ret);

#endif
