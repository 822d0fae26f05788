/* crowd.h - many processes that check at once
 *
 * Each with a handle of its own, opened after the fork; of those of odd number the second half asks
 * the daemon for each check (STKGATE_DIRECT=no), if told. They begin together and end when they are
 * told to, or when their parent does.
 */
#ifndef STKGATE_TESTS_CROWD_CROWD_H
#define STKGATE_TESTS_CROWD_CROWD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <stkgate.h>

#define CROWD_MAX 128

enum crowd_way {
    CROWD_DIRECT, /* by the view */
    CROWD_ASK,    /* over the socket */
    CROWD_MIXED,  /* every second one over the socket */
};

/* Shared with the processes. */
struct crowd_shared {
    _Atomic unsigned ready;
    _Atomic bool begun, ended;
    _Atomic uint64_t allowed, refused, failed;
    _Atomic uint64_t longest_ns; /* crowd_check() */
};

/* One step of process number n: as often as there is time. */
typedef void (*crowd_step_fn)(stkgate *gate, unsigned n, struct crowd_shared *shared,
                              void *userdata);

struct crowd {
    struct crowd_shared *shared;
    unsigned count;
    pid_t processes[CROWD_MAX];
};

/* Memory that children share with their parent; ends the program when there is none. */
void *crowd_share(size_t len);

/* Returns when all have made a first check, of token (site kasa), without spending. */
void crowd_gather(struct crowd *crowd, unsigned count, enum crowd_way way, const char *token,
                  crowd_step_fn step, void *userdata);
void crowd_begin(struct crowd *crowd);
/* Waits for them all; a process that died of something else ends the program. */
void crowd_end(struct crowd *crowd);

/* stkgate_check(), and how long it took is noted if none took longer. */
int crowd_check(stkgate *gate, const struct stkgate_request *request, struct stkgate_verdict *ret,
                struct crowd_shared *shared);

/* How long a check may wait: 30 s, since what a machine can do is not tested; or what the
 * environment says in STKGATE_DEADLINE_MS, for who measures it: the library's own is 50. */
unsigned crowd_deadline_ms(void);

uint64_t crowd_clock_ns(void);

#endif
