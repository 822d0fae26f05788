#include "daemon/store/change.h"

#include <errno.h>

#include "daemon/store/audit.h"
#include "daemon/store/tables.h"

/* The last part of the map is kept for revocations: a full table must not keep a stolen token
 * alive. */
#define MINT_ROOM_PERCENT 80

/* One change under way, in a child transaction that ends with it. */
struct application {
    struct store *store;
    MDB_txn *txn;
    const struct change *change;
    struct change_result *result;
    uint64_t seq;
    /* Set by the verb. Texts stand in change or result: what is read from the transaction is gone
     * with its next write. */
    struct audit_entry audit;
};

static struct text change_key_id(const struct change *change)
{
    return text_of(change->key_id);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int require_room(struct application *a)
{
    if (a->store->disk_full)
        return -EDQUOT;
    uint64_t used_bytes, map_bytes;
    int r = tables_room(a->store, a->txn, &used_bytes, &map_bytes);
    if (r < 0)
        return r;
    return used_bytes >= map_bytes / 100 * MINT_ROOM_PERCENT ? -ENOSPC : 0;
}

static int require_scopes(struct application *a, uint64_t scopes)
{
    struct scope_registry registry;
    int r = tables_scopes(a->store, a->txn, &registry);
    if (r != 0)
        return r;
    uint64_t registered =
        registry.count >= SCOPES_MAX ? UINT64_MAX : (UINT64_C(1) << registry.count) - 1;
    return scopes & ~registered ? -EINVAL : 0;
}

static int put_record(struct application *a, struct text key_id, const uint8_t *bytes, size_t len,
                      unsigned flags)
{
    return tables_put(a->store, a->txn, TABLE_TOKEN, tables_val(key_id.data, key_id.len),
                      tables_val(bytes, len), flags);
}

/* Encode record as the change's result, and set *ret to what stands there. */
static int settle_record(struct application *a, const struct record *record, struct record *ret)
{
    int r = record_encode(record, a->result->record, &a->result->record_len);
    if (r < 0)
        return r;
    return record_decode(a->result->record, a->result->record_len, ret);
}

/* Put the settled record of a new credential into token, digest and site. -EEXIST. */
static int add_credential(struct application *a, const struct record *settled)
{
    int r =
        put_record(a, settled->key_id, a->result->record, a->result->record_len, MDB_NOOVERWRITE);
    if (r < 0)
        return r;
    MDB_val key_id = tables_val(settled->key_id.data, settled->key_id.len);
    r = tables_put(a->store, a->txn, TABLE_DIGEST, tables_val(settled->digest, DIGEST_BYTES),
                   key_id, MDB_NOOVERWRITE);
    if (r < 0)
        return r;
    uint8_t site_key[TABLES_SITE_KEY_MAX];
    size_t len = tables_site_key(settled->site, settled->created_at, settled->key_id, site_key);
    r = tables_put(a->store, a->txn, TABLE_SITE, tables_val(site_key, len), tables_val("", 0),
                   MDB_NOOVERWRITE);
    return r == -EEXIST ? -EBADMSG : r; /* a site's entry for a key_id that was not in token */
}

/* ---- verbs ------------------------------------------------------------------------------------
 */

static bool is_fresh(const struct record *record)
{
    return !record->revoked && !record->suspended && record->revoked_at == 0 &&
           record->grace_until == 0 && record->reason.len == 0 && record->rotated_from.len == 0 &&
           record->rotated_to.len == 0;
}

static int apply_new(struct application *a, bool legacy)
{
    struct record record, settled;
    if (record_decode(a->change->record, a->change->record_len, &record) < 0 ||
        !is_fresh(&record) || (record.kind == KIND_LEGACY) != legacy)
        return -EINVAL;
    int r = require_room(a);
    if (r == 0)
        r = require_scopes(a, record.scopes);
    if (r < 0)
        return r;
    record.created_at = a->change->at;
    record.created_by = a->change->actor.uid;
    record.seq = a->seq;
    r = settle_record(a, &record, &settled);
    if (r < 0)
        return r;
    a->audit.key_id = settled.key_id;
    a->audit.site = settled.site;
    return add_credential(a, &settled);
}

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
    ret->rotated_to = (struct text){NULL, 0};
    ret->created_at = a->change->at;
    ret->created_by = a->change->actor.uid;
    ret->seq = a->seq;
    return 0;
}

static int retire(struct application *a, const struct record *old, struct text successor,
                  uint8_t ret[static RECORD_BYTES_MAX], size_t *ret_len)
{
    struct record retired = *old;
    retired.rotated_to = successor;
    retired.seq = a->seq;
    int64_t at = a->change->at;
    if (a->change->grace_s == 0) {
        retired.revoked = true;
        retired.revoked_at = at;
        retired.reason = TEXT("rotated");
    } else if (at < 0 || a->change->grace_s > (uint64_t)(INT64_MAX - at)) {
        return -EINVAL;
    } else {
        retired.grace_until = at + (int64_t)a->change->grace_s;
    }
    return record_encode(&retired, ret, ret_len);
}

static int apply_rotate(struct application *a)
{
    struct record old, successor, settled;
    int r = require_room(a);
    if (r == 0)
        r = tables_record(a->store, a->txn, change_key_id(a->change), &old);
    if (r == 0)
        r = require_rotatable(&old, a->change->at);
    if (r == 0)
        r = make_successor(a, &old, &successor);
    if (r == 0)
        r = settle_record(a, &successor, &settled);
    if (r != 0)
        return r;

    uint8_t retired[RECORD_BYTES_MAX];
    size_t retired_len;
    memcpy(a->result->previous_digest, old.digest, DIGEST_BYTES);
    r = retire(a, &old, settled.key_id, retired, &retired_len);
    if (r == 0) /* from here on, old is gone */
        r = put_record(a, change_key_id(a->change), retired, retired_len, 0);
    if (r == 0)
        r = add_credential(a, &settled);
    a->audit.key_id = change_key_id(a->change);
    a->audit.related = settled.key_id;
    a->audit.site = settled.site;
    return r;
}

static int apply_revoke(struct application *a)
{
    struct record record, settled;
    int r = tables_record(a->store, a->txn, change_key_id(a->change), &record);
    if (r < 0)
        return r;
    if (record.revoked)
        return -EALREADY;
    record.revoked = true;
    record.revoked_at = a->change->at;
    record.reason = text_of(a->change->reason);
    record.seq = a->seq;
    r = settle_record(a, &record, &settled);
    if (r < 0)
        return r;
    a->audit.key_id = settled.key_id;
    a->audit.site = settled.site;
    a->audit.reason = settled.reason;
    return put_record(a, settled.key_id, a->result->record, a->result->record_len, 0);
}

static int apply_scope_add(struct application *a)
{
    struct scope_registry registry;
    unsigned bit;
    int r = require_room(a);
    if (r == 0)
        r = tables_scopes(a->store, a->txn, &registry);
    if (r == 0)
        r = scope_registry_add(&registry, text_of(a->change->scope), &bit);
    if (r == 0)
        r = tables_put_scopes(a->store, a->txn, &registry);
    a->audit.related = text_of(a->change->scope);
    return r;
}

static int apply_mint(struct application *a)
{
    return apply_new(a, false);
}

static int apply_legacy_add(struct application *a)
{
    return apply_new(a, true);
}

struct verb {
    const char *name;
    int (*apply)(struct application *a);
};

static const struct verb verbs[] = {
    [CHANGE_MINT] = {"mint", apply_mint},
    [CHANGE_ROTATE] = {"rotate", apply_rotate},
    [CHANGE_REVOKE] = {"revoke", apply_revoke},
    [CHANGE_LEGACY_ADD] = {"legacy-add", apply_legacy_add},
    [CHANGE_SCOPE_ADD] = {"scope-add", apply_scope_add},
};

/* NULL when there is none. */
static const struct verb *find_verb(enum change_verb verb)
{
    size_t i = (size_t)verb;
    return i < sizeof verbs / sizeof verbs[0] && verbs[i].apply ? &verbs[i] : NULL;
}

const char *change_verb_name(enum change_verb verb)
{
    const struct verb *found = find_verb(verb);
    return found ? found->name : "unknown";
}

/* ---- around them ------------------------------------------------------------------------------
 */

static int put_audit(struct application *a)
{
    uint8_t bytes[AUDIT_BYTES_MAX];
    size_t len;
    int r = audit_encode(&a->audit, bytes, &len);
    if (r < 0)
        return r;
    uint8_t key[TABLES_AUDIT_KEY_BYTES];
    tables_audit_key(a->seq, key);
    r = tables_put(a->store, a->txn, TABLE_AUDIT, tables_val(key, sizeof key),
                   tables_val(bytes, len), MDB_APPEND);
    return r == -EEXIST ? -EBADMSG : r; /* an entry newer than "seq" */
}

static int apply_all(struct application *a, const struct verb *verb)
{
    uint64_t last;
    int r = tables_seq(a->store, a->txn, &last);
    if (r < 0)
        return r;
    a->seq = last + 1;
    a->audit.seq = a->seq;
    a->audit.at = a->change->at;
    a->audit.actor = a->change->actor;
    a->audit.verb = a->change->verb;
    r = verb->apply(a);
    if (r == 0)
        r = put_audit(a);
    if (r == 0)
        r = tables_put_seq(a->store, a->txn, a->seq);
    return r;
}

int change_apply(struct store *store, struct MDB_txn *txn, const struct change *change,
                 struct change_result *result)
{
    __attribute__((cleanup(tables_abort))) MDB_txn *child = NULL;
    result->seq = 0;
    result->record_len = 0;
    memset(result->previous_digest, 0, DIGEST_BYTES);
    const struct verb *verb = find_verb(change->verb);
    if (!verb)
        return result->error = -EINVAL;
    int r = tables_error(mdb_txn_begin(store->env, txn, 0, &child));
    if (r < 0)
        return result->error = r;

    struct application a = {.store = store, .txn = child, .change = change, .result = result};
    r = apply_all(&a, verb);
    if (r == 0) {
        child = NULL;
        if (mdb_txn_commit(a.txn) != 0)
            r = -EIO; /* the parent may have got a part of it: the whole batch must go */
    }
    if (r == 0)
        result->seq = a.seq;
    else
        result->record_len = 0;
    return result->error = r;
}
