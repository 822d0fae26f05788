#include "lib/wire/frame.h"

#include <errno.h>

int frame_open(const void *bytes, size_t len, struct frame *ret)
{
    if (len < WIRE_HEADER_BYTES || len > WIRE_FRAME_MAX)
        return -EBADMSG;
    struct reader r;
    reader_init(&r, bytes, len);
    uint16_t magic = reader_u16(&r);
    uint8_t version = reader_u8(&r);
    uint8_t type = reader_u8(&r);
    uint32_t id = reader_u32(&r);
    if (r.failed || magic != WIRE_MAGIC)
        return -EBADMSG;
    *ret = (struct frame){.type = type, .id = id, .payload = r};
    return version == WIRE_VERSION ? 0 : -EPROTONOSUPPORT;
}

void frame_begin(struct writer *w, void *buffer, size_t capacity, uint8_t type, uint32_t id)
{
    writer_init(w, buffer, capacity < WIRE_FRAME_MAX ? capacity : WIRE_FRAME_MAX);
    writer_u16(w, WIRE_MAGIC);
    writer_u8(w, WIRE_VERSION);
    writer_u8(w, type);
    writer_u32(w, id);
}

size_t frame_end(const struct writer *w)
{
    return w->failed ? 0 : w->len;
}

int frame_close(const struct frame *frame, uint8_t type)
{
    return frame->type == type && reader_finished(&frame->payload) ? 0 : -EBADMSG;
}
