/* dial.h - a new connection to the daemon, up to its WELCOME
 */
#ifndef STKGATE_CLIENT_DIAL_H
#define STKGATE_CLIENT_DIAL_H

#include "module/client/deadline.h"
#include "module/client/handle.h"

/* Connect, in the place that connection has, and introduce the service. 0, or a negative errno
 * value as stkgate_check() has it; the connection is then to be dropped. */
int dial_daemon(struct stkgate *gate, struct connection *connection, struct deadline *deadline);

/* Say HELLO (again) and publish the WELCOME. As above. */
int dial_hello(struct stkgate *gate, struct connection *connection, struct deadline *deadline);

#endif
