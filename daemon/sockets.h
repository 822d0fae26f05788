/* sockets.h - the daemon's three listening sockets: from systemd by name, else made here
 */
#ifndef STKGATE_DAEMON_SOCKETS_H
#define STKGATE_DAEMON_SOCKETS_H

#include "daemon/fdstore.h"

#define SOCKETS_ERROR_MAX 512

enum socket_name {
    SOCKET_CHECK, /* check.sock, SEQPACKET, 0666 */
    SOCKET_HTTP,  /* http.sock, STREAM, 0666 */
    SOCKET_ADMIN, /* admin.sock, STREAM, 0660 */
    SOCKET_COUNT,
};

struct sockets {
    int fds[SOCKET_COUNT];     /* non-blocking, close-on-exec; -1: none, or taken by somebody */
    char *paths[SOCKET_COUNT]; /* of those made here; else NULL */
    struct fdstore kept;       /* what systemd kept for us */
};

#define SOCKETS_NONE ((struct sockets){.fds = {-1, -1, -1}})

/* Add what systemd passed (FileDescriptorName=check, http, admin) to SOCKETS_NONE. What has a name
 * that begins with FDSTORE_PREFIX is put into kept unseen, and closed where that has no room; any
 * other name is -EINVAL. Takes systemd's variables from the environment. 0, or -errno with message
 * filled: what was taken until then is there. */
int sockets_inherit(struct sockets *sockets, char message[static SOCKETS_ERROR_MAX]);

/* Make those that are missing, in the directory runtime, which is made when missing (0755). A
 * socket file that nobody listens on any more is replaced; one that answers is -EADDRINUSE. To be
 * called before any thread is started (it changes the umask for a moment). 0, or -errno with
 * message filled: what was made until then is there. */
int sockets_open(const char *runtime, struct sockets *sockets,
                 char message[static SOCKETS_ERROR_MAX]);

/* Close what is left, and remove the files of the sockets made here. What systemd keeps it goes on
 * keeping. SOCKETS_NONE is allowed, and what remains. */
void sockets_close(struct sockets *sockets);

#endif
