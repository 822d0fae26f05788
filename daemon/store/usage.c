#include "daemon/store/usage.h"

#include <errno.h>

#include "lib/core/crc.h"
#include "lib/core/cursor.h"

#define USAGE_VERSION 2
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
    writer_u64(&body, usage->interval_ns);
    writer_u64(&body, usage->burst);

    struct writer head;
    writer_init(&head, ret, BODY_AT);
    writer_u8(&head, USAGE_VERSION);
    writer_u32(&head, crc32_of(body.start, body.len));
}

/* Both are there or none, and their product is what rate.h can count with. */
static bool limit_is_sound(const struct usage *usage)
{
    if (usage->interval_ns == 0 || usage->burst == 0)
        return usage->interval_ns == usage->burst;
    return usage->burst <= RATE_TAU_MAX_NS / usage->interval_ns;
}

int usage_decode(const void *bytes, size_t len, struct usage *ret)
{
    struct reader r;
    reader_init(&r, bytes, len);
    uint8_t version = reader_u8(&r);
    reader_require(&r, version == 1 || version == USAGE_VERSION);
    uint32_t crc = reader_u32(&r);
    reader_require(&r, crc == crc32_of(r.at, r.left));

    struct usage usage = {0};
    usage.allowed = reader_u64(&r);
    usage.refused = reader_u64(&r);
    usage.last_used_at = reader_i64(&r);
    usage.debt_ns = reader_u64(&r);
    usage.saved_at_ns = reader_i64(&r);
    if (version != 1) {
        usage.interval_ns = reader_u64(&r);
        usage.burst = reader_u64(&r);
    }
    reader_require(&r, limit_is_sound(&usage));
    if (!reader_finished(&r))
        return -EBADMSG;
    *ret = usage;
    return 0;
}
