/* view.h - look a credential up in a view
 *
 * Without a lock, a system call or a wait; any number of threads and processes, beside the one that
 * writes. Nothing that the view holds is trusted further than that a verdict follows from it: each
 * word is read once, each length and offset is checked against the mapping, each loop has a bound.
 * Works on in a forked child. Pure.
 */
#ifndef STKGATE_VIEW_VIEW_H
#define STKGATE_VIEW_VIEW_H

#include "lib/core/record.h"
#include "lib/view/layout.h"

struct view {
    const struct view_header *header;
    const _Atomic uint64_t *tags; /* VIEW_WORD_TAGS to a word, the first in the lowest bits */
    const struct view_slot *slots;
    const uint8_t *heap;
    struct view_bucket *buckets; /* or NULL: then none is fetched ahead */
    uint32_t groups;
    uint64_t heap_bytes;
};

/* A mapping of len bytes, which must stay as long as ret is used. -EBADMSG: not a view, or not as
 * long as its header says; -EPROTONOSUPPORT: of another version. */
int view_open(const void *bytes, size_t len, struct view *ret);

/* The number of slots, and of buckets. */
static inline uint32_t view_slots(const struct view *view)
{
    return view->groups * VIEW_GROUP_SLOTS;
}

enum view_answer {
    VIEW_NONE = 0, /* no such credential */
    VIEW_FOUND = 1,
    VIEW_UNSURE = 2, /* what is there can't be: ask the daemon */
};

/* A credential as it was at one instant of the call. record borrows from the rest; of its texts
 * there are key_id, site, origins and, of a legacy key, link: what decide() wants. */
struct view_reading {
    struct record record;
    uint32_t slot; /* below view_slots(); its bucket has the same number */
    char key_id[KEY_ID_LEN];
    char site[VIEW_SITE_INLINE];
    uint8_t heap[RECORD_BYTES_MAX];
};

/* NONE says little of a view that is not complete (lease.h). */
enum view_answer view_read(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                           struct view_reading *ret);

/* ---- what a writer needs, too -----------------------------------------------------------------
 */

/* Walk the slots where this digest may stand, in the order in which lookups meet them. */
struct view_walk {
    uint64_t pattern; /* a word full of the tag */
    uint32_t group, groups_left;
    unsigned home;    /* the slot of each group that is looked at first */
    uint64_t matches; /* of this group, a bit for each slot whose tag fits, the home's the lowest */
    bool last;        /* this group has a free slot: nothing is behind it */
};

/* The slot of the walk's group that is the i-th to be looked at, below VIEW_GROUP_SLOTS. */
static inline uint32_t view_walk_slot(const struct view_walk *walk, unsigned i)
{
    return walk->group * VIEW_GROUP_SLOTS + (walk->home + i) % VIEW_GROUP_SLOTS;
}

uint8_t view_tag(const uint8_t digest[static DIGEST_BYTES]); /* not 0 */
/* What a slot has; 0: nothing is there. Acquire: what was written before it, is there. */
static inline uint8_t view_tag_at(const struct view *view, uint32_t slot)
{
    uint64_t word = atomic_load_explicit(&view->tags[slot / VIEW_WORD_TAGS], memory_order_acquire);

    return (uint8_t)(word >> (slot % VIEW_WORD_TAGS * VIEW_TAG_BITS));
}

void view_walk_begin(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                     struct view_walk *ret);
/* view_walk_begin() will be called for it soon: what it looks at is fetched meanwhile. */
void view_expect(const struct view *view, const uint8_t digest[static DIGEST_BYTES]);
/* view_read() will be called for it soon: what lies near its home is fetched, too. */
void view_expect_reading(const struct view *view, const uint8_t digest[static DIGEST_BYTES]);
/* view_read_slot() will be: what it reads last, and the bucket, for writing. */
void view_expect_slot(const struct view *view, uint32_t slot);
/* The state of a slot that is known will be read, and its bucket written. */
void view_expect_state(const struct view *view, uint32_t slot);
/* The next slot with this digest, whatever its state; false at the end. */
bool view_walk_next(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                    struct view_walk *walk, uint32_t *ret_slot, uint64_t *ret_state);

/* The first one that such a walk meets and that has nothing: where this digest goes if it is new.
 * False: there is none. Only for who writes. */
bool view_free_slot(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                    uint32_t *ret);

/* What slot has; state is what view_walk_next() read. */
enum view_answer view_read_slot(const struct view *view, uint32_t slot, uint64_t state,
                                struct view_reading *ret);

#endif
