#include "lib/wire/message.h"

size_t attach_write(void *buffer, size_t capacity, uint32_t id)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_ATTACH, id);
    return frame_end(&w);
}

int attach_read(struct frame *frame)
{
    return frame_close(frame, WIRE_ATTACH);
}

size_t attached_write(void *buffer, size_t capacity, uint32_t id, const struct attached *attached)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_ATTACHED, id);
    writer_u64(&w, attached->clock_ns);
    writer_u64(&w, attached->view_bytes);
    writer_u64(&w, attached->bucket_bytes);
    return frame_end(&w);
}

int attached_read(struct frame *frame, struct attached *ret)
{
    ret->clock_ns = reader_u64(&frame->payload);
    ret->view_bytes = reader_u64(&frame->payload);
    ret->bucket_bytes = reader_u64(&frame->payload);
    reader_require(&frame->payload, (ret->view_bytes == 0) == (ret->bucket_bytes == 0));
    return frame_close(frame, WIRE_ATTACHED);
}
