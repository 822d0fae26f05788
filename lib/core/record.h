/* record.h - what the table holds about one credential, and its bytes
 *
 * Tokens and legacy keys are the same record. Encoded: a version byte, a CRC-32 of all that follows
 * it, then the fields; an unknown version or a wrong CRC is refused, never guessed at. Pure.
 */
#ifndef STKGATE_CORE_RECORD_H
#define STKGATE_CORE_RECORD_H

#include "lib/core/digest.h"
#include "lib/core/origin.h"
#include "lib/core/rate.h"
#include "lib/core/token.h"

#define RECORD_VERSION   1
#define RECORD_BYTES_MAX 6144

/* Texts and lists are borrowed: from the encoded bytes after record_decode(), from the caller
 * before record_encode(). Times are Unix seconds, 0 for never or none. */
struct record {
    enum kind kind; /* live, test or legacy */
    bool suspended;
    bool revoked;                /* final */
    bool missing_origin_allowed; /* an absent Origin passes although origins is not empty */
    bool strict;                 /* spent in the daemon only */
    uint8_t digest[DIGEST_BYTES];
    uint64_t scopes;
    struct rate_limit limit;
    int64_t created_at;
    int64_t expires_at;
    int64_t revoked_at;
    int64_t grace_until;    /* rotated, and living on until then */
    int64_t deprecation_at; /* legacy */
    int64_t sunset_at;      /* legacy */
    uint32_t created_by;    /* uid */
    uint64_t seq;           /* of the change that wrote it */
    struct text key_id;
    struct text site;
    struct text name;
    struct text secret_prefix; /* "stk_live_" and 4 characters; empty for legacy */
    struct text reason;        /* of the revocation or suspension */
    struct text rotated_from;  /* key_id, or empty */
    struct text rotated_to;    /* key_id, or empty */
    struct text link;          /* legacy */
    struct textlist origins;   /* canonical */
};

/* Writes at most RECORD_BYTES_MAX. 0 and *ret_len; -EINVAL when a field is out of its range:
 * key_id, site, name and link as token.h and text.h have them; reason printable, at most REASON_MAX
 * bytes; secret_prefix of the kind's form; at most ORIGINS_MAX origins, each canonical; a limit
 * that rate_init() takes; times from 0 to MOMENT_MAX_S; deprecation, sunset and link of legacy keys
 * alone, the sunset not before the deprecation. */
int record_encode(const struct record *record, uint8_t ret[static RECORD_BYTES_MAX],
                  size_t *ret_len);

/* 0; -EBADMSG: not a record, truncated, a field out of range or a wrong CRC; -EPROTONOSUPPORT: of a
 * newer version. ret is untouched on failure. The ranges are those of record_encode(), but for the
 * spelling of origins: this is on the way of each check, and one that is not canonical can only
 * fail to match. */
int record_decode(const void *bytes, size_t len, struct record *ret);

enum record_state {
    RECORD_ACTIVE = 0,
    RECORD_SUSPENDED,
    RECORD_REVOKED,
    RECORD_EXPIRED, /* past expires_at, or a legacy key past its sunset */
};

/* At a wall clock time. Revoked (also: grace is over) goes before suspended, before expired. */
enum record_state record_state_at(const struct record *record, int64_t now_s);

/* "active", "suspended", "revoked", "expired". Static. */
const char *record_state_name(enum record_state state);

#endif
