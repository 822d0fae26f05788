/* change.h - a change to the table, as one value
 *
 * What is random in it (key id, digest) is drawn by who makes it, so that a change is data:
 * applying it is deterministic, and its outcome is a record with a sequence number that could be
 * replayed elsewhere. It owns its memory: it crosses from the event loop to the committer's thread
 * and back.
 */
#ifndef STKGATE_DAEMON_STORE_CHANGE_H
#define STKGATE_DAEMON_STORE_CHANGE_H

#include <sys/types.h>

#include "daemon/store/store.h"

enum change_verb {
    CHANGE_MINT = 1,
    CHANGE_ROTATE = 2,
    CHANGE_REVOKE = 3,
    CHANGE_LEGACY_ADD = 4,
    CHANGE_SCOPE_ADD = 5,
    CHANGE_EDIT = 6,
    CHANGE_SUSPEND = 7,
    CHANGE_RESUME = 8,
    CHANGE_ROTATE_FINISH = 9,   /* end a grace that is running: the old one is revoked now */
    CHANGE_ROTATE_CANCEL = 10,  /* the old one goes on as before, its successor is revoked */
    CHANGE_ROTATE_SHORTEN = 11, /* the grace that is running ends earlier */
    CHANGE_LEGACY_REMOVE = 12,  /* the row goes; the audit trail stays */
    /* later verbs go here; the numbers stand in the audit trail */
};

/* "mint", "legacy-add", "edit", "suspend", "resume", "rotate-finish", "rotate-cancel",
 * "rotate-shorten", "legacy-remove" ... Static. */
const char *change_verb_name(enum change_verb verb);

/* What an EDIT changes: or-ed. */
enum edit_field {
    EDIT_NAME = 1 << 0,
    EDIT_SCOPES = 1 << 1,
    EDIT_ORIGINS = 1 << 2,
    EDIT_MISSING_ORIGIN = 1 << 3,
    EDIT_REQUESTS = 1 << 4, /* a burst that is as large as the requests goes with them */
    EDIT_WINDOW = 1 << 5,
    EDIT_BURST = 1 << 6,
    EDIT_EXPIRES = 1 << 7,
    EDIT_STRICT = 1 << 8,
    EDIT_DEPRECATION = 1 << 9, /* this and the next two: of legacy keys alone */
    EDIT_SUNSET = 1 << 10,
    EDIT_LINK = 1 << 11,
    EDIT_LEGACY = EDIT_DEPRECATION | EDIT_SUNSET | EDIT_LINK,
    EDIT_LIMIT = EDIT_REQUESTS | EDIT_WINDOW | EDIT_BURST,
    EDIT_ALL = (1 << 12) - 1,
};

/* Who asked for it: from SO_PEERCRED. pid is for people to read, never for a decision. */
struct actor {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

struct change {
    enum change_verb verb;
    struct actor actor;
    int64_t at; /* Unix seconds */
    /* MINT, LEGACY_ADD: the new record. ROTATE: its key_id, digest and secret_prefix count, the
     * rest is inherited. EDIT: what edit_fields names counts. Encoded, so that it owns its bytes.
     */
    uint8_t record[RECORD_BYTES_MAX];
    size_t record_len;
    char key_id[KEY_ID_LEN + 1];    /* which one; of MINT, LEGACY_ADD and SCOPE_ADD none */
    uint64_t grace_s;               /* ROTATE, ROTATE_SHORTEN: the old one lives on for that long */
    unsigned edit_fields;           /* EDIT: enum edit_field, or-ed; not 0 */
    char reason[REASON_MAX + 1];    /* REVOKE, SUSPEND */
    char scope[SCOPE_NAME_MAX + 1]; /* SCOPE_ADD */
};

/* What became of it. */
struct change_result {
    /* 0 committed; -ENOENT no such key_id; -EEXIST that credential or scope is there already;
     * -EALREADY revoked, suspended or (RESUME) not suspended, so nothing to do; -EPERM revoked, or
     * of ROTATE expired: can't be changed any more; -EINPROGRESS rotated already, its grace is
     * running (ROTATE_CANCEL: its successor was itself rotated); -ESRCH no grace is running, or
     * (ROTATE_SHORTEN) it ends before that already; -EOPNOTSUPP a legacy key can't be rotated, and
     * a token can't be removed or have a sunset; -ENOSPC the table or the registry is full; -EDQUOT
     * the disk is; -EROFS the disk became read-only; -EINVAL not a new record, a scope that is not
     * registered, another kind than the old token's, or a value out of its range; -EBADMSG a
     * damaged record; -EIO the outcome is unknown: the daemon must exit; -ESTALE data.mdb is not
     * the file any more that is open (table_file.h): the daemon must exit; -ESHUTDOWN never tried,
     * because of one of those two before; -ENOMEM. All but 0 and -EIO: the table is as it was. */
    int error;
    uint64_t seq;
    /* As committed: the new one; of ROTATE_* the old one, of LEGACY_REMOVE the one that is gone, of
     * all others the one changed; of SCOPE_ADD none, record_len 0. */
    uint8_t record[RECORD_BYTES_MAX];
    size_t record_len;
    /* ROTATE: of the old one, whose debt the new one inherits. ROTATE_CANCEL: of the successor. */
    uint8_t previous_digest[DIGEST_BYTES];
};

/* Put the fields that are named (enum edit_field) of from into to, as an EDIT does. Borrows. */
void change_edit_put(unsigned fields, const struct record *from, struct record *to);

/* What an EDIT changes, as the audit trail says it: "name, limit". */
void change_edit_name(unsigned fields, char ret[static REASON_MAX + 1]);

/* Apply one change in the committer's open transaction: all of it, with its audit entry and seq, or
 * nothing; but after -EIO the whole transaction must be given up. Only committer.c calls this.
 * Returns what result->error says. */
struct MDB_txn;
int change_apply(struct store *store, struct MDB_txn *txn, const struct change *change,
                 struct change_result *result);

#endif
