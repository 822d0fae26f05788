#include "bench/keeper.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"

#define READY_MS    60000
#define FD_KEPT     100 /* kept ones are above those that a start puts into place */
#define FD_FIRST    3   /* SD_LISTEN_FDS_START */
#define COMPLETE_MS 60000
#define PAUSE_MS    5 /* the daemon publishes in the turns that asking leaves it */

void keeper_open(struct keeper *keeper)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];

    *keeper = (struct keeper){.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    snprintf(name, sizeof name, "@stkgate-bench-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (keeper->fd < 0 || bind(keeper->fd, (struct sockaddr *)&address, len) < 0 ||
        setenv("NOTIFY_SOCKET", name, 1) < 0)
        err(EXIT_FAILURE, "cannot listen for READY");
}

static void keep(struct keeper *keeper, const char *name, int fd)
{
    struct fdstore *kept = &keeper->kept;

    if (kept->count == FDSTORE_MAX)
        errx(EXIT_FAILURE, "the daemon gives away too much");
    struct fdstore_file *file = &kept->files[kept->count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->fd = fcntl(fd, F_DUPFD_CLOEXEC, FD_KEPT);
    if (file->fd < 0)
        err(EXIT_FAILURE, "cannot keep %s", name);
}

static void forget(struct keeper *keeper, const char *name)
{
    struct fdstore *kept = &keeper->kept;

    for (unsigned i = kept->count; i > 0; i--) {
        if (strcmp(kept->files[i - 1].name, name) != 0)
            continue;
        close(kept->files[i - 1].fd);
        kept->files[i - 1] = kept->files[--kept->count];
    }
}

/* One message; whether it says READY. */
static bool take(struct keeper *keeper)
{
    char text[4096] = "", name[FDSTORE_NAME_MAX + 1] = "";
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    int fd = -1;

    if (recvmsg(keeper->fd, &message, MSG_CMSG_CLOEXEC) < 0)
        err(EXIT_FAILURE, "READY");
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    const char *at = strstr(text, "FDNAME=");
    if (at)
        (void)sscanf(at, "FDNAME=%31[^\n]", name);
    if (strstr(text, "FDSTOREREMOVE=1"))
        forget(keeper, name);
    else if (strstr(text, "FDSTORE=1") && fd >= 0)
        keep(keeper, name, fd);
    if (fd >= 0)
        close(fd);
    return strstr(text, "READY=1") != NULL;
}

static void become(const struct fdstore *kept, char *argv[])
{
    char names[FDSTORE_MAX * (FDSTORE_NAME_MAX + 1)] = "", number[16];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (kept->count == 0) { /* LISTEN_FDS=0 is no number of descriptors */
        execv(argv[0], argv);
        err(127, "%s", argv[0]);
    }
    for (unsigned i = 0; i < kept->count; i++) {
        if (dup2(kept->files[i].fd, FD_FIRST + (int)i) < 0)
            err(127, "%s", kept->files[i].name);
        strcat(strcat(names, i > 0 ? ":" : ""), kept->files[i].name);
    }
    snprintf(number, sizeof number, "%u", kept->count);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", names, 1);
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    execv(argv[0], argv);
    err(127, "%s", argv[0]);
}

void keeper_start(struct keeper *keeper, char *argv[])
{
    struct pollfd pollfd = {.fd = keeper->fd, .events = POLLIN};

    keeper->pid = fork();
    if (keeper->pid < 0)
        err(EXIT_FAILURE, "fork");
    if (keeper->pid == 0)
        become(&keeper->kept, argv);
    do {
        if (poll(&pollfd, 1, READY_MS) <= 0 || waitpid(keeper->pid, NULL, WNOHANG) != 0)
            errx(EXIT_FAILURE, "the daemon does not get ready");
    } while (!take(keeper));
}

void keeper_stop(struct keeper *keeper)
{
    struct pollfd pollfd = {.fd = keeper->fd, .events = POLLIN};

    kill(keeper->pid, SIGTERM);
    if (waitpid(keeper->pid, NULL, 0) != keeper->pid)
        err(EXIT_FAILURE, "waitpid");
    while (poll(&pollfd, 1, 0) > 0)
        (void)take(keeper);
}

static bool is_complete(const char *runtime)
{
    static const char question[] =
        "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static const char member[] = "\"complete\":";
    char reply[ADMIN_REPLY_MAX + 1];
    size_t len = 0;
    ssize_t n;
    int fd = admin_call_dial(runtime);

    if (send(fd, question, sizeof question - 1, MSG_NOSIGNAL) < 0)
        err(EXIT_FAILURE, "status");
    while ((n = recv(fd, reply + len, ADMIN_REPLY_MAX - len, 0)) > 0)
        len += (size_t)n;
    reply[len] = '\0';
    close(fd);
    const char *at = strstr(reply, member);
    if (!at)
        errx(EXIT_FAILURE, "status says nothing of the view");
    at += strlen(member);
    return strncmp(at + strspn(at, " "), "true", 4) == 0;
}

void keeper_forget(struct keeper *keeper)
{
    for (unsigned i = 0; i < keeper->kept.count; i++)
        close(keeper->kept.files[i].fd);
    keeper->kept.count = 0;
}

void keeper_await_complete(const char *runtime)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};

    for (int ms = 0; !is_complete(runtime); ms += PAUSE_MS) {
        if (ms >= COMPLETE_MS)
            errx(EXIT_FAILURE, "the view does not get complete");
        nanosleep(&pause, NULL);
    }
}
