/* deputy.h - in the daemon's place: its own publisher, and a thread that answers as it does
 *
 * It has a table, of records in memory, and publishes it as service_view.c does; what is asked over
 * check.sock it decides from the view, as service.c does. Both clocks are read with
 * clock_gettime(), which a test may stop. The thread does nothing but answer: while the test's own
 * thread is not in a call, all stands still. kept.h keeps the views.
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_DEPUTY_H
#define STKGATE_TESTS_MODULE_CLIENT_DEPUTY_H

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/publish.h"
#include "daemon/wall_clock.h"
#include "lib/wire/message.h"

#define DEPUTY_ROWS        6000
#define DEPUTY_SERVICES    3
#define DEPUTY_CONNECTIONS 16

/* Of the table: the credential, and what was saved of its bucket, under which limit. */
struct deputy_row {
    bool there;
    struct record record; /* its texts are the test's own */
    struct bucket_start usage;
    struct rate_limit usage_limit;
    unsigned older; /* the next row whose digest begins alike, plus 1 */
};

struct deputy_connection {
    int fd; /* -1: free */
    unsigned service;
};

struct deputy {
    char runtime[64];
    _Atomic uint64_t asked; /* checks that it decided */
    _Atomic bool away;      /* closes each connection that is used */
    bool switched;          /* a larger view came; set back by whoever saw it */
    uint64_t changes;       /* records that were put or removed */

    pthread_mutex_t mutex; /* of all below */
    struct publish *publish;
    struct wall_clock wall;
    uint64_t incarnation, generation;
    struct policy policies[DEPUTY_SERVICES]; /* of the services "a", "b", "c" */
    uint64_t told_scopes[DEPUTY_SERVICES];   /* that the last WELCOME said it needs */
    unsigned count;
    struct deputy_row rows[DEPUTY_ROWS];
    unsigned newest[256 * 256]; /* row whose digest begins so, plus 1 */
    enum { DEPUTY_IDLE, DEPUTY_BUILDS, DEPUTY_GROWS } filling;
    unsigned filled; /* rows, so far */

    pthread_t thread;
    int listen_fd, wake[2];
    struct deputy_connection connections[DEPUTY_CONNECTIONS];
};

/* An empty table, and a view for so many credentials. kept_begin() was called. All abort the test
 * on failure. */
void deputy_start(struct deputy *deputy, uint64_t credentials);
void deputy_stop(struct deputy *deputy);

/* ---- changes: in effect when they return -------------------------------------------------------
 */

/* Row number of the table is this, or is a new one: deputy->count. */
void deputy_put(struct deputy *deputy, unsigned number, const struct record *record);
void deputy_remove(struct deputy *deputy, unsigned number);
void deputy_carry_debt(struct deputy *deputy, unsigned from, unsigned to);
/* Service number n has this policy from now on. */
void deputy_reload(struct deputy *deputy, unsigned service, const struct policy *policy);

/* ---- what a daemon does by itself --------------------------------------------------------------
 */

/* A bit of the work that the view takes. Returns whether there is more. */
bool deputy_work(struct deputy *deputy);
/* What buckets of so many slots owe, and what was counted there, goes into the table. */
void deputy_save(struct deputy *deputy, uint32_t slots_max);
/* The clocks have moved. Without it the lease runs out. */
void deputy_refresh(struct deputy *deputy);

enum deputy_end {
    DEPUTY_DIES,   /* and the next one takes its views over; */
    DEPUTY_LOSES,  /* stops, and the views are lost: the next one has what was saved of buckets; */
    DEPUTY_DOUBTS, /* stops, and the next one takes the views over, but doesn't trust them */
};
void deputy_restart(struct deputy *deputy, enum deputy_end end);

/* ---- looking -----------------------------------------------------------------------------------
 */

struct deputy_usage {
    uint64_t debt_ns, allowed, refused;
    uint32_t last_used_s;
};
/* Whether it is in the view; its bucket is settled then. */
bool deputy_find(struct deputy *deputy, unsigned number, struct deputy_usage *ret);

/* What the last WELCOME said that this service needs. */
uint64_t deputy_told_scopes(struct deputy *deputy, unsigned service);

#endif
