/* fuzz_answer.c - what the client library reads from the check socket: WELCOME, VERDICT, ATTACHED,
 * ERROR
 *
 * What can be read is in its ranges, and writing it gives the same bytes again. A verdict that can
 * be read can be shown: each header field is one line of printable characters.
 */
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/headers.h"
#include "lib/wire/message.h"

FUZZ_TARGET("answer");

static int expect_one_line(const char *name, const char *value, void *userdata)
{
    DEMAND(name[0] != '\0' && strlen(value) < HEADER_VALUE_MAX);
    for (const char *c = value; *c != '\0'; c++)
        DEMAND(*c >= 0x20 && *c < 0x7f);
    return 0;
}

static void show(const struct verdict *verdict, uint8_t fields)
{
    char body[PROBLEM_MAX];
    struct policy policy;
    struct scope_registry registry;
    policy_init(&policy);
    policy.fields = fields;
    scope_registry_init(&registry);
    DEMAND(headers_each(verdict, &policy, &registry, expect_one_line, NULL) == 0);
    DEMAND(headers_problem(verdict, body) < sizeof body);
}

static void try_verdict(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[VERDICT_FRAME_MAX];
    struct verdict verdict;
    uint64_t generation;
    uint32_t id = frame.id;
    if (verdict_read(&frame, &generation, &verdict) < 0)
        return;
    DEMAND(verdict_write(again, sizeof again, id, generation, &verdict) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
    for (uint8_t fields = FIELDS_THREE; fields <= FIELDS_NONE; fields++)
        show(&verdict, fields);
}

static void try_welcome(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[WIRE_FRAME_MAX];
    struct welcome welcome;
    uint32_t id = frame.id;
    if (welcome_read(&frame, &welcome) < 0)
        return;
    DEMAND(welcome_write(again, sizeof again, id, &welcome) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

static void try_attached(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[ATTACHED_FRAME_BYTES];
    struct attached attached;
    uint32_t id = frame.id;
    if (attached_read(&frame, &attached) < 0)
        return;
    DEMAND((attached.view_bytes == 0) == (attached.bucket_bytes == 0));
    DEMAND(attached_write(again, sizeof again, id, &attached) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

static void try_error(struct frame frame, const uint8_t *bytes, size_t len)
{
    uint8_t again[WIRE_FRAME_MAX];
    enum wire_error error;
    uint32_t id = frame.id;
    if (error_read(&frame, &error) < 0)
        return;
    DEMAND(error_write(again, sizeof again, id, error) == len);
    DEMAND(memcmp(again, bytes, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct frame frame;
    if (frame_open(bytes, len, &frame) < 0)
        return 0;
    try_verdict(frame, bytes, len);
    try_welcome(frame, bytes, len);
    try_attached(frame, bytes, len);
    try_error(frame, bytes, len);
    return 0;
}
