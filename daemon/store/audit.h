/* audit.h - entries of the audit trail: who changed what, when and why
 *
 * Written in the transaction of the change itself, keyed by its seq. Pure codec.
 */
#ifndef STKGATE_DAEMON_STORE_AUDIT_H
#define STKGATE_DAEMON_STORE_AUDIT_H

#include "daemon/store/change.h"

#define AUDIT_BYTES_MAX 1024

struct audit_entry {
    uint64_t seq;
    int64_t at;
    struct actor actor;
    enum change_verb verb;
    struct text key_id;  /* the one changed; of MINT the new one; empty for SCOPE_ADD */
    struct text related; /* ROTATE, ROTATE_CANCEL: the new key_id; SCOPE_ADD: the scope */
    struct text site;
    struct text reason; /* REVOKE, SUSPEND: as given; EDIT: what it changed */
};

int audit_encode(const struct audit_entry *entry, uint8_t ret[static AUDIT_BYTES_MAX],
                 size_t *ret_len);
/* Borrows from bytes. -EBADMSG, -EPROTONOSUPPORT. */
int audit_decode(uint64_t seq, const void *bytes, size_t len, struct audit_entry *ret);

#endif
