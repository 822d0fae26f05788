/* backoff.h - after a failure, when may the daemon be tried again?
 *
 * A daemon that is gone must not cost every request a time-out. After a failure the next attempt
 * is due in 10 ms, after each further one in twice the time, up to 1 s; until then calls fail at
 * once, as the last one did. When an attempt is due, one thread makes it and the others go on
 * failing. All of it is one atomic word: no lock that a fork could leave locked.
 */
#ifndef STKGATE_CLIENT_BACKOFF_H
#define STKGATE_CLIENT_BACKOFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 10
#define BACKOFF_LAST_MS  1000

struct backoff {
    _Atomic uint64_t word; /* due (us) << 16 | exponent << 12 | errno; 0: no failure is on record */
};

/* One call's try. */
struct attempt {
    uint64_t ticket; /* the word that a failure replaces */
    bool may_dial;
};

/* May a call try at all? 0, or the negative errno of the last failure. claim_ns: how long the
 * others are to wait for this attempt, when it is the one that was due. A failure for want of room
 * (descriptors, memory, connections) says nothing against the connections that exist: it holds back
 * only those who would open another one, in backoff_enter_dial(), to be called before that. */
int backoff_enter(struct backoff *backoff, uint64_t now_ns, uint64_t claim_ns, struct attempt *ret);
int backoff_enter_dial(struct backoff *backoff, uint64_t now_ns, uint64_t claim_ns,
                       struct attempt *attempt);

/* The attempt failed with error (negative). Of many threads that fail together, one counts. */
void backoff_fail(struct backoff *backoff, const struct attempt *attempt, uint64_t now_ns,
                  int error);

/* An answer came. */
void backoff_succeed(struct backoff *backoff);

#endif
