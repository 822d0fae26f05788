/* application.h - one change under way: what verbs do to the table's rows
 *
 * Private to daemon/store. In a child transaction, which change_apply() ends: whatever fails here
 * leaves no trace. Nothing is drawn by lot and no clock is read: the change says it all, so that
 * applying it again elsewhere makes the same table.
 */
#ifndef STKGATE_DAEMON_STORE_APPLICATION_H
#define STKGATE_DAEMON_STORE_APPLICATION_H

#include "daemon/store/audit.h"
#include "daemon/store/tables.h"

struct application {
    struct store *store;
    MDB_txn *txn;
    const struct change *change;
    struct change_result *result;
    uint64_t seq;
    /* Set by the verb. Texts stand in change, in result or in reason: what is read from the
     * transaction is gone with its next write. */
    struct audit_entry audit;
    char reason[REASON_MAX + 1];
};

/* -ENOSPC: the part of the table is used up that is for what is not urgent; -EDQUOT: the disk is
 * full. */
int application_require_room(struct application *a);
/* -EINVAL: one is not registered. */
int application_require_scopes(struct application *a, uint64_t scopes);

/* The record that the change names. Borrowed until the next write. -ENOENT, -EBADMSG. */
int application_read(struct application *a, struct record *ret);

/* Set record's seq, encode it as the change's result, name it in the audit entry, and set *ret to
 * what stands in the result. -EINVAL: a field out of its range. */
int application_settle(struct application *a, const struct record *record, struct record *ret);

/* Settle the record, and put it in the place of the one that is there. reason is for the audit
 * entry and must outlive a. */
int application_replace(struct application *a, const struct record *record, struct text reason);

/* Put another record than the result's in its place. Writes: borrowed records are gone. */
int application_put_other(struct application *a, struct text key_id, const uint8_t *bytes,
                          size_t len);

/* Put the settled record of a new credential into token, digest and site. -EEXIST. */
int application_add(struct application *a, const struct record *settled);
/* Take the rows of a settled record out of token, digest, site and usage. -EBADMSG: one of them
 * was not there. */
int application_remove(struct application *a, const struct record *settled);

/* ---- the verbs: each sets a->audit and a->result->record; errors as change_result has them -----
 */

int change_new_mint(struct application *a);
int change_new_legacy(struct application *a);
int change_new_scope(struct application *a);
int change_new_remove(struct application *a); /* LEGACY_REMOVE */

int change_state_revoke(struct application *a);
int change_state_suspend(struct application *a);
int change_state_resume(struct application *a);

int change_rotate_begin(struct application *a);
int change_rotate_finish(struct application *a);
int change_rotate_cancel(struct application *a);
int change_rotate_shorten(struct application *a);

int change_edit_apply(struct application *a);

#endif
