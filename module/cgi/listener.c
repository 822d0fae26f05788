#include "module/cgi/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FROM_SYSTEMD 3

static bool is_for_us(void)
{
    const char *pid = getenv("LISTEN_PID");
    return pid && *pid && strtoul(pid, NULL, 10) == (unsigned long)getpid();
}

static int find(int *ret_fd)
{
    const char *count = getenv("LISTEN_FDS");
    if (!count || !is_for_us()) {
        *ret_fd = STDIN_FILENO;
        return 0;
    }
    if (strcmp(count, "1") != 0)
        return -E2BIG;
    *ret_fd = FIRST_FROM_SYSTEMD;
    return 0;
}

static int must_listen(int fd)
{
    int listens = 0, type = 0;
    socklen_t len = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0)
        return errno == EBADF ? -ENOTSOCK : -errno;
    len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return -errno;
    return listens && type == SOCK_STREAM ? 0 : -EINVAL;
}

int listener_take(int *ret_fd)
{
    int fd = -1;
    int r = find(&fd);
    if (r == 0)
        r = must_listen(fd);
    if (r < 0)
        return r;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    *ret_fd = fd;
    return 0;
}
