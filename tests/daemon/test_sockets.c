/* The listening sockets: made here with their final mode, or taken from systemd by name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static int close_all(struct sockets *sockets)
{
    for (int i = 0; i < SOCKET_COUNT; i++)
        if (sockets->fds[i] >= 0)
            close(sockets->fds[i]);
    sockets_unlink(sockets);
    return 0;
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
    ck_assert_msg(sockets_open(runtime, &sockets, message) == 0, "%s", message);
    ck_assert_uint_eq(mode_of("check.sock"), 0666);
    ck_assert_uint_eq(mode_of("http.sock"), 0666);
    ck_assert_uint_eq(mode_of("admin.sock"), 0660);
    ck_assert_uint_eq(umask(0022), 0077);
    for (int i = 0; i < SOCKET_COUNT; i++) {
        ck_assert_int_ne(fcntl(sockets.fds[i], F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(sockets.fds[i], F_GETFL) & O_NONBLOCK, 0);
    }
    close_all(&sockets);
    ck_assert_uint_eq(mode_of("check.sock"), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(replaces_what_a_killed_daemon_left)
{
    struct sockets sockets, again;
    make_dirs();
    ck_assert_int_eq(sockets_open(runtime, &sockets, message), 0);
    for (int i = 0; i < SOCKET_COUNT; i++)
        close(sockets.fds[i]); /* but not unlinked, as after kill -9 */
    ck_assert_msg(sockets_open(runtime, &again, message) == 0, "%s", message);
    close_all(&again);
    for (int i = 0; i < SOCKET_COUNT; i++)
        sockets.fds[i] = -1;
    close_all(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(leaves_the_sockets_of_a_living_daemon_alone)
{
    struct sockets sockets, again;
    make_dirs();
    ck_assert_int_eq(sockets_open(runtime, &sockets, message), 0);
    ck_assert_int_eq(sockets_open(runtime, &again, message), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(message, "check.sock"));
    ck_assert_uint_eq(mode_of("admin.sock"), 0660);
    close_all(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_never_removed)
{
    struct sockets sockets;
    make_dirs();
    fixture_write(dir, "run/check.sock", "precious");
    ck_assert_int_lt(sockets_open(runtime, &sockets, message), 0);
    ck_assert_ptr_nonnull(strstr(message, "check.sock"));
    ck_assert_uint_ne(mode_of("check.sock"), 0);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_directory_too_deep_for_an_address_is_an_error)
{
    struct sockets sockets;
    make_dirs();
    memset(runtime + strlen(runtime), 'x', 120);
    runtime[strlen(dir) + 120] = '\0';
    ck_assert_int_eq(sockets_open(runtime, &sockets, message), -ENAMETOOLONG);
    fixture_remove_dir(dir);
}
END_TEST

/* What systemd does before exec: descriptor 3 and the environment. */
static void pass(int fd, const char *name)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", name, 1);
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
    ck_assert_msg(sockets_open(runtime, &sockets, message) == 0, "%s", message);
    ck_assert_int_eq(sockets.fds[SOCKET_ADMIN], 3);
    ck_assert_ptr_null(sockets.paths[SOCKET_ADMIN]);
    ck_assert_uint_eq(mode_of("admin.sock"), 0);
    ck_assert_uint_eq(mode_of("check.sock"), 0666);
    close_all(&sockets);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_passed_socket_of_another_name_or_type)
{
    struct sockets sockets;
    make_dirs();
    pass(listening(SOCK_STREAM), "web");
    ck_assert_int_eq(sockets_open(runtime, &sockets, message), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "FileDescriptorName="));
    pass(3, "check");
    ck_assert_int_eq(sockets_open(runtime, &sockets, message), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "stkgate.socket"));
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("sockets", makes_three_sockets_with_their_modes_whatever_the_umask,
           replaces_what_a_killed_daemon_left, leaves_the_sockets_of_a_living_daemon_alone,
           a_file_that_is_no_socket_is_never_removed,
           a_directory_too_deep_for_an_address_is_an_error,
           takes_a_passed_socket_by_its_name_and_makes_the_others,
           refuses_a_passed_socket_of_another_name_or_type)
