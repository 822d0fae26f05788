#include "module/client/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3

static int read_cookie(int fd, uint64_t *ret)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0)
        return -errno;
    if (size != sizeof cookie)
        return -EOPNOTSUPP;
    *ret = cookie;
    return 0;
}

/* A program that runs without standard output would print into our socket. */
static int move_up(int fd)
{
    if (fd >= FIRST_FD)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
    int r = moved < 0 ? -errno : moved;
    close(fd);
    return r;
}

int connection_open(struct connection *connection)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    fd = move_up(fd);
    if (fd < 0)
        return fd;
    uint64_t cookie;
    int r = read_cookie(fd, &cookie);
    if (r < 0) {
        close(fd);
        return r == -ENOPROTOOPT ? -EOPNOTSUPP : r;
    }
    connection->generation = 0;
    connection->last_id = 0;
    connection->other_clock = false;
    atomic_store_explicit(&connection->cookie, cookie, memory_order_relaxed);
    atomic_store_explicit(&connection->fd, fd, memory_order_release);
    return 0;
}

bool connection_is_ours(const struct connection *connection)
{
    int fd = atomic_load_explicit(&connection->fd, memory_order_acquire);
    uint64_t cookie = 0;
    return fd >= FIRST_FD && read_cookie(fd, &cookie) == 0 &&
           cookie == atomic_load_explicit(&connection->cookie, memory_order_relaxed);
}

void connection_close(struct connection *connection)
{
    /* A child that was forked meanwhile holds a copy: close(2) alone would leave the daemon
     * with a connection on which nobody will ever speak again. */
    if (connection_is_ours(connection))
        shutdown(atomic_load_explicit(&connection->fd, memory_order_relaxed), SHUT_RDWR);
    connection_abandon(connection);
}

void connection_abandon(struct connection *connection)
{
    if (connection_is_ours(connection))
        close(atomic_load_explicit(&connection->fd, memory_order_relaxed));
    atomic_store_explicit(&connection->fd, 0, memory_order_release);
}
