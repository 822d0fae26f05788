/* session.h - one connection of the check socket, as a state machine
 *
 * Bytes in, bytes out, no descriptor and no clock: server.c only moves bytes. A connection says
 * HELLO first; then CHECKs, each answered by a VERDICT, and further HELLOs. Anything else ends it.
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

/* Take one packet; put the answer (0 to WIRE_FRAME_MAX bytes) into out and its length into
 * *ret_len. Returns false when the connection is to be closed after the answer was sent. */
bool session_step(struct session *session, struct service *service, const void *packet, size_t len,
                  uint8_t out[static WIRE_FRAME_MAX], size_t *ret_len);

#endif
