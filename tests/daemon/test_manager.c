/* The daemon as systemd sees it: READY, WATCHDOG, RELOADING, STOPPING, and how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/fdstore.h"
#include "daemon/manager.h"
#include "lib/view/layout.h"
#include "lib/wire/message.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static char dir[PATH_MAX], state[PATH_MAX + 8], runtime[PATH_MAX + 8], config_dir[PATH_MAX + 8];
static int notify_fd;
static pid_t child;

static void pass_check_socket(int fd)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "check", 1);
    if (fd != 3 && dup2(fd, 3) < 0) /* SD_LISTEN_FDS_START; whatever was there is the test's */
        _exit(2);
}

static void start_nothing(void)
{
    fixture_make_dir(dir);
    snprintf(state, sizeof state, "%s/state", dir);
    snprintf(runtime, sizeof runtime, "%s/run", dir);
    snprintf(config_dir, sizeof config_dir, "%s/etc", dir);
    fixture_write(dir, "etc/services.d/.keep", "");
}

/* What systemd keeps, by name. */
#define KEPT_MAX 16
static struct {
    char name[64];
    int fd;
} kept[KEPT_MAX];
static unsigned kept_count;

/* In the child: all of it from 3 on. */
static void pass_kept(void)
{
    char number[16], names[KEPT_MAX * 65 + 1] = "";
    int high[KEPT_MAX];
    snprintf(number, sizeof number, "%ld", (long)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%u", kept_count);
    setenv("LISTEN_FDS", number, 1);
    for (unsigned i = 0; i < kept_count; i++) {
        high[i] = fcntl(kept[i].fd, F_DUPFD, 100);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.63s", i > 0 ? ":" : "",
                 kept[i].name);
    }
    setenv("LISTEN_FDNAMES", names, 1);
    for (unsigned i = 0; i < kept_count; i++) {
        if (dup2(high[i], 3 + (int)i) < 0)
            _exit(2);
        close(high[i]);
    }
}

/* check_fd: a listening socket that is passed as systemd does it; -1: the daemon makes its own. */
static void start_in_dir(const char *watchdog_usec, int check_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", dir);
    unlink(address.sun_path);
    notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(notify_fd, (struct sockaddr *)&address, sizeof address), 0);
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        if (watchdog_usec)
            setenv("WATCHDOG_USEC", watchdog_usec, 1);
        if (check_fd >= 0)
            pass_check_socket(check_fd);
        if (kept_count > 0)
            pass_kept();
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
}

/* Wait for a message that begins so. The daemon may say other things before. */
static void await(const char *message)
{
    char text[512];
    do {
        struct pollfd pollfd = {.fd = notify_fd, .events = POLLIN};
        ck_assert_msg(poll(&pollfd, 1, 30000) == 1, "no %s", message);
        ssize_t n = recv(notify_fd, text, sizeof text - 1, 0);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
    } while (strncmp(text, message, strlen(message)) != 0);
}

static int ended(void)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    close(notify_fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool exists(const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void start(const char *watchdog_usec)
{
    start_nothing();
    start_in_dir(watchdog_usec, -1);
}

START_TEST(says_ready_with_its_sockets_open_and_ends_cleanly_on_sigterm)
{
    start(NULL);
    await("READY=1");
    ck_assert(exists("run/check.sock") && exists("run/http.sock") && exists("run/admin.sock"));
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    await("STOPPING=1");
    ck_assert_int_eq(ended(), 0);
    ck_assert(!exists("run/check.sock") && !exists("run/http.sock") && !exists("run/admin.sock"));
    ck_assert(exists("state/data.mdb"));
    fixture_remove_dir(dir);
}
END_TEST

static int dial_check(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/check.sock", runtime);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static ssize_t send_hello(int fd)
{
    static const struct hello hello = {.service = TEXT("storefront")};
    uint8_t bytes[WIRE_FRAME_MAX];
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);
    return send(fd, bytes, len, MSG_NOSIGNAL);
}

/* As systemd does it: the socket outlives the daemon. */
static int listen_for_check(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/check.sock", runtime);
    ck_assert_int_eq(mkdir(runtime, 0755), 0);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

START_TEST(who_connects_while_it_ends_is_answered_by_the_next_one)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    start_nothing();
    int listen_fd = listen_for_check();
    start_in_dir(NULL, listen_fd);
    await("READY=1");
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    await("STOPPING=1");
    int fd = dial_check();
    ck_assert_int_gt(send_hello(fd), 0);
    ck_assert_int_eq(ended(), 0);
    ck_assert_int_lt(recv(fd, bytes, sizeof bytes, MSG_DONTWAIT), 0);
    ck_assert_int_eq(errno, EAGAIN);

    start_in_dir(NULL, listen_fd);
    await("READY=1");
    ck_assert_int_gt(recv(fd, bytes, sizeof bytes, 0), 0);
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    close(fd);
    close(listen_fd);
    fixture_remove_dir(dir);
}
END_TEST

/* Always has some questions under way, until the daemon is gone; not so many that the daemon has no
 * room for an answer, for then it would close the connection. */
static pid_t start_hammer(void)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    int fd = dial_check();
    pid_t pid = fork();
    if (pid != 0) {
        close(fd);
        return pid;
    }
    for (int i = 0; i < 8; i++)
        send_hello(fd);
    while (recv(fd, bytes, sizeof bytes, 0) > 0 && send_hello(fd) > 0)
        continue;
    _exit(0);
}

START_TEST(ends_also_when_its_clients_never_pause)
{
    pid_t hammers[4];
    start(NULL);
    await("READY=1");
    for (size_t i = 0; i < 4; i++)
        hammers[i] = start_hammer();
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(waitpid(hammers[i], NULL, 0), hammers[i]);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(feeds_the_watchdog)
{
    start("200000");
    await("READY=1");
    await("WATCHDOG=1");
    await("WATCHDOG=1");
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_reload_with_a_mistake_keeps_it_running)
{
    start(NULL);
    await("READY=1");
    fixture_write(dir, "etc/services.d/shop.conf", "nonsense\n");
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    await("RELOADING=1");
    await("READY=1");
    fixture_write(dir, "etc/services.d/shop.conf", "cost = 2\n");
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    await("READY=1");
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(does_not_start_with_a_mistake_in_the_configuration)
{
    start(NULL);
    await("READY=1");
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);

    fixture_write(dir, "etc/stkgate.conf", "nonsense\n");
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(ended(), 1);
    ck_assert(!exists("run/check.sock"));
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_second_daemon_leaves_the_first_alone)
{
    start(NULL);
    await("READY=1");
    pid_t first = child;
    child = fork();
    if (child == 0) {
        const struct manager_options options = {state, runtime, config_dir, false};
        _exit(manager_run(&options) == 0 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    ck_assert(exists("run/check.sock") && exists("run/admin.sock"));
    child = first;
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

/* ---- what systemd keeps ------------------------------------------------------------------------
 */

static void keep(const char *name, int fd)
{
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(kept_count, KEPT_MAX);
    snprintf(kept[kept_count].name, sizeof kept[0].name, "%s", name);
    kept[kept_count++].fd = fd;
}

static void forget(const char *name)
{
    for (unsigned i = 0; i < kept_count; i++)
        if (strcmp(kept[i].name, name) == 0) {
            close(kept[i].fd);
            kept[i--] = kept[--kept_count];
        }
}

/* Does what the messages say, up to READY=1. */
static void keep_until_ready(void)
{
    char text[512], control[CMSG_SPACE(sizeof(int))];
    for (;;) {
        struct iovec iov = {text, sizeof text - 1};
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        struct pollfd pollfd = {.fd = notify_fd, .events = POLLIN};
        int fd = -1;
        ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
        ssize_t n = recvmsg(notify_fd, &message, MSG_CMSG_CLOEXEC);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
        if (CMSG_FIRSTHDR(&message))
            memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
        const char *name = strstr(text, "FDNAME=");
        if (strstr(text, "FDSTORE=1") && name)
            keep(name + strlen("FDNAME="), fd);
        else if (strstr(text, "FDSTOREREMOVE=1") && name)
            forget(name + strlen("FDNAME="));
        else if (strncmp(text, "READY=1", 7) == 0)
            return;
    }
}

/* The view that the daemon hands out: mapped, to be read. */
static const struct view_header *attach(void)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    char control[CMSG_SPACE(2 * sizeof(int))];
    struct iovec iov = {bytes, sizeof bytes};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fds[2], fd = dial_check();
    ck_assert_int_gt(send_hello(fd), 0);
    ck_assert_int_gt(recv(fd, bytes, sizeof bytes, 0), 0);
    size_t len = attach_write(bytes, sizeof bytes, 2);
    ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    ck_assert_int_gt(recvmsg(fd, &message, MSG_CMSG_CLOEXEC), 0);
    ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&message));
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fds);
    void *header = mmap(NULL, VIEW_PAGE, PROT_READ, MAP_SHARED, fds[0], 0);
    ck_assert_ptr_ne(header, MAP_FAILED);
    close(fds[0]);
    close(fds[1]);
    close(fd);
    return header;
}

START_TEST(a_killed_one_is_followed_by_one_that_goes_on_with_what_systemd_kept)
{
    struct stat st;
    start_nothing();
    start_in_dir(NULL, -1);
    keep_until_ready();
    unsigned of_a_view = kept_count;
    ck_assert_uint_ge(of_a_view, 2);
    const struct view_header *header = attach();
    uint64_t incarnation = atomic_load(&header->incarnation);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(ended(), 128 + SIGKILL);
    /* And something that nobody wants any more. */
    keep(FDSTORE_PREFIX "of-another-version", memfd_create("old", MFD_CLOEXEC));
    int unwanted = kept[kept_count - 1].fd;

    start_in_dir(NULL, -1);
    keep_until_ready();
    /* It writes into the memory that its predecessor's client has. */
    ck_assert_uint_ne(atomic_load(&header->incarnation), incarnation);
    ck_assert_uint_eq(atomic_load(&header->flags) & VIEW_SUPERSEDED, 0);
    ck_assert_uint_eq(kept_count, of_a_view);
    ck_assert_int_lt(fstat(unwanted, &st), 0);
    const struct view_header *again = attach();
    ck_assert_uint_eq(again->epoch, header->epoch);
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(ended(), 0);
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("manager", says_ready_with_its_sockets_open_and_ends_cleanly_on_sigterm,
           who_connects_while_it_ends_is_answered_by_the_next_one,
           ends_also_when_its_clients_never_pause, feeds_the_watchdog,
           a_reload_with_a_mistake_keeps_it_running,
           does_not_start_with_a_mistake_in_the_configuration,
           a_killed_one_is_followed_by_one_that_goes_on_with_what_systemd_kept,
           a_second_daemon_leaves_the_first_alone)
