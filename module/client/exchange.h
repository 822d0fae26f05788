/* exchange.h - one frame out, one frame back, within a deadline
 */
#ifndef STKGATE_CLIENT_EXCHANGE_H
#define STKGATE_CLIENT_EXCHANGE_H

#include "lib/wire/frame.h"
#include "module/client/connection.h"
#include "module/client/deadline.h"
#include "module/client/handed.h"

/* A deadline shorter than this is too short for the time-out of a socket, which the kernel rounds
 * up to ticks of its clock. */
#define EXCHANGE_TIMEOUT_MIN_MS 40

struct packet {
    void *bytes;
    size_t len;      /* bytes of the frame in it */
    size_t capacity; /* bytes */
    /* Of an answer: takes the descriptors that come along with it, to be closed by the caller,
     * also after a failure. NULL: there is no buffer for any, and the kernel closes them. */
    struct handed *handed;
};

/* Sends what is in *out, a frame of the connection's last_id, and receives the answer into *in, to
 * which *ret then points. The type of the answer is for the caller to judge; an ERROR is judged
 * here. After a failure the connection is of no more use: an answer that comes late would be
 * taken for that of the next call.
 * 0; -ETIMEDOUT; -ECONNRESET: the daemon went away before an answer, or the host program took the
 * descriptor; -EPROTO: no frame, longer than *in, or an answer to something else; of an ERROR:
 * -EPROTONOSUPPORT, -EPERM, -EAGAIN (BUSY), -EIO (INTERNAL), -EPROTO. */
int exchange_frames(struct connection *connection, struct deadline *deadline,
                    const struct packet *out, struct packet *in, struct frame *ret);

#endif
