/* deadline.h - how long a call may still take
 *
 * All of a call's waiting is charged to one deadline, whatever it waits for: that is what bounds
 * the call as a whole. Clock: CLOCK_MONOTONIC. One thread's, on its stack.
 */
#ifndef STKGATE_CLIENT_DEADLINE_H
#define STKGATE_CLIENT_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
    uint64_t start_ns;
    uint64_t end_ns;
    bool waited; /* some of it may be used up: the time-out set on the socket is too long now */
};

uint64_t deadline_clock_ns(void);

struct deadline deadline_begin(uint32_t span_ms);

/* 0 when it is over. */
uint64_t deadline_left_ns(const struct deadline *deadline);

/* Wait until poll(2) has something to say about fd. 0; -ETIMEDOUT; what poll failed with. Goes on
 * after a signal. Sets waited. */
int deadline_poll(struct deadline *deadline, int fd, short events);

#endif
