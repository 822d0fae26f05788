/* The listening sockets: made here with their final mode, or taken from systemd by name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sockets.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static char dir[PATH_MAX], runtime[PATH_MAX + 8], message[SOCKETS_ERROR_MAX];

static void make_dirs(void)
{
    fixture_make_dir(dir);
    snprintf(runtime, sizeof runtime, "%s/run", dir);
    message[0] = '\0';
}

/* As the daemon does: what systemd passed, then the rest. */
static int open_all(struct sockets *sockets)
{
    *sockets = SOCKETS_NONE;
    int r = sockets_inherit(sockets, message);
    return r < 0 ? r : sockets_open(runtime, sockets, message);
}

static mode_t mode_of(const char *name)
{
    char path[PATH_MAX + 64];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", runtime, name);
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

START_TEST(makes_three_sockets_with_their_modes_whatever_the_umask)
{
    struct sockets sockets;
    make_dirs();
    umask(0077);
    ck_assert_msg(open_all(&sockets) == 0, "%s", message);
    ck_assert_uint_eq(mode_of("check.sock"), 0666);
    ck_assert_uint_eq(mode_of("http.sock"), 0666);
    ck_assert_uint_eq(mode_of("admin.sock"), 0660);
    ck_assert_uint_eq(umask(0022), 0077);
    for (int i = 0; i < SOCKET_COUNT; i++) {
        ck_assert_int_ne(fcntl(sockets.fds[i], F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(sockets.fds[i], F_GETFL) & O_NONBLOCK, 0);
    }
    sockets_close(&sockets);
    ck_assert_uint_eq(mode_of("check.sock"), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(replaces_what_a_killed_daemon_left)
{
    struct sockets sockets, again;
    make_dirs();
    ck_assert_int_eq(open_all(&sockets), 0);
    for (int i = 0; i < SOCKET_COUNT; i++)
        close(sockets.fds[i]); /* but not unlinked, as after kill -9 */
    ck_assert_msg(open_all(&again) == 0, "%s", message);
    sockets_close(&again);
    for (int i = 0; i < SOCKET_COUNT; i++)
        sockets.fds[i] = -1;
    sockets_close(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(leaves_the_sockets_of_a_living_daemon_alone)
{
    struct sockets sockets, again;
    make_dirs();
    ck_assert_int_eq(open_all(&sockets), 0);
    ck_assert_int_eq(open_all(&again), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(message, "check.sock"));
    sockets_close(&again);
    ck_assert_uint_eq(mode_of("check.sock"), 0666);
    ck_assert_uint_eq(mode_of("admin.sock"), 0660);
    sockets_close(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_never_removed)
{
    struct sockets sockets;
    make_dirs();
    fixture_write(dir, "run/check.sock", "precious");
    ck_assert_int_lt(open_all(&sockets), 0);
    ck_assert_ptr_nonnull(strstr(message, "check.sock"));
    sockets_close(&sockets);
    ck_assert_uint_ne(mode_of("check.sock"), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(what_was_made_before_a_failure_is_removed)
{
    struct sockets sockets;
    make_dirs();
    fixture_write(dir, "run/admin.sock", "precious");
    ck_assert_int_lt(open_all(&sockets), 0);
    int made = sockets.fds[SOCKET_HTTP];
    ck_assert_uint_eq(mode_of("http.sock"), 0666);
    sockets_close(&sockets);
    ck_assert_uint_eq(mode_of("http.sock"), 0);
    ck_assert_int_eq(fcntl(made, F_GETFD), -1);
    ck_assert_int_eq(sockets.fds[SOCKET_HTTP], -1);
    sockets_close(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_directory_too_deep_for_an_address_is_an_error)
{
    struct sockets sockets;
    make_dirs();
    memset(runtime + strlen(runtime), 'x', 120);
    runtime[strlen(dir) + 120] = '\0';
    ck_assert_int_eq(open_all(&sockets), -ENAMETOOLONG);
    sockets_close(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

/* What systemd does before exec: descriptors from 3 on, and the environment. */
static void tell_passed(int count, const char *names)
{
    char number[16];
    snprintf(number, sizeof number, "%d", getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%d", count);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", names, 1);
}

static void pass(int fd, const char *name)
{
    tell_passed(1, name);
    if (fd != 3) {
        ck_assert_int_eq(dup2(fd, 3), 3);
        close(fd);
    }
}

static int listening(int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/passed", dir);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

START_TEST(takes_a_passed_socket_by_its_name_and_makes_the_others)
{
    struct sockets sockets;
    make_dirs();
    pass(listening(SOCK_STREAM), "admin");
    ck_assert_msg(open_all(&sockets) == 0, "%s", message);
    ck_assert_int_eq(sockets.fds[SOCKET_ADMIN], 3);
    ck_assert_ptr_null(sockets.paths[SOCKET_ADMIN]);
    ck_assert_uint_eq(mode_of("admin.sock"), 0);
    ck_assert_uint_eq(mode_of("check.sock"), 0666);
    sockets_close(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_passed_socket_of_another_name_or_type)
{
    struct sockets sockets;
    make_dirs();
    pass(listening(SOCK_STREAM), "web");
    ck_assert_int_eq(open_all(&sockets), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "FileDescriptorName="));
    pass(3, "check");
    ck_assert_int_eq(open_all(&sockets), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "stkgate.socket"));
    fixture_remove_dir(dir);
}
END_TEST

/* Several descriptors from 3 on would be in the place of check's own: these run in a child, of
 * which the line of the first mistake is known. */
#define EXPECT(condition)                                                                          \
    do                                                                                             \
        if (!(condition))                                                                          \
            _exit(__LINE__ - first_line);                                                          \
    while (0)
static const int first_line = __LINE__;

static void in_a_child(void (*body)(void))
{
    int status;
    make_dirs();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 0, "line %d", WEXITSTATUS(status) + first_line);
    fixture_remove_dir(dir);
}

/* A file that is told from others by its length, as systemd passes it: without FD_CLOEXEC. */
static void put_file(int at, int len)
{
    int fd = memfd_create("kept", 0);
    EXPECT(fd >= 0 && ftruncate(fd, len) == 0 && dup2(fd, at) == at);
    if (fd != at)
        close(fd);
}

static off_t length_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : -1;
}

static bool is_close_on_exec(int fd)
{
    return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void take_kept(void)
{
    struct sockets sockets;
    int admin = fcntl(listening(SOCK_STREAM), F_DUPFD_CLOEXEC, 20);
    put_file(3, 1);
    EXPECT(dup2(admin, 4) == 4);
    put_file(5, 2);
    tell_passed(3, "view-b:admin:view-a");
    EXPECT(open_all(&sockets) == 0);
    EXPECT(sockets.fds[SOCKET_ADMIN] == 4);
    EXPECT(sockets.kept.count == 2);
    struct fdstore_file *b = &sockets.kept.files[0], *a = &sockets.kept.files[1];
    EXPECT(strcmp(a->name, "view-a") == 0 && length_of(a->fd) == 2 && is_close_on_exec(a->fd));
    EXPECT(strcmp(b->name, "view-b") == 0 && length_of(b->fd) == 1 && is_close_on_exec(b->fd));
    int taken = a->fd, left = b->fd;
    a->fd = -1;
    sockets_close(&sockets);
    EXPECT(length_of(taken) == 2 && length_of(left) == -1);
}

START_TEST(takes_what_systemd_kept_beside_the_sockets_in_any_order)
{
    in_a_child(take_kept);
}
END_TEST

static void keep_too_much(void)
{
    struct sockets sockets;
    char names[512] = "view-of-a-name-that-is-longer-than-any-of-ours";
    put_file(3, 100);
    for (int i = 1; i <= FDSTORE_MAX + 2; i++) {
        size_t len = strlen(names);
        put_file(3 + i, 100 + i);
        snprintf(names + len, sizeof names - len, ":view-%d", i);
    }
    tell_passed(FDSTORE_MAX + 3, names);
    EXPECT(open_all(&sockets) == 0);
    EXPECT(sockets.kept.count == FDSTORE_MAX);
    for (int i = 0; i < FDSTORE_MAX; i++)
        EXPECT(length_of(sockets.kept.files[i].fd) == 101 + i);
    /* Their numbers may be those of the sockets by now. */
    EXPECT(length_of(3) < 100);
    EXPECT(length_of(3 + FDSTORE_MAX + 1) < 100);
    EXPECT(length_of(3 + FDSTORE_MAX + 2) < 100);
    sockets_close(&sockets);
}

START_TEST(closes_what_was_kept_and_has_no_room)
{
    in_a_child(keep_too_much);
}
END_TEST

static void fail_amid(void)
{
    struct sockets sockets;
    put_file(3, 1);
    put_file(4, 2);
    tell_passed(2, "view-a:web");
    EXPECT(open_all(&sockets) == -EINVAL);
    EXPECT(sockets.kept.count == 1);
    sockets_close(&sockets);
    EXPECT(length_of(3) == -1);
}

START_TEST(what_was_kept_is_closed_when_the_rest_is_refused)
{
    in_a_child(fail_amid);
}
END_TEST

SUITE_MAIN("sockets", makes_three_sockets_with_their_modes_whatever_the_umask,
           replaces_what_a_killed_daemon_left, leaves_the_sockets_of_a_living_daemon_alone,
           a_file_that_is_no_socket_is_never_removed, what_was_made_before_a_failure_is_removed,
           a_directory_too_deep_for_an_address_is_an_error,
           takes_a_passed_socket_by_its_name_and_makes_the_others,
           refuses_a_passed_socket_of_another_name_or_type,
           takes_what_systemd_kept_beside_the_sockets_in_any_order,
           closes_what_was_kept_and_has_no_room, what_was_kept_is_closed_when_the_rest_is_refused)
