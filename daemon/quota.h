/* quota.h - each user's share of connections and of bytes in flight, and those of all
 *
 * Bookkeeping for the two faces that everybody may reach, check.sock and http.sock, in one table:
 * no descriptor, clock or event here. A user is a uid. Not counted: admin.sock, which has
 * connections of its own.
 *
 * An account lives as long as its user has something open. Of users who were refused and have
 * nothing open any more, the last QUOTA_REMEMBERED_MAX are remembered.
 *
 * One thread (the event loop's).
 */
#ifndef STKGATE_DAEMON_QUOTA_H
#define STKGATE_DAEMON_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QUOTA_REMEMBERED_MAX 64

enum quota_face {
    QUOTA_CHECK,
    QUOTA_HTTP,
    QUOTA_FACES,
};

/* A share above the limit of all is as good as that limit. */
struct quota_limits {
    unsigned connections[QUOTA_FACES]; /* of all users */
    unsigned connections_per_user[QUOTA_FACES];
    uint64_t bytes; /* in flight: what connections and the requests under way on them may hold */
    uint64_t bytes_per_user;
};

struct quota;
struct quota_user; /* one user's account */

/* limits are copied. 0 or -ENOMEM. */
int quota_new(const struct quota_limits *limits, struct quota **ret);
/* When every connection was given back. NULL is allowed; returns NULL. */
struct quota *quota_free(struct quota *quota);

/* In force for what is asked for from now on: nobody loses what he has. */
void quota_set_limits(struct quota *quota, const struct quota_limits *limits);

/* A connection of this user on this face, that holds so many bytes while it is open. *ret is valid
 * until quota_disconnect(). 0, or one of these, counted as refused:
 *   -EDQUOT   the user's share is used up
 *   -EAGAIN   what there is for all is
 *   -ENOMEM */
int quota_connect(struct quota *quota, uid_t uid, enum quota_face face, uint64_t bytes,
                  struct quota_user **ret);
/* With the same face and bytes. user may be gone afterwards. */
void quota_disconnect(struct quota *quota, struct quota_user *user, enum quota_face face,
                      uint64_t bytes);

/* Further bytes for a request under way. 0, or -EDQUOT or -EAGAIN as above. To be given back before
 * the connection is. */
int quota_take_bytes(struct quota *quota, struct quota_user *user, uint64_t bytes);
void quota_give_bytes(struct quota *quota, struct quota_user *user, uint64_t bytes);

/* Whether a refusal of this user is to be told in the log: once a minute. now_ns: CLOCK_MONOTONIC.
 * ret_untold: how many there were since the last that was told. */
bool quota_may_tell(struct quota *quota, uid_t uid, uint64_t now_ns, uint64_t *ret_untold);

/* ---- looking ----------------------------------------------------------------------------------
 */

struct quota_usage {
    uid_t uid;
    unsigned connections[QUOTA_FACES];
    uint64_t bytes;
    uint64_t refused; /* connections and requests, since it was last forgotten */
};

/* Each account, those with something open first. fn returns 1 to stop, and must not change the
 * quota. Returns what fn returned last, or 0. */
typedef int (*quota_walk_fn)(const struct quota_usage *usage, void *userdata);
int quota_walk(const struct quota *quota, quota_walk_fn fn, void *userdata);

/* Of all users: uid is -1; refused counts since quota_new(). */
void quota_total(const struct quota *quota, struct quota_usage *ret);
const struct quota_limits *quota_limits_of(const struct quota *quota);

#endif
