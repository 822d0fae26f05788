/* message.h - the check socket's messages <-> bytes
 *
 * Each _write() makes a whole frame in buffer and returns its length, 0 when it does not fit (which
 * WIRE_FRAME_MAX rules out for values in their ranges). Each _read() takes an opened frame and
 * returns 0 or -EBADMSG: wrong type, truncated, a value out of range, bytes left over; ret is then
 * undefined. Texts in ret point into the frame's bytes. Pure.
 */
#ifndef STKGATE_WIRE_MESSAGE_H
#define STKGATE_WIRE_MESSAGE_H

#include "lib/core/decide.h"
#include "lib/core/scope.h"
#include "lib/wire/frame.h"

struct hello {
    struct text service;
};

/* A client keeps this: decisions and headers follow it. */
struct welcome {
    uint64_t generation; /* of policies and registry; a VERDICT with another one: say HELLO again */
    bool direct;         /* this user may have the view: say ATTACH */
    struct policy policy;
    struct scope_registry registry;
};

/* What comes with the descriptors of the view and of its buckets, in this order. Without
 * descriptors, and all zero: there is no view for you (any more). */
struct attached {
    uint64_t clock_ns; /* the daemon's CLOCK_MONOTONIC, read between question and answer: a client
                        * whose own says otherwise lives in another time namespace */
    uint64_t view_bytes, bucket_bytes;
};

enum wire_error {
    WIRE_ERROR_VERSION = 1,     /* this daemon speaks WIRE_VERSION */
    WIRE_ERROR_FRAME = 2,       /* not a frame, or out of order */
    WIRE_ERROR_NOT_ALLOWED = 3, /* this user may not ask as this service */
    WIRE_ERROR_BUSY = 4,        /* too many connections */
    WIRE_ERROR_INTERNAL = 5,    /* the table could not be read; the journal says why */
};

/* Room for any CHECK, and for any VERDICT. */
#define CHECK_FRAME_MAX   512
#define VERDICT_FRAME_MAX 512
/* The length of an ATTACHED. */
#define ATTACHED_FRAME_BYTES (WIRE_HEADER_BYTES + 3 * 8)

size_t hello_write(void *buffer, size_t capacity, uint32_t id, const struct hello *hello);
int hello_read(struct frame *frame, struct hello *ret);

size_t welcome_write(void *buffer, size_t capacity, uint32_t id, const struct welcome *welcome);
int welcome_read(struct frame *frame, struct welcome *ret);

/* The question for the view has no content. */
size_t attach_write(void *buffer, size_t capacity, uint32_t id);
int attach_read(struct frame *frame);
size_t attached_write(void *buffer, size_t capacity, uint32_t id, const struct attached *attached);
int attached_read(struct frame *frame, struct attached *ret);

/* A site or origin longer than any that could match is cut to one byte more than that: it matches
 * nothing all the same. query->form must be TOKEN or LEGACY: a missing or malformed credential is
 * refused by the client itself, with the same decide(). */
size_t check_write(void *buffer, size_t capacity, uint32_t id, const struct query *query);
int check_read(struct frame *frame, struct query *ret);

size_t verdict_write(void *buffer, size_t capacity, uint32_t id, uint64_t generation,
                     const struct verdict *verdict);
int verdict_read(struct frame *frame, uint64_t *ret_generation, struct verdict *ret);

size_t error_write(void *buffer, size_t capacity, uint32_t id, enum wire_error error);
int error_read(struct frame *frame, enum wire_error *ret);

#endif
