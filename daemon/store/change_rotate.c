/* A new value takes the place of an old one, at once or after a grace: rotate, and what can be done
 * to a grace that is running. */
#include <errno.h>

#include "daemon/store/application.h"

static int require_rotatable(const struct record *old, int64_t at)
{
    if (old->kind == KIND_LEGACY)
        return -EOPNOTSUPP;
    enum record_state state = record_state_at(old, at);
    if (old->revoked || state == RECORD_REVOKED || state == RECORD_EXPIRED)
        return -EPERM;
    if (old->grace_until != 0)
        return -EINPROGRESS;
    return 0;
}

static int make_successor(struct application *a, const struct record *old, struct record *ret)
{
    struct record fresh;
    if (record_decode(a->change->record, a->change->record_len, &fresh) < 0 ||
        fresh.kind != old->kind)
        return -EINVAL;
    *ret = *old; /* also its suspension: rotating is no way out of that */
    ret->key_id = fresh.key_id;
    ret->secret_prefix = fresh.secret_prefix;
    memcpy(ret->digest, fresh.digest, DIGEST_BYTES);
    ret->rotated_from = old->key_id;
    ret->rotated_to = TEXT("");
    ret->created_at = a->change->at;
    ret->created_by = a->change->actor.uid;
    return 0;
}

static void revoke(struct record *record, int64_t at, struct text reason)
{
    record->revoked = true;
    record->revoked_at = at;
    record->grace_until = 0;
    record->reason = reason;
}

/* End a rotated record's life grace_s from the change on. -EINVAL: beyond the end of time. */
static int end_life(const struct application *a, struct record *record)
{
    int64_t at = a->change->at;
    if (a->change->grace_s == 0)
        revoke(record, at, TEXT("rotated"));
    else if (at < 0 || a->change->grace_s > (uint64_t)(INT64_MAX - at))
        return -EINVAL;
    else
        record->grace_until = at + (int64_t)a->change->grace_s;
    return 0;
}

int change_rotate_begin(struct application *a)
{
    struct record old, successor, settled;
    int r = application_require_room(a);
    if (r == 0)
        r = application_read(a, &old);
    if (r == 0)
        r = require_rotatable(&old, a->change->at);
    if (r == 0)
        r = make_successor(a, &old, &successor);
    if (r == 0)
        r = application_settle(a, &successor, &settled);
    if (r < 0)
        return r;

    uint8_t retired[RECORD_BYTES_MAX];
    size_t retired_len;
    memcpy(a->result->previous_digest, old.digest, DIGEST_BYTES);
    old.rotated_to = settled.key_id;
    old.seq = a->seq;
    r = end_life(a, &old);
    if (r == 0)
        r = record_encode(&old, retired, &retired_len);
    if (r == 0) /* from here on, what old borrows is gone */
        r = application_put_other(a, text_of(a->change->key_id), retired, retired_len);
    if (r == 0)
        r = application_add(a, &settled);
    a->audit.key_id = text_of(a->change->key_id);
    a->audit.related = settled.key_id;
    return r;
}

/* ---- a grace that is running ------------------------------------------------------------------
 */

/* -ESRCH: never rotated, or over, or revoked in it. */
static int read_in_grace(struct application *a, struct record *ret)
{
    int r = application_read(a, ret);
    if (r < 0)
        return r;
    bool running = ret->grace_until != 0 && record_state_at(ret, a->change->at) != RECORD_REVOKED;
    return running ? 0 : -ESRCH;
}

int change_rotate_finish(struct application *a)
{
    struct record old;
    int r = read_in_grace(a, &old);
    if (r < 0)
        return r;
    revoke(&old, a->change->at, TEXT("rotated"));
    return application_replace(a, &old, TEXT(""));
}

int change_rotate_shorten(struct application *a)
{
    struct record old;
    int r = read_in_grace(a, &old);
    if (r < 0)
        return r;
    int64_t before = old.grace_until;
    r = end_life(a, &old);
    if (r < 0)
        return r;
    if (old.grace_until >= before)
        return -ESRCH;
    return application_replace(a, &old, TEXT(""));
}

/* Encode the successor as it is to be: revoked, unless it is already. -EINPROGRESS: it has a
 * successor itself, which would be left without an origin. */
static int give_up_successor(struct application *a, struct text key_id,
                             uint8_t ret[static RECORD_BYTES_MAX], size_t *ret_len)
{
    struct record successor;
    int r = tables_record(a->store, a->txn, key_id, &successor);
    if (r < 0)
        return r == -ENOENT ? -EBADMSG : r;
    if (successor.rotated_to.len > 0)
        return -EINPROGRESS;
    memcpy(a->result->previous_digest, successor.digest, DIGEST_BYTES);
    if (!successor.revoked) {
        revoke(&successor, a->change->at, TEXT("rotation cancelled"));
        successor.seq = a->seq;
    }
    return record_encode(&successor, ret, ret_len);
}

int change_rotate_cancel(struct application *a)
{
    struct record old;
    uint8_t given_up[RECORD_BYTES_MAX];
    size_t given_up_len;
    struct record successor;
    int r = read_in_grace(a, &old);
    if (r == 0)
        r = give_up_successor(a, old.rotated_to, given_up, &given_up_len);
    if (r != 0)
        return r;
    old.grace_until = 0;
    old.rotated_to = TEXT("");
    r = application_replace(a, &old, TEXT("")); /* from here on, what old borrows is gone */
    if (r == 0)
        r = record_decode(given_up, given_up_len, &successor);
    if (r == 0)
        r = application_put_other(a, successor.key_id, given_up, given_up_len);
    if (r != 0)
        return r;
    if (text_copy(successor.key_id, a->reason, sizeof a->reason))
        a->audit.related = text_of(a->reason);
    return 0;
}
