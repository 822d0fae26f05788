/* Tests of module/cgi/workers.c and listener.c. */
#include "module/cgi/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module/cgi/listener.h"
#include "tests/suite.h"

/* A listening socket without a file, and its address. */
static int listen_at(struct sockaddr_un *ret, socklen_t *ret_len, int type)
{
    static int number;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int len = snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1, "stkgate-test-%d-%d",
                       (int)getpid(), number++);
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)ret, *ret_len), 0);
    return fd;
}

static int dial(const struct sockaddr_un *address, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)address, len), 0);
    return fd;
}

static void echo(int connection, void *userdata)
{
    char byte;
    while (read(connection, &byte, 1) == 1)
        if (write(connection, &byte, 1) != 1)
            return;
}

/* In a process of its own, as the program is. */
static pid_t start(int fd, unsigned count)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(workers_run(fd, count, echo, NULL) == 0 ? 0 : 1);
    return pid;
}

static int end(pid_t pid, int number)
{
    int status;
    kill(pid, number);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void must_echo(int fd, char byte)
{
    char back = 0;
    ck_assert_int_eq(write(fd, &byte, 1), 1);
    ck_assert_int_eq(read(fd, &back, 1), 1);
    ck_assert_int_eq(back, byte);
}

START_TEST(serves_as_many_at_a_time_as_it_has_threads)
{
    struct sockaddr_un address;
    socklen_t len;
    int fd = listen_at(&address, &len, SOCK_STREAM | SOCK_NONBLOCK);
    ck_assert_int_eq(listen(fd, 8), 0);
    pid_t pid = start(fd, 3);
    int clients[3];
    for (int i = 0; i < 3; i++)
        clients[i] = dial(&address, len);
    for (int i = 0; i < 3; i++)
        must_echo(clients[i], (char)('a' + i));
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    int again = dial(&address, len);
    must_echo(again, 'x');
    close(again);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    close(fd);
}
END_TEST

START_TEST(answers_what_is_at_hand_before_it_ends)
{
    struct sockaddr_un address;
    socklen_t len;
    int fd = listen_at(&address, &len, SOCK_STREAM | SOCK_NONBLOCK);
    ck_assert_int_eq(listen(fd, 8), 0);
    pid_t pid = start(fd, 2);
    int client = dial(&address, len);
    must_echo(client, 'a');
    kill(pid, SIGTERM);
    must_echo(client, 'b');
    close(client);
    ck_assert_int_eq(end(pid, SIGINT), 0);
    close(fd);
}
END_TEST

/* The bound is that of WORKERS_CONNECTION_S; the test's own is the suite's. */
START_TEST(shuts_down_a_peer_that_takes_too_long)
{
    struct sockaddr_un address;
    socklen_t len;
    char byte;
    int fd = listen_at(&address, &len, SOCK_STREAM | SOCK_NONBLOCK);
    ck_assert_int_eq(listen(fd, 8), 0);
    pid_t pid = start(fd, 1);
    int silent = dial(&address, len), next = dial(&address, len);
    ck_assert_int_eq(read(silent, &byte, 1), 0);
    must_echo(next, 'n');
    close(silent);
    close(next);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    close(fd);
}
END_TEST

START_TEST(says_so_when_nothing_can_be_taken)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    close(ends[1]); /* readable, and yet no listener */
    ck_assert_int_eq(workers_run(ends[0], 2, echo, NULL), -EINVAL);
    close(ends[0]);
}
END_TEST

/* ---- which socket -------------------------------------------------------------------------- */

static void put_at(int fd, int place)
{
    ck_assert_int_eq(dup2(fd, place), place);
}

static void set_listen(const char *count)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
}

START_TEST(takes_the_socket_of_systemd_else_that_of_fastcgi)
{
    struct sockaddr_un address;
    socklen_t len;
    int got = -1;
    int fd = listen_at(&address, &len, SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 8), 0);
    put_at(fd, 0);
    ck_assert_int_eq(listener_take(&got), 0);
    ck_assert_int_eq(got, 0);
    ck_assert(fcntl(0, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(0, F_GETFD) & FD_CLOEXEC);
    put_at(fd, 3);
    set_listen("1");
    ck_assert_int_eq(listener_take(&got), 0);
    ck_assert_int_eq(got, 3);
    ck_assert_ptr_null(getenv("LISTEN_FDS"));
    set_listen("1");
    setenv("LISTEN_PID", "1", 1); /* another's */
    ck_assert_int_eq(listener_take(&got), 0);
    ck_assert_int_eq(got, 0);
}
END_TEST

START_TEST(refuses_what_does_not_listen)
{
    struct sockaddr_un address;
    socklen_t len;
    int got = -7, ends[2];
    put_at(open("/dev/null", O_RDONLY), 0);
    ck_assert_int_eq(listener_take(&got), -ENOTSOCK);
    close(0);
    ck_assert_int_eq(listener_take(&got), -ENOTSOCK);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    put_at(ends[1], 0);
    ck_assert_int_eq(listener_take(&got), -EINVAL);
    int fd = listen_at(&address, &len, SOCK_SEQPACKET);
    ck_assert_int_eq(listen(fd, 8), 0);
    put_at(fd, 0);
    ck_assert_int_eq(listener_take(&got), -EINVAL);
    set_listen("2");
    ck_assert_int_eq(listener_take(&got), -E2BIG);
    ck_assert_int_eq(got, -7);
}
END_TEST

SUITE_MAIN("workers", serves_as_many_at_a_time_as_it_has_threads,
           answers_what_is_at_hand_before_it_ends, shuts_down_a_peer_that_takes_too_long,
           says_so_when_nothing_can_be_taken, takes_the_socket_of_systemd_else_that_of_fastcgi,
           refuses_what_does_not_listen)
