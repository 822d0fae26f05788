#include "module/client/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(opens_a_socket_that_exec_closes)
{
    struct connection connection = {0};
    int type;
    socklen_t size = sizeof type;
    ck_assert_int_eq(connection_open(&connection), 0);
    ck_assert(connection_is_ours(&connection));
    ck_assert_int_eq(fcntl(connection.fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(getsockopt(connection.fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
    ck_assert_int_eq(type, SOCK_SEQPACKET);
    connection_close(&connection);
}
END_TEST

START_TEST(keeps_off_the_standard_descriptors)
{
    for (int missing = 0; missing < 3; missing++) {
        struct connection connection = {0};
        int saved = fcntl(missing, F_DUPFD_CLOEXEC, 10);
        close(missing);
        ck_assert_int_eq(connection_open(&connection), 0);
        ck_assert(!is_open(missing));
        ck_assert_int_ge(connection.fd, 3);
        ck_assert(connection_is_ours(&connection));
        ck_assert_int_eq(fcntl(connection.fd, F_GETFD), FD_CLOEXEC);
        if (saved >= 0)
            dup2(saved, missing);
        close(saved);
        connection_close(&connection);
    }
}
END_TEST

START_TEST(is_not_ours_once_it_is_closed)
{
    struct connection connection = {0};
    ck_assert(!connection_is_ours(&connection));
    ck_assert_int_eq(connection_open(&connection), 0);
    int fd = connection.fd;
    connection_close(&connection);
    ck_assert(!is_open(fd));
    ck_assert(!connection_is_ours(&connection));
    connection_close(&connection);
}
END_TEST

START_TEST(is_not_ours_once_the_number_is_somebody_elses)
{
    struct connection connection = {0};
    const char *const others[] = {"/dev/null", "socket"};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(connection_open(&connection), 0);
        int fd = connection.fd;
        int other = i == 0 ? open(others[i], O_RDWR) : socket(AF_UNIX, SOCK_SEQPACKET, 0);
        ck_assert_int_eq(dup2(other, fd), fd);
        ck_assert(!connection_is_ours(&connection));
        connection_close(&connection);
        ck_assert(is_open(fd));
        close(fd);
        close(other);
    }
}
END_TEST

START_TEST(tells_that_there_is_no_room_for_descriptors)
{
    struct connection connection = {0};
    struct rlimit before, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int r = connection_open(&connection);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(r, -EMFILE);
    ck_assert(!connection_is_ours(&connection));
}
END_TEST

/* Two connected sockets, one of them held as a connection. */
static int connect_pair(struct connection *connection)
{
    int ends[2];
    uint64_t cookie;
    socklen_t size = sizeof cookie;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    ck_assert_int_eq(getsockopt(ends[0], SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
    connection->cookie = cookie;
    connection->fd = ends[0];
    ck_assert(connection_is_ours(connection));
    return ends[1];
}

START_TEST(ends_the_connection_although_a_child_holds_a_copy)
{
    struct connection connection = {0};
    char byte;
    int release[2];
    int peer = connect_pair(&connection);
    ck_assert_int_eq(pipe(release), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(release[1]);
        _exit(read(release[0], &byte, 1) == 0 ? 0 : 1);
    }
    connection_close(&connection);
    ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
    close(release[1]);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(abandons_without_ending_the_connection_of_others)
{
    struct connection connection = {0};
    char byte;
    int peer = connect_pair(&connection);
    int fd = connection.fd;
    int copy = dup(fd);
    connection_abandon(&connection);
    ck_assert(!is_open(fd));
    ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
    ck_assert_int_eq(send(copy, "x", 1, 0), 1);
    ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
}
END_TEST

SUITE_MAIN("connection", opens_a_socket_that_exec_closes, keeps_off_the_standard_descriptors,
           is_not_ours_once_it_is_closed, is_not_ours_once_the_number_is_somebody_elses,
           tells_that_there_is_no_room_for_descriptors,
           ends_the_connection_although_a_child_holds_a_copy,
           abandons_without_ending_the_connection_of_others)
