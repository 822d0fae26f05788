#include "daemon/store/usage.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"

#define USAGE_VERSION 1
#define BODY_AT       5 /* after version and CRC */

void usage_encode(const struct usage *usage, uint8_t ret[static USAGE_BYTES])
{
    struct writer body;
    writer_init(&body, ret + BODY_AT, USAGE_BYTES - BODY_AT);
    writer_u64(&body, usage->allowed);
    writer_u64(&body, usage->refused);
    writer_i64(&body, usage->last_used_at);
    writer_u64(&body, usage->debt_ns);
    writer_i64(&body, usage->saved_at_ns);

    struct writer head;
    writer_init(&head, ret, BODY_AT);
    writer_u8(&head, USAGE_VERSION);
    writer_u32(&head, crc32_of(body.start, body.len));
}

int usage_decode(const void *bytes, size_t len, struct usage *ret)
{
    struct reader r;
    reader_init(&r, bytes, len);
    reader_require(&r, reader_u8(&r) == USAGE_VERSION);
    uint32_t crc = reader_u32(&r);
    reader_require(&r, crc == crc32_of(r.at, r.left));

    struct usage usage;
    usage.allowed = reader_u64(&r);
    usage.refused = reader_u64(&r);
    usage.last_used_at = reader_i64(&r);
    usage.debt_ns = reader_u64(&r);
    usage.saved_at_ns = reader_i64(&r);
    if (!reader_finished(&r))
        return -EBADMSG;
    *ret = usage;
    return 0;
}
