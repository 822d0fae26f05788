#include "lib/wire/message.h"

size_t welcome_write(void *buffer, size_t capacity, uint32_t id, const struct welcome *welcome)
{
    struct writer w;
    frame_begin(&w, buffer, capacity, WIRE_WELCOME, id);
    writer_u64(&w, welcome->generation);
    writer_u8(&w, welcome->direct);
    policy_write(&welcome->policy, &w);
    scope_registry_write(&welcome->registry, &w);
    return frame_end(&w);
}

int welcome_read(struct frame *frame, struct welcome *ret)
{
    ret->generation = reader_u64(&frame->payload);
    uint8_t direct = reader_u8(&frame->payload);
    reader_require(&frame->payload, direct <= 1);
    ret->direct = direct == 1;
    policy_read(&ret->policy, &frame->payload);
    scope_registry_read(&ret->registry, &frame->payload);
    return frame_close(frame, WIRE_WELCOME);
}
