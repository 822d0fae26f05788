/* service_state.h - what the files of the service share; for service*.c alone
 */
#ifndef STKGATE_DAEMON_SERVICE_STATE_H
#define STKGATE_DAEMON_SERVICE_STATE_H

#include <time.h>

#include "daemon/buckets.h"
#include "daemon/service.h"
#include "daemon/wall_clock.h"

#define NS_PER_S UINT64_C(1000000000)

struct service {
    struct store *store;
    struct committer *committer;
    struct config *config;
    struct scope_registry registry;
    struct buckets *buckets;
    struct bucket *dirty; /* list of those whose usage is to be saved */
    struct digester *digester;
    struct quota *quota;
    uint64_t changes; /* committed, or tried: copies of records that are older are not trusted */
    size_t copies;
    uint64_t generation;
    uint64_t reason_counts[REASON_COUNT];
    unsigned pending;
    bool must_exit;
    uint64_t started_ns; /* CLOCK_MONOTONIC */
    struct wall_clock wall;
};

uint64_t service_clock_ns(clockid_t clock);
/* The wall clock is wall_clock.h's: in this process nothing else may decide about expiry. */
struct clock_reading service_now(struct service *service);

/* A token_random_fn: getrandom(). */
int service_random(void *bytes, size_t len, void *userdata);

/* The scope registry and, from it, what policies need: at the start, and after a name was added. */
int service_read_registry(struct service *service);
void service_resolve_scopes(struct service *service);

/* The record's bucket: taken up from the table when this is its first use, and gone over to the
 * record's limit when that is another than the bucket's. record is what the table has now. Within a
 * read. */
int service_bucket_of(struct service *service, const struct record *record, uint64_t mono_ns,
                      struct bucket **ret);
void service_mark_dirty(struct service *service, struct bucket *bucket);
void service_usage_of(struct service *service, const struct bucket *bucket, struct usage *ret);

/* The credential key_id owes at least what that with from_digest does. Within a read. */
int service_carry_debt(struct service *service, const uint8_t from_digest[static DIGEST_BYTES],
                       struct text key_id);

/* The credential's debt goes over to its limit now, and is saved so: left to the next look-up,
 * units would flow in by the old limit until then. Within a read. */
int service_convert_debt(struct service *service, struct text key_id);

/* What a bucket still owes of the debt it had when it was saved. */
uint64_t service_debt_left(const struct usage *usage, uint64_t wall_ns);
/* What a debt comes to under another limit than the one it was made under. */
uint64_t service_debt_under(const struct usage *usage, const struct rate *rate, uint64_t mono_ns);

/* A record as lists show it. Within a read. */
int service_make_listing(struct service *service, const struct record *record, struct listing *ret);

/* A walk met a record that can't be read, skipped being how many it met before: the log says which.
 * 0, or -EBADMSG: too many for an accident. */
int service_skip_damaged(struct text position, unsigned *skipped);

#endif
