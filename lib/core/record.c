/* record.c - see record.h
 *
 *   u8 version, u32 crc of the rest, u8 kind, u8 flags, 32 bytes digest, u64 scopes,
 *   u64 requests, u64 window_ns, u64 burst, i64 created, expires, revoked, grace, deprecation,
 *   sunset, u32 created_by, u64 seq, text8 key_id, site, name, secret_prefix, reason,
 *   rotated_from, rotated_to, link, packed list (u16) of origins
 */
#include "lib/core/record.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"
#include "lib/core/moment.h"
#include "lib/core/uninitialized.h"

#define HEADER_BYTES (1 + 4)

enum record_flag {
    FLAG_SUSPENDED = 1,
    FLAG_REVOKED = 2,
    FLAG_MISSING_ORIGIN_ALLOWED = 4,
    FLAG_STRICT = 8,
    FLAGS_ALL = 15,
};

_Static_assert(HEADER_BYTES + 2 + DIGEST_BYTES + 11 * 8 + 4 + 8 + 3 * KEY_ID_LEN + SITE_MAX +
                       NAME_MAX_LEN + SECRET_PREFIX_LEN + REASON_MAX + LINK_MAX_LEN + 2 +
                       ORIGINS_BYTES_MAX <=
                   RECORD_BYTES_MAX,
               "each record in range can be encoded");

/* ---- ranges -------------------------------------------------------------------------------- */

static bool record_times_are_valid(const struct record *record)
{
    const int64_t times[] = {record->created_at,  record->expires_at,     record->revoked_at,
                             record->grace_until, record->deprecation_at, record->sunset_at};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] < 0 || times[i] > MOMENT_MAX_S)
            return false;
    return true;
}

static bool record_legacy_is_valid(const struct record *record)
{
    if (record->kind != KIND_LEGACY)
        return record->deprecation_at == 0 && record->sunset_at == 0 && record->link.len == 0;
    if (record->deprecation_at != 0 && record->sunset_at != 0 &&
        record->sunset_at < record->deprecation_at)
        return false; /* RFC 9745 section 4 */
    return record->link.len == 0 || text_is_link(record->link);
}

static bool record_prefix_is_valid(enum kind kind, struct text prefix)
{
    if (kind == KIND_LEGACY)
        return prefix.len == 0;
    return prefix.len == SECRET_PREFIX_LEN &&
           text_begins(prefix, kind == KIND_LIVE ? TEXT("stk_live_") : TEXT("stk_test_")) &&
           token_is_base62(
               (struct text){prefix.data + TOKEN_PREFIX_LEN, prefix.len - TOKEN_PREFIX_LEN});
}

static bool key_id_is_valid_or_empty(struct text t)
{
    return t.len == 0 || key_id_is_valid(t);
}

/* All but the spelling of the origins, which takes long and which record_encode() saw to. */
static bool record_is_valid(const struct record *record)
{
    struct rate rate;
    return record->kind >= KIND_LIVE && record->kind <= KIND_LEGACY &&
           rate_init(&rate, &record->limit) == RATE_OK && record_times_are_valid(record) &&
           record_legacy_is_valid(record) &&
           record_prefix_is_valid(record->kind, record->secret_prefix) &&
           key_id_is_valid(record->key_id) && key_id_is_valid_or_empty(record->rotated_from) &&
           key_id_is_valid_or_empty(record->rotated_to) && text_is_site(record->site) &&
           text_is_name(record->name) && record->reason.len <= REASON_MAX &&
           text_is_printable(record->reason) && textlist_count(record->origins) <= ORIGINS_MAX;
}

/* What people write must not hold what nobody may read. */
static bool record_tells_a_secret(const struct record *record)
{
    return token_is_within(record->site) || token_is_within(record->name) ||
           token_is_within(record->reason) || token_is_within(record->link);
}

static bool record_origins_are_canonical(const struct record *record)
{
    struct text origin;
    for (size_t at = 0; textlist_next(record->origins, &at, &origin);) {
        char canonical[ORIGIN_MAX + 1];
        size_t len;
        if (origin_canonicalise(origin, canonical, &len) != ORIGIN_OK ||
            !text_equal(origin, (struct text){canonical, len}))
            return false;
    }
    return true;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static uint8_t record_flags(const struct record *record)
{
    return (uint8_t)((record->suspended ? FLAG_SUSPENDED : 0) |
                     (record->revoked ? FLAG_REVOKED : 0) |
                     (record->missing_origin_allowed ? FLAG_MISSING_ORIGIN_ALLOWED : 0) |
                     (record->strict ? FLAG_STRICT : 0));
}

static void record_write_fields(const struct record *record, struct writer *w)
{
    writer_u8(w, (uint8_t)record->kind);
    writer_u8(w, record_flags(record));
    writer_bytes(w, record->digest, DIGEST_BYTES);
    writer_u64(w, record->scopes);
    writer_u64(w, record->limit.requests);
    writer_u64(w, record->limit.window_ns);
    writer_u64(w, record->limit.burst);
    writer_i64(w, record->created_at);
    writer_i64(w, record->expires_at);
    writer_i64(w, record->revoked_at);
    writer_i64(w, record->grace_until);
    writer_i64(w, record->deprecation_at);
    writer_i64(w, record->sunset_at);
    writer_u32(w, record->created_by);
    writer_u64(w, record->seq);
    writer_text8(w, record->key_id);
    writer_text8(w, record->site);
    writer_text8(w, record->name);
    writer_text8(w, record->secret_prefix);
    writer_text8(w, record->reason);
    writer_text8(w, record->rotated_from);
    writer_text8(w, record->rotated_to);
    writer_text8(w, record->link);
    writer_textlist(w, record->origins);
}

static void record_read_fields(struct record *record, struct reader *r)
{
    record->kind = (enum kind)reader_u8(r);
    uint8_t flags = reader_u8(r);
    reader_require(r, (flags & ~FLAGS_ALL) == 0);
    record->suspended = flags & FLAG_SUSPENDED;
    record->revoked = flags & FLAG_REVOKED;
    record->missing_origin_allowed = flags & FLAG_MISSING_ORIGIN_ALLOWED;
    record->strict = flags & FLAG_STRICT;
    reader_bytes(r, record->digest, DIGEST_BYTES);
    record->scopes = reader_u64(r);
    record->limit.requests = reader_u64(r);
    record->limit.window_ns = reader_u64(r);
    record->limit.burst = reader_u64(r);
    record->created_at = reader_i64(r);
    record->expires_at = reader_i64(r);
    record->revoked_at = reader_i64(r);
    record->grace_until = reader_i64(r);
    record->deprecation_at = reader_i64(r);
    record->sunset_at = reader_i64(r);
    record->created_by = reader_u32(r);
    record->seq = reader_u64(r);
    record->key_id = reader_text8(r, KEY_ID_LEN);
    record->site = reader_text8(r, SITE_MAX);
    record->name = reader_text8(r, NAME_MAX_LEN);
    record->secret_prefix = reader_text8(r, SECRET_PREFIX_LEN);
    record->reason = reader_text8(r, REASON_MAX);
    record->rotated_from = reader_text8(r, KEY_ID_LEN);
    record->rotated_to = reader_text8(r, KEY_ID_LEN);
    record->link = reader_text8(r, LINK_MAX_LEN);
    record->origins = reader_textlist(r, ORIGINS_BYTES_MAX);
}

int record_encode(const struct record *record, uint8_t ret[static RECORD_BYTES_MAX],
                  size_t *ret_len)
{
    if (!textlist_is_valid(record->origins) || !record_is_valid(record) ||
        !record_origins_are_canonical(record) || record_tells_a_secret(record))
        return -EINVAL;

    struct writer w;
    writer_init(&w, ret, RECORD_BYTES_MAX);
    writer_u8(&w, RECORD_VERSION);
    writer_u32(&w, 0); /* the CRC's place */
    record_write_fields(record, &w);
    if (w.failed)
        return -EINVAL;

    struct writer header;
    writer_init(&header, ret + 1, HEADER_BYTES - 1);
    writer_u32(&header, crc32_of(ret + HEADER_BYTES, w.len - HEADER_BYTES));
    *ret_len = w.len;
    return 0;
}

int record_decode(const void *bytes, size_t len, struct record *ret)
{
    struct reader r;
    reader_init(&r, bytes, len);
    uint8_t version = reader_u8(&r);
    if (version > RECORD_VERSION)
        return -EPROTONOSUPPORT;
    uint32_t crc = reader_u32(&r);
    if (r.failed || version != RECORD_VERSION || len > RECORD_BYTES_MAX ||
        crc != crc32_of(r.at, r.left))
        return -EBADMSG;

    UNINITIALIZED struct record record;
    record_read_fields(&record, &r);
    if (!reader_finished(&r) || !record_is_valid(&record))
        return -EBADMSG;
    *ret = record;
    return 0;
}

/* ---- states -------------------------------------------------------------------------------- */

enum record_state record_state_at(const struct record *record, int64_t now_s)
{
    if (record->revoked || (record->grace_until != 0 && now_s >= record->grace_until))
        return RECORD_REVOKED;
    if (record->suspended)
        return RECORD_SUSPENDED;
    if (record->expires_at != 0 && now_s >= record->expires_at)
        return RECORD_EXPIRED;
    if (record->sunset_at != 0 && now_s >= record->sunset_at)
        return RECORD_EXPIRED;
    return RECORD_ACTIVE;
}

const char *record_state_name(enum record_state state)
{
    switch (state) {
    case RECORD_ACTIVE: return "active";
    case RECORD_SUSPENDED: return "suspended";
    case RECORD_REVOKED: return "revoked";
    case RECORD_EXPIRED: return "expired";
    }
    return "unknown";
}
