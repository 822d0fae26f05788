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
    int fds[SOCKET_COUNT];     /* non-blocking, close-on-exec; -1: none */
    char *paths[SOCKET_COUNT]; /* of those made here, removed by sockets_unlink(); else NULL */
    struct fdstore kept;       /* what systemd kept for us, for fdstore_take() and fdstore_drop() */
};

#define SOCKETS_NONE ((struct sockets){.fds = {-1, -1, -1}})

/* Takes what systemd passed: sockets (FileDescriptorName=check, http, admin), and into kept,
 * unseen, what has a name that begins with FDSTORE_PREFIX, as much as there is room for; any other
 * name is -EINVAL. Takes systemd's variables from the environment. 0, or -errno with message
 * filled: what was taken until then is closed. */
int sockets_adopt(struct sockets *ret, char message[static SOCKETS_ERROR_MAX]);

/* Makes those that are missing, in the directory runtime, which is made when missing (0755). A
 * socket file that nobody listens on any more is replaced; one that answers is -EADDRINUSE. To be
 * called before any thread is started (it changes the umask for a moment). 0, or -errno with
 * message filled; what there is then is the caller's still. */
int sockets_make(const char *runtime, struct sockets *sockets,
                 char message[static SOCKETS_ERROR_MAX]);

/* Remove the files of the sockets made here. The descriptors belong to who took them. */
void sockets_unlink(struct sockets *sockets);

#endif
