/* fake.h - a daemon for tests, on a thread of its own, that does what it is told
 *
 * It speaks lib/wire on check.sock in a temporary directory. A well-meant CHECK gets a VERDICT that
 * tells its own cost as remaining, by which a test sees whose answer it got. What it does instead
 * may be changed at any time, and holds from the next packet on.
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_FAKE_H
#define STKGATE_TESTS_MODULE_CLIENT_FAKE_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/wire/message.h"

enum fake_act {
    FAKE_ANSWER = 0,
    FAKE_SILENCE,
    FAKE_CLOSE,
    FAKE_EMPTY, /* a packet without a byte */
    FAKE_GARBAGE,
    FAKE_CUT,    /* half of the answer, */
    FAKE_LONGER, /* a byte more than it has, */
    FAKE_OVERSIZED,
    FAKE_OTHER_ID,
    FAKE_OTHER_TYPE,
    FAKE_OTHER_VERSION,
    FAKE_UNAVAILABLE, /* a VERDICT of 503 */
    FAKE_TWICE,       /* the answer, and once more */
    FAKE_ERROR,       /* FAKE_ERROR + enum wire_error: that, and closes */
};

#define FAKE_CONNECTIONS_MAX 64
#define FAKE_HANDOUT_MAX     3

/* What comes with an ATTACHED. */
struct fake_handout {
    uint64_t view_bytes, bucket_bytes; /* as told; 0: none is given */
    int fds[FAKE_HANDOUT_MAX];         /* the test's own */
    unsigned count;
    int64_t clock_offset_ns; /* of the clock that is told */
};

struct fake {
    char runtime[64];
    struct welcome welcome; /* set before the start, or before generation */

    _Atomic int on_accept; /* enum fake_act; FAKE_ANSWER: nothing */
    _Atomic int on_hello;
    _Atomic int on_check;
    _Atomic int on_attach;
    _Atomic int lose_hellos,
        lose_checks; /* so many more are answered by closing, before all else */
    _Atomic uint64_t generation;
    _Atomic bool direct;                          /* is told at the greeting */
    _Atomic bool descriptors_everywhere;          /* they come with each answer */
    _Atomic(const struct fake_handout *) handout; /* the test's own; NULL: nothing */
    _Atomic int scopes; /* of the registry that is told; welcome.registry begins with more */

    /* What was seen. */
    _Atomic unsigned accepted, hellos, checks, attaches;
    _Atomic unsigned open; /* connections */
    struct query last;     /* its texts are void; read it only when no check is under way */
    char last_site[SITE_MAX + 2];
    char last_origin[300];

    pthread_t thread;
    int listen_fd;
    int wake[2];
    int fds[FAKE_CONNECTIONS_MAX];
    bool running;
};

/* Makes the directory; nothing listens yet. */
void fake_init(struct fake *fake);
void fake_deinit(struct fake *fake);

void fake_start(struct fake *fake);
/* Closes the socket and all connections, as a daemon that ends does. */
void fake_stop(struct fake *fake);

/* Wait, for at most some seconds, until so many connections are open. */
void fake_await_open(struct fake *fake, unsigned open);

#endif
