/* area.h - one view with its buckets, in three files
 *
 * The view, which others map to read; the shared buckets, which they may write; and the daemon's
 * own, of strict credentials. All three are given to systemd to keep, by the view's epoch, and come
 * back from there. One thread.
 */
#ifndef STKGATE_DAEMON_AREA_H
#define STKGATE_DAEMON_AREA_H

#include "daemon/fdstore.h"
#include "daemon/memory.h"
#include "daemon/publish_slots.h"

struct area {
    struct publisher publisher;
    struct memory view, shared, own;
    int view_fd; /* can only be read; -1: not opened yet */
    uint64_t epoch;
    size_t provided, mapped; /* of the view, then of the shared buckets */
    size_t heap_large;       /* the large page of the view that was last provided for the heap */
};

/* Empty. heap_scale: how many times the usual heap, which is room for 256 bytes a slot. -ENOMEM,
 * -ENOSPC, -EMFILE ... */
int area_new(uint64_t slots, unsigned heap_scale, uint64_t epoch, struct area **ret);

/* The same, but most of what is to exist from the start does not yet: a quarter of a second for
 * each million slots, which a loop that serves others can't spend at once. Until
 * area_provide_some() was done, nothing else than that may be asked of it but to be freed. *ret is
 * untouched on failure. */
int area_begin(uint64_t slots, unsigned heap_scale, uint64_t epoch, struct area **ret);
/* At most len bytes of it more. 1: more is missing; 0: it is as area_new() leaves it; -errno as
 * that: it is to be freed. */
int area_provide_some(struct area *area, size_t len);

/* Who is going to fill it would meet a page that is not mapped yet with every other credential.
 * Maps some more of what exists from the start; whether there is more. Afterwards, the next 2 MiB
 * of a heap that is larger than that, when the last ones are almost full; so it is to be called
 * from time to time while the area is filled. */
bool area_map_some(struct area *area);

/* The three files of this epoch out of what is inherited; files that are no view of ours are closed
 * and forgotten. -EBADMSG; -ENOMEM. */
int area_adopt(struct fdstore *inherited, uint64_t epoch, struct area **ret);
/* The highest epoch below this one that something inherited is of; 0: none. */
uint64_t area_epoch_below(const struct fdstore *inherited, uint64_t below);

/* Have systemd keep it. */
void area_keep(struct area *area);
/* Close it here; those who mapped it, and systemd, still have it. NULL is allowed; returns NULL. */
struct area *area_free(struct area *area);
/* The same, and systemd is to forget it. */
struct area *area_drop(struct area *area);

/* Bytes of memory. Of NULL, 0. */
uint64_t area_resident(const struct area *area);

#endif
