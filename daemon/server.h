/* server.h - the check socket: SEQPACKET connections on the event loop
 */
#ifndef STKGATE_DAEMON_SERVER_H
#define STKGATE_DAEMON_SERVER_H

#include <systemd/sd-event.h>

#include "daemon/service.h"

struct server;

/* Takes listen_fd (a listening, non-blocking AF_UNIX SOCK_SEQPACKET socket). */
int server_new(sd_event *event, struct service *service, int listen_fd, struct server **ret);
struct server *server_free(struct server *server); /* returns NULL */

/* Take no further connection in: who connects from now on waits in the socket for the daemon that
 * comes next. Those that are open are served as before. */
void server_stop_accepting(struct server *server);

#endif
