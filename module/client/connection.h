/* connection.h - one socket to the daemon, and whether it still is ours
 *
 * The descriptor table belongs to the host program: it may daemonise, close all descriptors, and
 * open something else on our number. So a connection is a number and the kernel's cookie of the
 * socket (SO_COOKIE, unique for the life of the machine): the cookie is compared before a
 * connection is used again and before it is closed. One thread at a time holds a connection.
 */
#ifndef STKGATE_CLIENT_CONNECTION_H
#define STKGATE_CLIENT_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct connection {
    _Atomic int fd; /* 0: none; ours are 3 and above. Atomic, and set after the cookie, so that a */
    _Atomic uint64_t cookie; /* child forked at any instruction sees a pair or a mismatch */
    uint64_t generation;     /* that the daemon named last */
    uint32_t last_id;
    bool other_clock; /* the daemon's CLOCK_MONOTONIC is not ours: no view of its can be used */
    int place;        /* in the pool; -1: in none */
};

/* Make a socket: close-on-exec, its number above those of standard input, output and error.
 * 0; -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS; -EOPNOTSUPP: the kernel has no cookies. */
int connection_open(struct connection *connection);

bool connection_is_ours(const struct connection *connection);

/* End the connection for every process that inherited it, and close it here. */
void connection_close(struct connection *connection);

/* Close a descriptor inherited from the parent, whose connection goes on. */
void connection_abandon(struct connection *connection);

#endif
