/* load.h - how much of a thing was used lately: a sum that fades
 *
 * Half of it is gone after LOAD_HALF_LIFE_US, so who uses all of the time there is has twice that.
 * Pure; the clock is an argument (CLOCK_MONOTONIC, microseconds).
 */
#ifndef STKGATE_DAEMON_LOAD_H
#define STKGATE_DAEMON_LOAD_H

#include <stdint.h>

#define LOAD_HALF_LIFE_US UINT64_C(65536)
#define LOAD_ALL_US       (2 * LOAD_HALF_LIFE_US)

/* A step for each half octave from LOAD_QUIET_US on; level 0 is below that: quiet. */
#define LOAD_QUIET_US  UINT64_C(256)
#define LOAD_LEVEL_MAX 64

struct load {
    uint64_t used_ns; /* as of at_us; finer than the clock, or small sums would never fade */
    uint64_t at_us;
};

void load_add(struct load *load, uint64_t now_us, uint64_t used_us);

/* What is left of the sum: up to LOAD_ALL_US, or a little more. */
uint64_t load_left_us(const struct load *load, uint64_t now_us);

/* 0 to LOAD_LEVEL_MAX, rising with what was used. A clock that went back fades nothing. */
unsigned load_level(const struct load *load, uint64_t now_us);

#endif
