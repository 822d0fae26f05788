/* seats.h - a thread has a seat while it decides a call by itself
 *
 * With a seat comes a memory of the tokens that were checked there lately; no thread-local storage,
 * whose destructors would be left dangling by dlclose(3). And who has a seat is seen by others: a
 * view that was replaced is unmapped when all have left their seats who sat there at the time.
 * Lock-free. In a forked child all seats are free.
 */
#ifndef STKGATE_CLIENT_SEATS_H
#define STKGATE_CLIENT_SEATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "module/client/recent.h"

/* More threads than that at the same instant stand. */
#define SEATS_MAX 63

struct seats {
    struct seats_memory *memory;
};

/* One thread's hold of one, on its stack. */
struct seat {
    struct recent *recent; /* or NULL: there is none for who stands, or no memory */
    uint64_t uses;
    unsigned number; /* SEATS_MAX: it stands */
};

/* 0, -ENOMEM, or why the memory can't be had. */
int seats_init(struct seats *seats);
/* No other thread may use them. */
void seats_deinit(struct seats *seats);

/* What is loaded after it with memory_order_seq_cst, is either newer than a seats_count() or
 * counted by it. Every take is followed by a leave by the same thread, and no waiting for anything
 * between the two. */
void seats_take(struct seats *seats, struct seat *ret);
void seats_leave(struct seats *seats, const struct seat *seat);

/* Those who had a seat at some instant. */
struct seats_census {
    uint64_t uses[SEATS_MAX]; /* 0: not, or it has left since */
    bool standing;
};

void seats_count(const struct seats *seats, struct seats_census *ret);

/* Whether all of them have left since. Strikes out who has. */
bool seats_have_left(const struct seats *seats, struct seats_census *census);

#endif
