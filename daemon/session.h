/* session.h - one connection of the check socket, as a state machine
 *
 * Bytes in, bytes out, no system call on a descriptor, no clock: server.c moves the bytes, and the
 * two descriptors that an answer may want sent along. A connection says HELLO first; then CHECKs,
 * each answered by a VERDICT, ATTACH, answered by ATTACHED, and further HELLOs. Anything else ends
 * it.
 */
#ifndef STKGATE_DAEMON_SESSION_H
#define STKGATE_DAEMON_SESSION_H

#include "daemon/authz.h"
#include "daemon/service.h"
#include "lib/wire/message.h"

enum session_state {
    SESSION_NEW = 0, /* no HELLO yet */
    SESSION_READY,
    SESSION_CLOSED,
};

struct session {
    enum session_state state;
    struct peer peer;
    char service_name[SERVICE_MAX +
                      1]; /* a name, not a pointer: the configuration may be reloaded */
};

void session_init(struct session *session, const struct peer *peer);

/* What to send: len bytes of out (0 to WIRE_FRAME_MAX), with_view: and the two descriptors of
 * handout, which stay the service's. */
struct session_answer {
    size_t len;
    uint32_t id; /* of the question */
    bool with_view;
    struct handout handout;
};

/* Take one packet; put the answer into out and *ret. Returns false when the connection is to be
 * closed after the answer was sent. */
bool session_step(struct session *session, struct service *service, const void *packet, size_t len,
                  uint8_t out[static WIRE_FRAME_MAX], struct session_answer *ret);

/* The descriptors of this answer can't be sent: it becomes the one that has none, after which a
 * client goes on asking. */
void session_withhold_view(struct session_answer *answer, uint8_t out[static WIRE_FRAME_MAX]);

#endif
