/* descriptors.h - as many file descriptors as the limits need, and some kept back for admin.sock
 *
 * When a process has used up its descriptors, it can't accept the connection of the operator who
 * would end that. So the daemon raises its limit to what its own limits need, lowers these where it
 * can't, and keeps some descriptors open on nothing that only admin.sock is given.
 */
#ifndef STKGATE_DAEMON_DESCRIPTORS_H
#define STKGATE_DAEMON_DESCRIPTORS_H

#include "daemon/config.h"

#define DESCRIPTORS_RESERVED 8

/* How many the daemon needs with these limits in the worst case. Pure. */
uint64_t descriptors_needed(const struct config *config);

/* Raise the soft limit (RLIMIT_NOFILE) towards needed, as far as the hard one allows. Returns what
 * there is then. */
uint64_t descriptors_raise(uint64_t needed);

/* Lower the connection limits of config so that there are enough. False: they were lowered, or are
 * too many even so. Pure. */
bool descriptors_fit(struct config *config, uint64_t available);

/* Both, with a warning in the log that says what to set. */
void descriptors_provide(struct config *config);

/* Descriptors that are open on nothing. */
struct reserve {
    int fds[DESCRIPTORS_RESERVED];
    unsigned count;
};

/* Open what is missing, as many as can be had. */
void reserve_fill(struct reserve *reserve);
/* Close all: for what is opened next. False when there were none. */
bool reserve_release(struct reserve *reserve);

#endif
