/* fuzz_question.c - what the daemon reads from its check socket: HELLO, CHECK and ATTACH
 *
 * What can be read is in its ranges, and writing it gives the same bytes again: there is one way to
 * say a thing.
 */
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/origin.h"
#include "lib/wire/message.h"

FUZZ_TARGET("question");

static void try_hello(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[WIRE_FRAME_MAX];
    struct hello hello;
    uint32_t id = frame.id;
    if (hello_read(&frame, &hello) < 0)
        return;
    DEMAND(text_is_service(hello.service));
    DEMAND(hello_write(again, sizeof again, id, &hello) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

static void try_check(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[CHECK_FRAME_MAX];
    struct query query;
    uint32_t id = frame.id;
    if (check_read(&frame, &query) < 0)
        return;
    DEMAND(query.site.len <= SITE_MAX + 1 && query.origin.len <= ORIGIN_MAX + 1);
    DEMAND((query.form == CREDENTIAL_LEGACY) == (query.kind == KIND_LEGACY));
    DEMAND(check_write(again, sizeof again, id, &query) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

static void try_attach(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[WIRE_HEADER_BYTES];
    uint32_t id = frame.id;
    if (attach_read(&frame) < 0)
        return;
    DEMAND(attach_write(again, sizeof again, id) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct frame frame;
    if (frame_open(bytes, len, &frame) < 0)
        return 0;
    try_hello(frame, bytes, len);
    try_check(frame, bytes, len);
    try_attach(frame, bytes, len);
    return 0;
}
