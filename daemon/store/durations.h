/* durations.h - how long something took, of the last times it was done
 *
 * Private to daemon/store. Pure; one thread at a time.
 */
#ifndef STKGATE_DAEMON_STORE_DURATIONS_H
#define STKGATE_DAEMON_STORE_DURATIONS_H

#include <stdint.h>

#define DURATIONS_MAX 1024

/* All zero is an empty one. */
struct durations {
    uint64_t count;                  /* since the start */
    uint64_t last_ns[DURATIONS_MAX]; /* a ring: number n stands at n % DURATIONS_MAX */
};

void durations_add(struct durations *durations, uint64_t ns);

/* The last of all; and of the last DURATIONS_MAX the longest, and what half of them, and 99 of 100,
 * did not exceed. All 0 when there is none. Sorts: not for where time counts. */
struct durations_summary {
    uint64_t last_ns, p50_ns, p99_ns, max_ns;
};
void durations_summarise(const struct durations *durations, struct durations_summary *ret);

#endif
