/* attach.h - have the daemon hand out the view
 *
 * Asked for once, on a connection that has just served a call: one thread asks, the others go on
 * over the socket meanwhile. That it fails is no failure of any call, and not every call may pay
 * for trying: after a failure it is tried again in 10 ms, after each further one in twice the time,
 * up to 1 s. A daemon that has no view for us, or none that we don't have, is asked again after
 * 1 s, or when its generation is another.
 */
#ifndef STKGATE_CLIENT_ATTACH_H
#define STKGATE_CLIENT_ATTACH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "module/client/connection.h"
#include "module/client/deadline.h"

struct stkgate;

struct attaching {
    _Atomic uint64_t due_ns;     /* not before that; also: until then, somebody is at it, */
    _Atomic uint64_t generation; /* as long as this is the daemon's */
    _Atomic uint32_t failures;
};

/* A call was answered on this connection. If the last WELCOME lets us have no view, give up one
 * that there is; else ask for it, if it is needed and that is due. 0, also when nothing came of it;
 * a negative errno value when the connection is of no more use. The caller has no seat. */
int attach_view(struct stkgate *gate, struct connection *connection, struct deadline *deadline);

#endif
