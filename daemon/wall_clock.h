/* wall_clock.h - the time of day as verdicts use it: it never goes back
 *
 * Expiry, sunset and the end of a grace depend on it. A system clock that is set back must not
 * revive what is over: within a run this one then goes on at the pace of CLOCK_MONOTONIC, and a run
 * begins no earlier than the last commit. A clock that is set forward is followed at once. Pure;
 * one thread.
 */
#ifndef STKGATE_DAEMON_WALL_CLOCK_H
#define STKGATE_DAEMON_WALL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* How far the system's clock may fall behind before the operator is told. */
#define WALL_CLOCK_TOLD_NS UINT64_C(60000000000)

struct wall_clock {
    uint64_t wall_ns; /* what time it is, as of the last call; ns since 1970 */
    uint64_t mono_ns; /* CLOCK_MONOTONIC of that call */
    bool behind;      /* the system's clock is, and was told to be */
};

/* It is floor_ns now, or later. */
void wall_clock_init(struct wall_clock *clock, uint64_t floor_ns, uint64_t mono_ns);

/* Set wall_ns to what the system's clocks say, or to what has passed since the last call when that
 * is later. Returns whether the operator is to be told: system_ns (CLOCK_REALTIME) is behind by
 * more than WALL_CLOCK_TOLD_NS, and was not before. */
bool wall_clock_advance(struct wall_clock *clock, uint64_t system_ns, uint64_t mono_ns);

#endif
