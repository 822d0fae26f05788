/* layout.h - the view: what the daemon publishes of its table, for other processes to decide from
 *
 * One file in memory, mapped by its readers, written by the daemon alone, little-endian as this
 * machine is. At its start the header; then, each on a page of its own:
 *
 *   tags   one byte a slot: 0 free, else a byte of the digest. A lookup looks at the tags of a
 *          group, a cache line of 64, and then at the one slot (mostly) whose tag fits.
 *   slots  two cache lines each, that begin with a state
 *   heap   what few credentials have and what is too long for a slot: origins; whole records
 *
 * A slot is written once in the life of a view. Its commit point is its tag, stored with release
 * after all else; from then on the state alone changes, by one store. Whoever dies between two
 * stores leaves nothing that a reader would have to wait for: what has no tag is not there.
 *
 * The bucket of a slot is at the same index in another file, so that both can be fetched at once. A
 * credential that was edited has a new slot and a new bucket, into which the old one's state was
 * moved; so has one in the larger view that takes a full one's place.
 */
#ifndef STKGATE_VIEW_LAYOUT_H
#define STKGATE_VIEW_LAYOUT_H

#include <stdatomic.h>
#include <stdint.h>

#define VIEW_MAGIC       UINT64_C(0x7765697645544753) /* "SGTEView" */
#define VIEW_VERSION     3
#define VIEW_PAGE        4096
#define VIEW_GROUP_SLOTS 64
#define VIEW_TAG_BITS    8
#define VIEW_WORD_TAGS   (64 / VIEW_TAG_BITS)
#define VIEW_GROUP_WORDS (VIEW_GROUP_SLOTS / VIEW_WORD_TAGS)
#define VIEW_GROUPS_MAX  (UINT32_MAX / VIEW_GROUP_SLOTS)
#define VIEW_HEAP_MAX    (UINT64_C(1) << 32) /* offsets are 32 bits */
/* A lookup goes no further, nor does a writer. Lookups end long before, at the first group with a
 * free slot; but where full groups follow each other a writer must get past them. In 10^8 slots a
 * digest meets 32 of them in a row from 91 % of fill on, 128 not below 95 %. */
#define VIEW_PROBE_GROUPS 128

struct view_header {
    /* Never changes. */
    uint64_t magic;
    uint32_t version;
    uint32_t groups;
    uint64_t heap_bytes;
    uint64_t bytes; /* of the whole file */
    uint64_t epoch; /* a larger view that follows has a higher one */
    uint64_t unused[3];
    /* Changes while it is mapped, and is read with each check: */
    _Alignas(64) _Atomic uint64_t flags; /* enum view_header_flag */
    _Atomic uint64_t valid_until_ns;     /* the lease, CLOCK_MONOTONIC; 0: none. See lease.h */
    _Atomic uint64_t generation;         /* of policies and scope names: that of WELCOME */
    _Atomic uint64_t incarnation;        /* random, of the daemon that writes it */
    _Atomic uint64_t wall_floor_s;       /* the time of day is not before that, Unix seconds */
    /* The writer's own: */
    _Alignas(64) _Atomic uint64_t heap_used;
    _Atomic uint64_t published_seq;  /* all changes up to it are in */
    _Atomic uint64_t published_mark; /* tells the table that it is of; see publish.h */
    _Atomic uint64_t wait_until_ns;  /* nothing is acknowledged before; see publish.h */
    _Atomic uint64_t journal_slot;   /* plus 1; 0: no bucket is on the move */
    _Atomic uint64_t journal_tat;    /* what it had */
};

enum view_header_flag {
    VIEW_COMPLETE = 1,   /* what is not in it, is not in the table */
    VIEW_CURRENT = 2,    /* it is, or was, the one that is handed out */
    VIEW_SUPERSEDED = 4, /* there is a newer one: ask the daemon for it */
};

enum view_state {
    VIEW_LIVE = 1,
    VIEW_SUSPENDED = 2,
    VIEW_REVOKED = 3,
    VIEW_MOVED = 4,   /* look on: there is a newer slot */
    VIEW_REMOVED = 5, /* look on: it may have been added anew */
    VIEW_HIDDEN = 6,  /* out of date, but for its bucket: ask the daemon */
};

/* Which word of a slot has what. */
enum view_word {
    VIEW_WORD_STATE, /* enum view_state: the one that changes */
    VIEW_WORD_DIGEST,
    VIEW_WORD_SCOPES = VIEW_WORD_DIGEST + 4,
    VIEW_WORD_WINDOW, /* ns */
    VIEW_WORD_LIMIT,  /* requests, burst: 32 bits each, the first in the lower half */
    VIEW_WORD_TIMES,  /* expires_at, grace_until: the same */
    VIEW_WORD_KEY_ID, /* without its "key_" */
    VIEW_WORD_SITE = VIEW_WORD_KEY_ID + 2,
    VIEW_WORD_SHAPE = VIEW_WORD_SITE + 3, /* enum view_flag: 8 bits; site's length: 8 bits */
    VIEW_WORD_HEAP,                       /* offset, length: 32 bits each */
    VIEW_SLOT_WORDS,
};
_Static_assert(VIEW_SLOT_WORDS == 16, "two cache lines");

#define VIEW_SITE_INLINE 24

enum view_flag {
    VIEW_KIND_MASK = 3, /* enum kind */
    VIEW_MISSING_ORIGIN = 4,
    VIEW_STRICT = 8,
    VIEW_WHOLE =
        16, /* the heap has the encoded record, and the other words but SHAPE are not used */
};

struct view_slot {
    _Alignas(128) _Atomic uint64_t words[VIEW_SLOT_WORDS];
};

/* Where the parts begin. */
struct view_geometry {
    uint64_t tags, slots, heap, bytes;
};

/* groups at most VIEW_GROUPS_MAX, heap_bytes at most VIEW_HEAP_MAX: it does not overflow then. */
static inline struct view_geometry view_geometry(uint32_t groups, uint64_t heap_bytes)
{
    struct view_geometry g;
    uint64_t slots = (uint64_t)groups * VIEW_GROUP_SLOTS;

    g.tags = VIEW_PAGE;
    g.slots = g.tags + (slots + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE;
    g.heap = g.slots + slots * sizeof(struct view_slot);
    g.bytes = g.heap + (heap_bytes + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE;
    return g;
}

/* One a slot, in a file of their own that direct clients may write: nothing in it is believed
 * further than it can be true. */
struct view_bucket {
    _Alignas(32) _Atomic uint64_t tat; /* see rate.h */
    _Atomic uint64_t allowed, refused; /* checks so far */
    _Atomic uint32_t last_used_s;      /* Unix seconds */
    _Atomic uint32_t saved;            /* allowed + refused as the table has them, modulo 2^32 */
};
_Static_assert(sizeof(struct view_bucket) == 32, "two to a cache line");

/* Words of a bucket that are no tat (RATE_TAT_MAX is below): only the daemon can decide then. */
#define VIEW_TAT_UNMOVED UINT64_MAX       /* its state is still in another bucket */
#define VIEW_TAT_FROZEN  (UINT64_MAX - 1) /* its state is in another one already */

#endif
