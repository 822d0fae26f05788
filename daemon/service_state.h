/* service_state.h - what the files of the service share; for service*.c alone
 */
#ifndef STKGATE_DAEMON_SERVICE_STATE_H
#define STKGATE_DAEMON_SERVICE_STATE_H

#include <time.h>

#include "daemon/publish.h"
#include "daemon/service.h"
#include "daemon/wall_clock.h"

#define NS_PER_S UINT64_C(1000000000)

/* How far the table has been walked through, to be published: by key_id. */
enum fill_kind { FILL_NONE, FILL_BUILD, FILL_GROW };
struct view_fill {
    enum fill_kind kind;
    char after[KEY_ID_LEN + 1];
    bool damaged; /* there was a record that can't be read */
};

struct service {
    struct store *store;
    struct committer *committer;
    struct config *config;
    struct scope_registry registry;
    struct publish *publish;
    struct view_fill fill;
    bool adopted;                              /* the view was an earlier daemon's */
    int view_error, note_error, handout_error; /* told to the log last */
    struct quota *quota;
    struct attached_list *attached;
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

/* The view, an earlier daemon's if it can be; see service_new(). */
int service_open_view(struct service *service, struct fdstore *inherited);
/* Within a read: this record, or what the table has of this digest, is published. -ENOENT. */
int service_publish(struct service *service, const struct record *record, uint64_t mono_ns);
int service_publish_digest(struct service *service, const uint8_t digest[static DIGEST_BYTES],
                           uint64_t mono_ns);
/* All changes up to this one are published. Within a read. */
int service_published(struct service *service, uint64_t seq);
/* A credential, and its bucket with its state in it. -ENOENT; or why the table can't be asked. Not
 * within a read. */
int service_find(struct service *service, const uint8_t digest[static DIGEST_BYTES],
                 uint64_t mono_ns, struct view_reading *ret, struct view_bucket **ret_bucket);

/* What a bucket's row in the usage table is to say. */
void service_usage_of(struct service *service, const struct view_reading *reading,
                      const struct view_bucket *bucket, struct usage *ret);

/* The credential to owes at least what from does; both are published. -ENOENT. Within a read. */
int service_carry_debt(struct service *service, struct text from_key_id, struct text to_key_id);

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
