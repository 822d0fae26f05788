/* publish_slots.h - write credentials into a view
 *
 * The one thread of the one process that writes it. Each store leaves the view such that a reader
 * finds what was there before or what is there now, and nothing else: whoever writes may die at any
 * instruction, and the next one goes on with the same memory. It says again what the table has,
 * and that is all there is to mending.
 */
#ifndef STKGATE_DAEMON_PUBLISH_SLOTS_H
#define STKGATE_DAEMON_PUBLISH_SLOTS_H

#include "lib/view/view.h"

struct publisher {
    struct view view; /* of the same memory, for lookups; with the shared buckets */
    struct view_header *header;
    _Atomic uint64_t *tags;
    struct view_slot *slots;
    uint8_t *heap;
    struct view_bucket *own;    /* of strict credentials: in memory that nobody else maps */
    struct publisher *previous; /* a view that this one took the place of, and whose buckets it
                                 * takes over one by one; or NULL */
    bool building; /* it is nobody's view yet, and may be dropped: buckets stay where they are */
    uint32_t used; /* slots, of moved and removed credentials, too */
    /* For tests: called after each store into the view. NULL otherwise. */
    void (*after_store)(void *userdata);
    void *userdata;
};

/* Zeroes, as a new file is -> an empty view of this shape. memory: view_geometry().bytes of it,
 * aligned to a page. */
void publisher_make(void *memory, uint32_t groups, uint64_t heap_bytes, uint64_t epoch);

/* Go on with what publisher_make() made and others wrote. shared and own: view_slots() buckets
 * each, zeroes at first. -EBADMSG. */
int publisher_open(void *memory, size_t len, struct view_bucket *shared, struct view_bucket *own,
                   struct publisher *ret);

/* What the bucket of a credential begins with. */
struct bucket_start {
    uint64_t tat; /* also VIEW_TAT_UNMOVED: taken over from previous when it is first needed */
    uint64_t allowed, refused;
    uint32_t last_used_s;
    bool unsaved; /* the table has something else */
};

/* The view has this record when it returns; one that has it already is left as it is. A change of
 * state alone is one store; any other takes a new slot, and the bucket's state is moved into its
 * bucket, converted to its limit. start: of a credential that is not there yet; NULL: all zero.
 * now_ns: CLOCK_MONOTONIC. *ret_slot (may be NULL): where it is. -ENOSPC: no slot or heap left
 * where it could be, make a larger view; nothing has changed. -EINVAL: record_encode() would not
 * take it.
 */
int publisher_put(struct publisher *publisher, const struct record *record,
                  const struct bucket_start *start, uint64_t now_ns, uint32_t *ret_slot);

/* This credential, most likely a new one, is going to be put: where it goes is fetched meanwhile.
 * Best after view_expect() for all that are, and then this for all of them. Changes nothing. */
void publisher_expect(const struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES]);

/* The bucket of a slot with a credential begins so, whatever it had: in a view that is being built
 * and that nobody else has. */
void publisher_begin_bucket(struct publisher *publisher, uint32_t slot,
                            const struct bucket_start *start);

/* To be called before anything else by who goes on with what another left: a move that the other
 * had begun is brought to its end. There is one journal: the next move would write over it. */
void publisher_finish_move(struct publisher *publisher, uint64_t now_ns);

/* No check finds what the view has of this digest any more: the daemon is asked each time, until it
 * is put again, here or in a larger view, and goes on with its bucket. For a change that could not
 * be put. */
void publisher_hide(struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES]);

/* Afterwards there is no such credential. */
void publisher_remove(struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES]);

/* The bucket of a slot that has a credential. */
struct view_bucket *publisher_bucket(const struct publisher *publisher, uint32_t slot);

/* The same, with the state of the slot's credential in it: moved there now, if it is still
 * elsewhere, and mended, if somebody wrote into it what can't be. Only the daemon calls this. */
struct view_bucket *publisher_settled_bucket(struct publisher *publisher, uint32_t slot,
                                             uint64_t now_ns);

#endif
