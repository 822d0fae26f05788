/* lease.h - may a view be decided from now?
 *
 * The daemon promises what a view says until valid_until_ns, and puts that off every second. A
 * view whose lease is over may be out of date: nobody is there to revoke in it. A daemon that ends,
 * or can't commit, leaves it to run out or takes it back at once. Pure; any thread.
 */
#ifndef STKGATE_VIEW_LEASE_H
#define STKGATE_VIEW_LEASE_H

#include "lib/view/view.h"

/* The longest that a lease is ever put off: whoever starts without the view of its predecessor
 * knows that the latter's lease is over after this. */
#define LEASE_NS UINT64_C(5000000000)

/* The changing words of a header, each read once. */
struct lease {
    bool complete, superseded;
    uint64_t valid_until_ns, generation, incarnation;
    int64_t wall_floor_s; /* 0 to MOMENT_MAX_S */
};

void lease_read(const struct view *view, struct lease *ret);

/* At now_ns, CLOCK_MONOTONIC. last_known_ns: how long beyond the lease the service's policy goes by
 * it (0: deny). A view that was superseded or taken back is never good again. */
bool lease_holds(const struct lease *lease, uint64_t now_ns);
bool lease_is_last_known(const struct lease *lease, uint64_t now_ns, uint64_t last_known_ns);

#endif
