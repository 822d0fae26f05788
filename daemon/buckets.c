#include "daemon/buckets.h"

#include <errno.h>
#include <stdlib.h>

/* Open addressing over pointers, so that a bucket keeps its address when the index grows. Digests
 * are uniformly random already: their first bytes are the hash. Nothing is ever removed. */
struct buckets {
    struct bucket **slots;
    size_t mask; /* slots - 1; a power of two less one */
    size_t count;
};

#define SLOTS_FIRST 1024

int buckets_new(struct buckets **ret)
{
    struct buckets *buckets = calloc(1, sizeof *buckets);

    if (!buckets)
        return -ENOMEM;
    buckets->slots = calloc(SLOTS_FIRST, sizeof(struct bucket *));
    if (!buckets->slots) {
        free(buckets);
        return -ENOMEM;
    }
    buckets->mask = SLOTS_FIRST - 1;
    *ret = buckets;
    return 0;
}

struct buckets *buckets_free(struct buckets *buckets)
{
    if (!buckets)
        return NULL;
    for (size_t i = 0; i <= buckets->mask; i++) {
        if (buckets->slots[i])
            record_copy_free(buckets->slots[i]->copy);
        free(buckets->slots[i]);
    }
    free(buckets->slots);
    free(buckets);
    return NULL;
}

static size_t hash_of(const uint8_t digest[static DIGEST_BYTES])
{
    size_t hash;

    memcpy(&hash, digest, sizeof hash);
    return hash;
}

/* The slot of this digest, or the free one where it belongs. There always is a free one. */
static struct bucket **slot_of(struct bucket **slots, size_t mask,
                               const uint8_t digest[static DIGEST_BYTES])
{
    size_t at = hash_of(digest) & mask;

    while (slots[at] && !digest_equal(slots[at]->digest, digest))
        at = (at + 1) & mask;
    return &slots[at];
}

struct bucket *buckets_find(struct buckets *buckets, const uint8_t digest[static DIGEST_BYTES])
{
    return *slot_of(buckets->slots, buckets->mask, digest);
}

static int grow(struct buckets *buckets)
{
    size_t mask = buckets->mask * 2 + 1;
    struct bucket **slots = calloc(mask + 1, sizeof(struct bucket *));

    if (!slots)
        return -ENOMEM;
    for (size_t i = 0; i <= buckets->mask; i++)
        if (buckets->slots[i])
            *slot_of(slots, mask, buckets->slots[i]->digest) = buckets->slots[i];
    free(buckets->slots);
    buckets->slots = slots;
    buckets->mask = mask;
    return 0;
}

int buckets_add(struct buckets *buckets, const uint8_t digest[static DIGEST_BYTES],
                struct bucket **ret)
{
    if (buckets->count >= (buckets->mask + 1) / 4 * 3) {
        int r = grow(buckets);
        if (r < 0)
            return r;
    }
    struct bucket *bucket = calloc(1, sizeof *bucket);
    if (!bucket)
        return -ENOMEM;
    memcpy(bucket->digest, digest, DIGEST_BYTES);
    *slot_of(buckets->slots, buckets->mask, digest) = bucket;
    buckets->count++;
    *ret = bucket;
    return 0;
}
