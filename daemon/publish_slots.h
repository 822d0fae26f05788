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
    struct view view; /* of the same memory, for lookups */
    struct view_header *header;
    _Atomic uint64_t *tags;
    struct view_slot *slots;
    uint8_t *heap;
    uint32_t used; /* slots, of moved and removed credentials, too */
    /* For tests: called after each store into the view. NULL otherwise. */
    void (*after_store)(void *userdata);
    void *userdata;
};

/* Zeroes, as a new file is -> an empty view of this shape. memory: view_geometry().bytes of it,
 * aligned to a page. */
void publisher_make(void *memory, uint32_t groups, uint64_t heap_bytes);

/* Go on with what publisher_make() made and others wrote. -EBADMSG. */
int publisher_open(void *memory, size_t len, struct publisher *ret);

/* The view has this record when it returns; one that has it already is left as it is. A change of
 * state alone is one store; any other takes a new slot, with the bucket of the old. -ENOSPC: no
 * slot or heap left where it could be, make a larger view; nothing has changed. -EINVAL:
 * record_encode() would not take it. */
int publisher_put(struct publisher *publisher, const struct record *record);

/* Afterwards there is no such credential. */
void publisher_remove(struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES]);

#endif
