#include "lib/wire/message.h"

size_t error_write(void *buffer, size_t capacity, uint32_t id, enum wire_error error)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_ERROR, id);
    writer_u8(&w, (uint8_t)error);
    return frame_end(&w);
}

int error_read(struct frame *frame, enum wire_error *ret)
{
    uint8_t error = reader_u8(&frame->payload);
    reader_require(&frame->payload, error >= WIRE_ERROR_VERSION && error <= WIRE_ERROR_INTERNAL);
    *ret = (enum wire_error)error;
    return frame_close(frame, WIRE_ERROR);
}
