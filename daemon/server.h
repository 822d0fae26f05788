/* server.h - the check socket: SEQPACKET connections on the event loop
 */
#ifndef STKGATE_DAEMON_SERVER_H
#define STKGATE_DAEMON_SERVER_H

#include <systemd/sd-event.h>

#include "daemon/service.h"
#include "daemon/turns.h"

struct server;

/* Takes listen_fd (a listening, non-blocking AF_UNIX SOCK_SEQPACKET socket) on success; borrows the
 * rest. A connection above its user's share, or above the limit of all, is told BUSY and closed. */
int server_new(sd_event *event, struct turns *turns, struct service *service, int listen_fd,
               struct server **ret);
struct server *server_free(struct server *server); /* returns NULL */

/* Take no further connection in: who connects from now on waits in the socket for the daemon that
 * comes next. Those that are open are served as before. */
void server_stop_accepting(struct server *server);

#endif
