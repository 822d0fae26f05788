#include "daemon/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *file;
    int type;
    mode_t mode;
    int queue; /* of those who connected and were not accepted yet */
} kinds[SOCKET_COUNT] = {
    [SOCKET_CHECK] = {"check", "check.sock", SOCK_SEQPACKET, 0666, 64},
    [SOCKET_HTTP] = {"http", "http.sock", SOCK_STREAM, 0666, SOMAXCONN},
    [SOCKET_ADMIN] = {"admin", "admin.sock", SOCK_STREAM, 0660, SOMAXCONN},
};

static int fail(char *message, const char *what, int error)
{
    snprintf(message, SOCKETS_ERROR_MAX, "%.400s: %s", what, strerror(-error));
    return error;
}

/* sd_listen_fds_with_names() has made it close-on-exec. */
static int adopt(struct sockets *sockets, int fd, const char *name, char *message)
{
    if (strncmp(name, FDSTORE_PREFIX, sizeof FDSTORE_PREFIX - 1) == 0) {
        if (fdstore_add(&sockets->kept, name, fd) < 0)
            close(fd);
        return 0;
    }
    for (int i = 0; i < SOCKET_COUNT; i++) {
        if (strcmp(name, kinds[i].name) != 0)
            continue;
        if (sockets->fds[i] >= 0 || sd_is_socket_unix(fd, kinds[i].type, 1, NULL, 0) <= 0) {
            snprintf(message, SOCKETS_ERROR_MAX,
                     "the socket that systemd passed as %s is not a listening Unix socket of the "
                     "right type, or came twice: see stkgate.socket",
                     name);
            return -EINVAL;
        }
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
            return fail(message, name, -errno);
        sockets->fds[i] = fd;
        return 0;
    }
    snprintf(message, SOCKETS_ERROR_MAX,
             "systemd passed a socket named %.64s; known are check, http and admin "
             "(FileDescriptorName=)",
             name);
    return -EINVAL;
}

int sockets_inherit(struct sockets *sockets, char message[static SOCKETS_ERROR_MAX])
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    int r = 0;

    if (count < 0)
        return fail(message, "sockets passed by systemd", count);
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = adopt(sockets, SD_LISTEN_FDS_START + i, names[i], message);
        free(names[i]);
    }
    free(names);
    return r;
}

/* Whether the file is a socket that nobody listens on: left over from a daemon that was killed.
 * Whatever else stands there is not ours to remove. */
static bool is_stale(const struct sockaddr_un *address, int type)
{
    struct stat st;

    if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool stale =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int bind_at(int fd, const struct sockaddr_un *address, mode_t mode)
{
    /* The mode of the socket's inode, less the umask, becomes that of the file: it is never more
     * open than it should be, not even between two calls. */
    if (fchmod(fd, mode) < 0)
        return -errno;
    mode_t before = umask(0);
    int r = bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
    umask(before);
    return r;
}

static int make(const char *runtime, int which, struct sockets *sockets, char *message)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int type = kinds[which].type;

    int n =
        snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", runtime, kinds[which].file);
    if (n < 0 || (size_t)n >= sizeof address.sun_path)
        return fail(message, runtime, -ENAMETOOLONG);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(message, address.sun_path, -errno);
    int r = bind_at(fd, &address, kinds[which].mode);
    if (r == -EADDRINUSE && is_stale(&address, type) && unlink(address.sun_path) == 0)
        r = bind_at(fd, &address, kinds[which].mode);
    if (r == 0 && listen(fd, kinds[which].queue) < 0)
        r = -errno;
    if (r == 0 && !(sockets->paths[which] = strdup(address.sun_path)))
        r = -ENOMEM;
    if (r < 0) {
        close(fd);
        return fail(message, address.sun_path, r);
    }
    sockets->fds[which] = fd;
    return 0;
}

int sockets_open(const char *runtime, struct sockets *sockets,
                 char message[static SOCKETS_ERROR_MAX])
{
    int r = 0;

    for (int i = 0; i < SOCKET_COUNT && r == 0; i++) {
        if (sockets->fds[i] >= 0)
            continue;
        if (mkdir(runtime, 0755) < 0 && errno != EEXIST)
            r = fail(message, runtime, -errno);
        else
            r = make(runtime, i, sockets, message);
    }
    return r;
}

void sockets_close(struct sockets *sockets)
{
    for (int i = 0; i < SOCKET_COUNT; i++) {
        if (sockets->paths[i])
            (void)unlink(sockets->paths[i]);
        free(sockets->paths[i]);
        if (sockets->fds[i] >= 0)
            close(sockets->fds[i]);
    }
    fdstore_close(&sockets->kept);
    *sockets = SOCKETS_NONE;
}
