/* flood.h - one user who asks for more than his share, for as long as he is let
 *
 * For neighbour.c, which measures what that costs another one.
 */
#ifndef STKGATE_TESTS_LOAD_FLOOD_H
#define STKGATE_TESTS_LOAD_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FLOOD_ATTEMPTS 10000 /* connections that he tries to open */

enum flood_kind {
    FLOOD_CHECKS,      /* check.sock: on all connections that he gets, a CHECK whenever one fits */
    FLOOD_CONNECTIONS, /* check.sock: connects and leaves, again and again */
    FLOOD_HTTP,        /* http.sock: requests on all connections that he gets */
    FLOOD_KINDS,
};

struct flood_options {
    const char *runtime;
    const char *token, *site, *origin;
    enum flood_kind kind;
    uid_t uid;
    bool shares; /* the processors with all others: see flood_become() */
};

/* How many of the attempts were admitted, and how many were refused. */
struct flood_count {
    unsigned admitted, refused;
};

/* Becomes uid, opens what it gets, writes a struct flood_count to report_fd, and floods until it is
 * killed. Never returns. */
void flood_run(const struct flood_options *options, int report_fd) __attribute__((noreturn));

/* What both users ask, of this token and as service "default": a CHECK, or a request of HTTP. Each
 * returns its length. */
#define FLOOD_QUESTION_MAX 1024
size_t flood_question(const struct flood_options *options, void *buffer, size_t capacity);
size_t flood_request(const struct flood_options *options, char *buffer, size_t capacity);

/* A connection to check.sock on which HELLO was answered by WELCOME; -1: refused. Ends the program
 * on other failures. */
int flood_dial(const char *runtime);
/* A connection to http.sock, on which nothing was said. */
int flood_dial_http(const char *runtime);

/* Where a process may run. */
enum flood_place {
    FLOOD_ANYWHERE,
    FLOOD_LAST,       /* the flood has the last processor to itself, where there are several, */
    FLOOD_BEFORE_LAST /* and others have the rest: what is measured is how the daemon deals with it,
                       * and not whom the kernel gives a processor */
};

/* Give up all rights but this uid's; the process dies with its parent. */
void flood_become(uid_t uid, enum flood_place place);

#endif
