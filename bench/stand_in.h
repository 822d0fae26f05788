/* stand_in.h - in the daemon's place: a thread that hands out a view and keeps its lease alive
 *
 * On check.sock in a directory of its own. It greets as a daemon does whose client may have the
 * view, and gives it away. A check that it is asked for passes, and is counted: whoever measures
 * what is decided without it looks whether the count stood still.
 */
#ifndef STKGATE_BENCH_STAND_IN_H
#define STKGATE_BENCH_STAND_IN_H

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/publish.h"

#define STAND_IN_CONNECTIONS 8
#define STAND_IN_GENERATION  1

/* What else the thread does with publish; a little with each call. Whether there is more. */
typedef bool (*stand_in_work_fn)(void *userdata);

struct stand_in {
    char runtime[64];
    struct publish *publish;
    _Atomic unsigned checks;
    stand_in_work_fn work; /* or NULL */
    void *userdata;

    pthread_t thread;
    int listen_fd;
    int wake[2];
    int fds[STAND_IN_CONNECTIONS]; /* -1: free */
};

/* publish: complete, and nobody else's until the stop. Both end the program on failure. */
void stand_in_start(struct stand_in *stand_in, struct publish *publish);
void stand_in_start_working(struct stand_in *stand_in, struct publish *publish,
                            stand_in_work_fn work, void *userdata);
void stand_in_stop(struct stand_in *stand_in);

uint64_t stand_in_clock_ns(void); /* CLOCK_MONOTONIC */

#endif
