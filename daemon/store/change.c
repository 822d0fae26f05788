#include "daemon/store/change.h"

#include <errno.h>

#include "daemon/store/application.h"

struct verb {
    const char *name;
    int (*apply)(struct application *a);
};

static const struct verb verbs[] = {
    [CHANGE_MINT] = {"mint", change_new_mint},
    [CHANGE_ROTATE] = {"rotate", change_rotate_begin},
    [CHANGE_REVOKE] = {"revoke", change_state_revoke},
    [CHANGE_LEGACY_ADD] = {"legacy-add", change_new_legacy},
    [CHANGE_SCOPE_ADD] = {"scope-add", change_new_scope},
    [CHANGE_EDIT] = {"edit", change_edit_apply},
    [CHANGE_SUSPEND] = {"suspend", change_state_suspend},
    [CHANGE_RESUME] = {"resume", change_state_resume},
    [CHANGE_ROTATE_FINISH] = {"rotate-finish", change_rotate_finish},
    [CHANGE_ROTATE_CANCEL] = {"rotate-cancel", change_rotate_cancel},
    [CHANGE_ROTATE_SHORTEN] = {"rotate-shorten", change_rotate_shorten},
    [CHANGE_LEGACY_REMOVE] = {"legacy-remove", change_new_remove},
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
