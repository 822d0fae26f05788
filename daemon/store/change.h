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
    /* later verbs (edit, suspend, resume, ...) go here; the numbers stand in the audit trail */
};

const char *change_verb_name(enum change_verb verb); /* "mint", "legacy-add", ... Static. */

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
     * rest is inherited. Encoded, so that it owns its bytes. */
    uint8_t record[RECORD_BYTES_MAX];
    size_t record_len;
    char key_id[KEY_ID_LEN + 1];    /* ROTATE, REVOKE: which one */
    uint64_t grace_s;               /* ROTATE: the old one lives on for that long */
    char reason[REASON_MAX + 1];    /* REVOKE */
    char scope[SCOPE_NAME_MAX + 1]; /* SCOPE_ADD */
};

/* What became of it. */
struct change_result {
    /* 0 committed; -ENOENT no such key_id; -EEXIST that credential or scope is there already;
     * -EALREADY revoked already; -EPERM revoked or expired: can't be rotated; -EINPROGRESS rotated
     * already, its grace is running; -EOPNOTSUPP a legacy key can't be rotated; -ENOSPC the table
     * or the registry is full; -EINVAL not a new record, a scope that is not registered, another
     * kind than the old token's, or a value out of its range; -EBADMSG a damaged record; -EIO the
     * outcome is unknown: the daemon must exit; -ESHUTDOWN never tried, because of an -EIO before;
     * -ENOMEM. All but 0 and -EIO: the table is as it was. */
    int error;
    uint64_t seq;
    /* As committed: the new one; of REVOKE the old one; of SCOPE_ADD none, record_len 0. */
    uint8_t record[RECORD_BYTES_MAX];
    size_t record_len;
    uint8_t
        previous_digest[DIGEST_BYTES]; /* ROTATE: of the old one, whose debt the new one inherits */
};

/* Apply one change in the committer's open transaction: all of it, with its audit entry and seq, or
 * nothing; but after -EIO the whole transaction must be given up. Only committer.c calls this.
 * Returns what result->error says. */
struct MDB_txn;
int change_apply(struct store *store, struct MDB_txn *txn, const struct change *change,
                 struct change_result *result);

#endif
