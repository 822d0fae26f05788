#include "daemon/quota.h"

#include <errno.h>
#include <stdlib.h>

#define TELL_EVERY_NS UINT64_C(60000000000)
#define HASH_SIZE     256 /* a power of 2 */

struct quota_user {
    struct quota_user *next_of_hash;
    struct quota_user *next, *prev; /* in the list of those with something open, or remembered */
    struct quota_usage usage;
    uint64_t told_refused; /* how many refusals had been told */
    uint64_t told_at_ns;   /* 0: never */
    bool is_open;
};

struct list {
    struct quota_user *first, *last;
    unsigned count;
};

struct quota {
    struct quota_limits limits;
    struct quota_usage total;
    struct list open;
    struct list remembered; /* the last one was refused longest ago */
    struct quota_user *hash[HASH_SIZE];
};

/* ---- accounts ----------------------------------------------------------------------------------
 */

static void list_remove(struct list *list, struct quota_user *user)
{
    if (user->prev)
        user->prev->next = user->next;
    else
        list->first = user->next;
    if (user->next)
        user->next->prev = user->prev;
    else
        list->last = user->prev;
    user->next = user->prev = NULL;
    list->count--;
}

static void list_push(struct list *list, struct quota_user *user)
{
    user->next = list->first;
    if (list->first)
        list->first->prev = user;
    else
        list->last = user;
    list->first = user;
    list->count++;
}

static struct quota_user **place_of(struct quota *quota, uid_t uid)
{
    struct quota_user **place = &quota->hash[uid & (HASH_SIZE - 1)];

    while (*place && (*place)->usage.uid != uid)
        place = &(*place)->next_of_hash;
    return place;
}

static void forget(struct quota *quota, struct quota_user *user)
{
    *place_of(quota, user->usage.uid) = user->next_of_hash;
    list_remove(user->is_open ? &quota->open : &quota->remembered, user);
    free(user);
}

/* A new account begins as a remembered one. */
static struct quota_user *account_of(struct quota *quota, uid_t uid)
{
    struct quota_user **place = place_of(quota, uid);
    struct quota_user *user = *place;

    if (user)
        return user;
    user = calloc(1, sizeof *user);
    if (!user)
        return NULL;
    user->usage.uid = uid;
    *place = user;
    list_push(&quota->remembered, user);
    return user;
}

/* Put it in the list where it belongs, or forget it. */
static void file_account(struct quota *quota, struct quota_user *user)
{
    bool is_open = user->usage.connections[QUOTA_CHECK] + user->usage.connections[QUOTA_HTTP] > 0;

    list_remove(user->is_open ? &quota->open : &quota->remembered, user);
    list_push(is_open ? &quota->open : &quota->remembered, user);
    user->is_open = is_open;
    if (!is_open && user->usage.refused == 0)
        forget(quota, user);
    else if (quota->remembered.last && quota->remembered.count > QUOTA_REMEMBERED_MAX)
        forget(quota, quota->remembered.last);
}

/* ---- life --------------------------------------------------------------------------------------
 */

int quota_new(const struct quota_limits *limits, struct quota **ret)
{
    struct quota *quota = calloc(1, sizeof *quota);

    if (!quota)
        return -ENOMEM;
    quota->limits = *limits;
    quota->total.uid = (uid_t)-1;
    *ret = quota;
    return 0;
}

struct quota *quota_free(struct quota *quota)
{
    if (!quota)
        return NULL;
    while (quota->open.first)
        forget(quota, quota->open.first);
    while (quota->remembered.first)
        forget(quota, quota->remembered.first);
    free(quota);
    return NULL;
}

void quota_set_limits(struct quota *quota, const struct quota_limits *limits)
{
    quota->limits = *limits;
}

/* ---- taking and giving back --------------------------------------------------------------------
 */

static int judge_bytes(const struct quota *quota, const struct quota_user *user, uint64_t bytes)
{
    const struct quota_limits *limits = &quota->limits;
    uint64_t own = user->usage.bytes, all = quota->total.bytes;

    if (own > limits->bytes_per_user || bytes > limits->bytes_per_user - own)
        return -EDQUOT;
    return all > limits->bytes || bytes > limits->bytes - all ? -EAGAIN : 0;
}

static int judge_connection(const struct quota *quota, const struct quota_user *user,
                            enum quota_face face, uint64_t bytes)
{
    if (user->usage.connections[face] >= quota->limits.connections_per_user[face])
        return -EDQUOT;
    if (quota->total.connections[face] >= quota->limits.connections[face])
        return -EAGAIN;
    return judge_bytes(quota, user, bytes);
}

static int count_refusal(struct quota *quota, struct quota_user *user, int error)
{
    user->usage.refused++;
    quota->total.refused++;
    return error;
}

static void move_bytes(struct quota *quota, struct quota_user *user, uint64_t bytes, bool take)
{
    user->usage.bytes += take ? bytes : -bytes;
    quota->total.bytes += take ? bytes : -bytes;
}

int quota_connect(struct quota *quota, uid_t uid, enum quota_face face, uint64_t bytes,
                  struct quota_user **ret)
{
    struct quota_user *user = account_of(quota, uid);

    if (!user)
        return -ENOMEM;
    int r = judge_connection(quota, user, face, bytes);
    if (r < 0) {
        (void)count_refusal(quota, user, r);
    } else {
        user->usage.connections[face]++;
        quota->total.connections[face]++;
        move_bytes(quota, user, bytes, true);
        *ret = user;
    }
    /* Where it is filed changes only with what it has open, and with the first refusal. */
    if (!user->is_open)
        file_account(quota, user);
    return r;
}

void quota_disconnect(struct quota *quota, struct quota_user *user, enum quota_face face,
                      uint64_t bytes)
{
    user->usage.connections[face]--;
    quota->total.connections[face]--;
    move_bytes(quota, user, bytes, false);
    if (user->usage.connections[QUOTA_CHECK] + user->usage.connections[QUOTA_HTTP] == 0)
        file_account(quota, user);
}

int quota_take_bytes(struct quota *quota, struct quota_user *user, uint64_t bytes)
{
    int r = judge_bytes(quota, user, bytes);

    if (r < 0)
        return count_refusal(quota, user, r);
    move_bytes(quota, user, bytes, true);
    return 0;
}

void quota_give_bytes(struct quota *quota, struct quota_user *user, uint64_t bytes)
{
    move_bytes(quota, user, bytes, false);
}

bool quota_may_tell(struct quota *quota, uid_t uid, uint64_t now_ns, uint64_t *ret_untold)
{
    struct quota_user *user = *place_of(quota, uid);

    if (!user || (user->told_at_ns != 0 && now_ns - user->told_at_ns < TELL_EVERY_NS))
        return false;
    *ret_untold = user->usage.refused - user->told_refused;
    user->told_refused = user->usage.refused;
    user->told_at_ns = now_ns;
    return true;
}

/* ---- looking -----------------------------------------------------------------------------------
 */

int quota_walk(const struct quota *quota, quota_walk_fn fn, void *userdata)
{
    int r = 0;

    for (const struct quota_user *user = quota->open.first; user && r == 0; user = user->next)
        r = fn(&user->usage, userdata);
    for (const struct quota_user *user = quota->remembered.first; user && r == 0; user = user->next)
        r = fn(&user->usage, userdata);
    return r;
}

void quota_total(const struct quota *quota, struct quota_usage *ret)
{
    *ret = quota->total;
}

const struct quota_limits *quota_limits_of(const struct quota *quota)
{
    return &quota->limits;
}
