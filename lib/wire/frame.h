/* frame.h - the envelope of the check socket's messages
 *
 * One SEQPACKET packet is one frame: an 8-byte header, then the payload. docs/PROTOCOL.md is the
 * reference. No descriptor here; both sides of the socket use it. Pure.
 *
 *   offset 0  u16  magic 0x4753 ("SG", little-endian)
 *          2  u8   version
 *          3  u8   type
 *          4  u32  id, chosen by the client, repeated in the answer
 */
#ifndef STKGATE_WIRE_FRAME_H
#define STKGATE_WIRE_FRAME_H

#include "lib/core/cursor.h"

#define WIRE_MAGIC        0x4753
#define WIRE_VERSION      1
#define WIRE_HEADER_BYTES 8
#define WIRE_FRAME_MAX    8192 /* bytes, header included; a longer packet ends the connection */

enum wire_type {
    WIRE_HELLO = 1,    /* client: the service that it is */
    WIRE_WELCOME = 2,  /* daemon: that service's policy, and the scope registry */
    WIRE_CHECK = 3,    /* client: one call */
    WIRE_VERDICT = 4,  /* daemon */
    WIRE_ERROR = 5,    /* daemon: why it closes the connection now */
    WIRE_ATTACH = 6,   /* client: asks for the view */
    WIRE_ATTACHED = 7, /* daemon: and there it is, two descriptors along with it */
};

struct frame {
    uint8_t type;
    uint32_t id;
    struct reader payload;
};

/* 0; -EBADMSG: too short, too long or another magic; -EPROTONOSUPPORT: another version (ret->id is
 * set then, for the answer). The type is not judged here. */
int frame_open(const void *bytes, size_t len, struct frame *ret);

/* Begin a frame in buffer; the payload follows with writer_*(), and w->len is the frame's length.
 */
void frame_begin(struct writer *w, void *buffer, size_t capacity, uint8_t type, uint32_t id);

/* The length of the frame begun, 0 when it did not fit. */
size_t frame_end(const struct writer *w);

/* 0 when the frame is of this type and its payload was read to the last byte without a failure,
 * else -EBADMSG. */
int frame_close(const struct frame *frame, uint8_t type);

#endif
