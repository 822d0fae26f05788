/* The check socket on a real event loop, with clients that misbehave. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"
#include "lib/wire/message.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* The loop runs in a thread; an eventfd ends it. */
static struct fixture fixture;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static pthread_t thread;
static int stop_fd;
static struct quota_usage usage_at_end; /* of all users, when it has stopped */

static int on_stop(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    return sd_event_exit(userdata, 0);
}

static void *run(void *listen_fd)
{
    sd_event *event;
    struct turns *turns;
    struct server *server;
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(turns_new(event, &turns), 0);
    ck_assert_int_ge(sd_event_add_io(event, NULL, stop_fd, POLLIN, on_stop, event), 0);
    ck_assert_int_eq(server_new(event, turns, fixture.service, *(int *)listen_fd, &server), 0);
    ck_assert_int_eq(sd_event_loop(event), 0);
    server_free(server);
    turns_free(turns);
    sd_event_unref(event);
    return NULL;
}

static int listen_fd;

static void start(const char *config)
{
    fixture_open(&fixture, (struct fixture_file[]){{"stkgate.conf", config}, {NULL, NULL}});
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/check.sock", fixture.dir);
    listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listen_fd, 128), 0);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(pthread_create(&thread, NULL, run, &listen_fd), 0);
}

static void stop(void)
{
    ck_assert_int_eq(eventfd_write(stop_fd, 1), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close(stop_fd);
    quota_total(service_quota(fixture.service), &usage_at_end);
    fixture_close(&fixture);
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool say_hello(int fd)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    struct welcome welcome;
    struct frame frame;
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);
    if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    return n > 0 && frame_open(bytes, (size_t)n, &frame) == 0 &&
           welcome_read(&frame, &welcome) == 0;
}

/* The connection's end, however many answers came before. */
static bool ends(int fd)
{
    char bytes[WIRE_FRAME_MAX];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        continue;
    close(fd);
    return n == 0 || errno == ECONNRESET;
}

START_TEST(an_oversized_packet_ends_its_own_connection_only)
{
    static char bytes[WIRE_FRAME_MAX + 1];
    start("");
    int good = dial(), bad = dial();
    ck_assert(say_hello(good));
    ck_assert_int_eq(send(bad, bytes, sizeof bytes, 0), sizeof bytes);
    ck_assert(ends(bad));
    ck_assert(say_hello(good));
    close(good);
    stop();
}
END_TEST

START_TEST(a_client_that_says_nothing_is_gone_at_its_deadline)
{
    start("hello_deadline = 50ms\n");
    int silent = dial(), talking = dial();
    ck_assert(say_hello(talking));
    ck_assert(ends(silent));
    ck_assert(say_hello(talking));
    close(talking);
    stop();
}
END_TEST

START_TEST(one_connection_too_many_is_told_and_closed)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    struct frame frame;
    enum wire_error error;
    start("connections = 2\n");
    int first = dial(), second = dial();
    ck_assert(say_hello(first));
    ck_assert(say_hello(second));
    int third = dial();
    ssize_t n = recv(third, bytes, sizeof bytes, 0);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(frame_open(bytes, (size_t)n, &frame), 0);
    ck_assert_int_eq(error_read(&frame, &error), 0);
    ck_assert_int_eq(error, WIRE_ERROR_BUSY);
    ck_assert(ends(third));
    /* A place that became free is given away again. */
    close(first);
    for (bool admitted = false; !admitted;) {
        int fourth = dial();
        admitted = say_hello(fourth);
        close(fourth);
    }
    close(second);
    stop();
}
END_TEST

static enum wire_error error_of(int fd)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    struct frame frame;
    enum wire_error error;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(frame_open(bytes, (size_t)n, &frame), 0);
    ck_assert_int_eq(error_read(&frame, &error), 0);
    ck_assert(ends(fd));
    return error;
}

START_TEST(a_connection_above_the_share_of_its_user_is_told_and_closed)
{
    start("connections_per_user = 2\n");
    int first = dial(), second = dial();
    ck_assert(say_hello(first));
    ck_assert(say_hello(second));
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(error_of(dial()), WIRE_ERROR_BUSY);
    ck_assert(say_hello(first));
    ck_assert(say_hello(second));
    close(first);
    close(second);
    stop();
    ck_assert_uint_eq(usage_at_end.refused, 100);
    ck_assert_uint_eq(usage_at_end.connections[QUOTA_CHECK], 0);
    ck_assert_uint_eq(usage_at_end.bytes, 0);
}
END_TEST

START_TEST(connections_are_bytes_in_flight_too)
{
    /* A mebibyte has room for some thirty send buffers. */
    start("bytes_in_flight_per_user = 1M\n");
    int fds[40], count = 0;
    for (; count < 40; count++) {
        fds[count] = dial();
        if (!say_hello(fds[count]))
            break;
    }
    ck_assert_int_gt(count, 10);
    ck_assert_int_lt(count, 40);
    close(fds[count]);
    while (count > 0)
        close(fds[--count]);
    stop();
}
END_TEST

START_TEST(many_connections_of_one_user_are_all_served)
{
    int fds[64];
    start("");
    for (int i = 0; i < 64; i++) {
        fds[i] = dial();
        ck_assert(say_hello(fds[i]));
    }
    for (int round = 0; round < 10; round++)
        for (int i = 63; i >= 0; i--)
            ck_assert(say_hello(fds[i]));
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    stop();
}
END_TEST

START_TEST(connections_wait_while_there_is_no_descriptor_and_are_served_then)
{
    struct rlimit before, none;
    start("");
    int held = dial();
    ck_assert(say_hello(held));
    /* All that the test needs itself is opened before. */
    int waiting = dial();
    ck_assert(say_hello(waiting));
    int late = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(connect(late, (struct sockaddr *)&address, sizeof address), 0);
    /* Those that are there are served meanwhile. */
    for (int i = 0; i < 50; i++)
        ck_assert(say_hello(held));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert(say_hello(late));
    close(late);
    close(waiting);
    close(held);
    stop();
}
END_TEST

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(descriptors_that_a_client_sends_along_are_dropped)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    start("");
    int fd = dial(), passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert(say_hello(fd));
    int before = open_descriptors();
    for (int i = 0; i < 10; i++) {
        struct iovec iov = {bytes, hello_write(bytes, sizeof bytes, 1, &hello)};
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
        *cmsg = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(cmsg), &passed, sizeof passed);
        ck_assert_int_gt(sendmsg(fd, &message, 0), 0);
        ck_assert_int_gt(recv(fd, bytes, sizeof bytes, 0), 0);
    }
    ck_assert_int_eq(open_descriptors(), before);
    close(passed);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_reads_no_answers_is_dropped_not_buffered)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);
    start("");
    int fd = dial();
    int sent = 0;
    while (sent < 100000 && send(fd, bytes, len, MSG_NOSIGNAL) > 0)
        sent++;
    ck_assert_int_lt(sent, 100000);
    ck_assert(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    int good = dial();
    ck_assert(say_hello(good));
    close(good);
    stop();
}
END_TEST

SUITE_MAIN("server", an_oversized_packet_ends_its_own_connection_only,
           a_client_that_says_nothing_is_gone_at_its_deadline,
           one_connection_too_many_is_told_and_closed,
           a_connection_above_the_share_of_its_user_is_told_and_closed,
           connections_are_bytes_in_flight_too, many_connections_of_one_user_are_all_served,
           connections_wait_while_there_is_no_descriptor_and_are_served_then,
           descriptors_that_a_client_sends_along_are_dropped,
           a_client_that_reads_no_answers_is_dropped_not_buffered)
