#include "daemon/store/audit.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"

#define AUDIT_VERSION 1
#define BODY_AT       5 /* after version and CRC */

#define RELATED_MAX   (SCOPE_NAME_MAX > KEY_ID_LEN ? SCOPE_NAME_MAX : KEY_ID_LEN)

_Static_assert(BODY_AT + 8 + 8 + 3 * 4 + 1 + 4 + KEY_ID_LEN + RELATED_MAX + SITE_MAX + REASON_MAX <=
                   AUDIT_BYTES_MAX,
               "the longest entry fits");

static bool is_in_range(const struct audit_entry *entry)
{
    return entry->seq > 0 && entry->verb > 0 && entry->verb <= UINT8_MAX &&
           entry->key_id.len <= KEY_ID_LEN && entry->related.len <= RELATED_MAX &&
           entry->site.len <= SITE_MAX && entry->reason.len <= REASON_MAX;
}

int audit_encode(const struct audit_entry *entry, uint8_t ret[static AUDIT_BYTES_MAX],
                 size_t *ret_len)
{
    if (!is_in_range(entry))
        return -EINVAL;
    struct writer body;
    writer_init(&body, ret + BODY_AT, AUDIT_BYTES_MAX - BODY_AT);
    /* Also the key: in here it is under the CRC, so that no entry can stand in another's place. */
    writer_u64(&body, entry->seq);
    writer_i64(&body, entry->at);
    writer_u32(&body, entry->actor.uid);
    writer_u32(&body, entry->actor.gid);
    writer_u32(&body, (uint32_t)entry->actor.pid);
    writer_u8(&body, (uint8_t)entry->verb);
    writer_text8(&body, entry->key_id);
    writer_text8(&body, entry->related);
    writer_text8(&body, entry->site);
    writer_text8(&body, entry->reason);
    if (body.failed)
        return -EINVAL;

    struct writer head;
    writer_init(&head, ret, BODY_AT);
    writer_u8(&head, AUDIT_VERSION);
    writer_u32(&head, crc32_of(body.start, body.len));
    *ret_len = BODY_AT + body.len;
    return 0;
}

int audit_decode(uint64_t seq, const void *bytes, size_t len, struct audit_entry *ret)
{
    struct reader r;
    reader_init(&r, bytes, len);
    uint8_t version = reader_u8(&r);
    if (!r.failed && version > AUDIT_VERSION)
        return -EPROTONOSUPPORT;
    reader_require(&r, version == AUDIT_VERSION);
    uint32_t crc = reader_u32(&r);
    reader_require(&r, crc == crc32_of(r.at, r.left));

    struct audit_entry entry;
    entry.seq = reader_u64(&r);
    entry.at = reader_i64(&r);
    entry.actor.uid = reader_u32(&r);
    entry.actor.gid = reader_u32(&r);
    entry.actor.pid = (pid_t)reader_u32(&r);
    /* A number that this program has no name for is a later one's verb: still worth listing. */
    uint8_t verb = reader_u8(&r);
    entry.verb = (enum change_verb)verb;
    entry.key_id = reader_text8(&r, KEY_ID_LEN);
    entry.related = reader_text8(&r, RELATED_MAX);
    entry.site = reader_text8(&r, SITE_MAX);
    entry.reason = reader_text8(&r, REASON_MAX);
    reader_require(&r, verb != 0 && entry.seq == seq);
    if (!reader_finished(&r))
        return -EBADMSG;
    *ret = entry;
    return 0;
}
