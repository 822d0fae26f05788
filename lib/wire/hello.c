#include "lib/wire/message.h"

size_t hello_write(void *buffer, size_t capacity, uint32_t id, const struct hello *hello)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_HELLO, id);
    writer_text8(&w, hello->service);
    return frame_end(&w);
}

int hello_read(struct frame *frame, struct hello *ret)
{
    ret->service = reader_text8(&frame->payload, SERVICE_MAX);
    /* It becomes a file name on the daemon's side. */
    reader_require(&frame->payload, text_is_service(ret->service));
    return frame_close(frame, WIRE_HELLO);
}
