/* server_rig.h - the check socket on a loop of its own, and a client of it, for tests
 *
 * The loop runs in a thread. Nothing sleeps: what the loop knows, it is asked for.
 */
#ifndef STKGATE_TESTS_DAEMON_SERVER_RIG_H
#define STKGATE_TESTS_DAEMON_SERVER_RIG_H

#include <sys/un.h>

#include "daemon/quota.h"
#include "tests/daemon/fixture.h"

extern struct fixture server_rig_fixture;
extern struct sockaddr_un server_rig_address; /* of the socket that is listened on */

/* config: of stkgate.conf. */
void server_rig_start(const char *config);
/* Returns what all users together had when it had stopped. */
struct quota_usage server_rig_stop(void);

struct server_rig_state {
    unsigned connections, attached;
};
struct server_rig_state server_rig_look(void);

/* A new connection. */
int server_rig_dial(void);
/* As the service "storefront"; whether it was welcomed. */
bool server_rig_hello(int fd);
/* Waits for the connection's end, however many answers came before, and closes it. False: that is
 * not how it ended. */
bool server_rig_ends(int fd);

int server_rig_open_descriptors(void);

#endif
