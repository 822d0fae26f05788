/* The check socket on a real event loop, with clients that misbehave. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire/message.h"
#include "tests/daemon/server_rig.h"
#include "tests/suite.h"

START_TEST(an_oversized_packet_ends_its_own_connection_only)
{
    static char bytes[WIRE_FRAME_MAX + 1];
    server_rig_start("");
    int good = server_rig_dial(), bad = server_rig_dial();
    ck_assert(server_rig_hello(good));
    ck_assert_int_eq(send(bad, bytes, sizeof bytes, 0), sizeof bytes);
    ck_assert(server_rig_ends(bad));
    ck_assert(server_rig_hello(good));
    close(good);
    server_rig_stop();
}
END_TEST

START_TEST(a_client_that_says_nothing_is_gone_at_its_deadline)
{
    server_rig_start("hello_deadline = 50ms\n");
    int silent = server_rig_dial(), talking = server_rig_dial();
    ck_assert(server_rig_hello(talking));
    ck_assert(server_rig_ends(silent));
    ck_assert(server_rig_hello(talking));
    close(talking);
    server_rig_stop();
}
END_TEST

static uint64_t clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* At ten a second the second is let in after 100 ms, the third after 200; whoever is in, is
 * answered all the while. */
START_TEST(who_connects_too_fast_waits_and_holds_nobody_up)
{
    server_rig_start("connects_per_second = 10\n");
    uint64_t start_ms = clock_ms();
    int first = server_rig_dial(), second = server_rig_dial(), third = server_rig_dial();
    ck_assert(server_rig_hello(first));
    ck_assert(server_rig_hello(first));
    ck_assert(server_rig_hello(third));
    ck_assert_uint_ge(clock_ms() - start_ms, 200);
    ck_assert(server_rig_hello(second));
    close(first);
    close(second);
    close(third);
    server_rig_stop();
}
END_TEST

START_TEST(one_connection_too_many_is_told_and_closed)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    struct frame frame;
    enum wire_error error;
    server_rig_start("connections = 2\n");
    int first = server_rig_dial(), second = server_rig_dial();
    ck_assert(server_rig_hello(first));
    ck_assert(server_rig_hello(second));
    int third = server_rig_dial();
    ssize_t n = recv(third, bytes, sizeof bytes, 0);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(frame_open(bytes, (size_t)n, &frame), 0);
    ck_assert_int_eq(error_read(&frame, &error), 0);
    ck_assert_int_eq(error, WIRE_ERROR_BUSY);
    ck_assert(server_rig_ends(third));
    /* A place that became free is given away again. */
    close(first);
    for (bool admitted = false; !admitted;) {
        int fourth = server_rig_dial();
        admitted = server_rig_hello(fourth);
        close(fourth);
    }
    close(second);
    server_rig_stop();
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
    ck_assert(server_rig_ends(fd));
    return error;
}

START_TEST(a_connection_above_the_share_of_its_user_is_told_and_closed)
{
    server_rig_start("connections_per_user = 2\n");
    int first = server_rig_dial(), second = server_rig_dial();
    ck_assert(server_rig_hello(first));
    ck_assert(server_rig_hello(second));
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(error_of(server_rig_dial()), WIRE_ERROR_BUSY);
    ck_assert(server_rig_hello(first));
    ck_assert(server_rig_hello(second));
    close(first);
    close(second);
    struct quota_usage usage_at_end = server_rig_stop();
    ck_assert_uint_eq(usage_at_end.refused, 100);
    ck_assert_uint_eq(usage_at_end.connections[QUOTA_CHECK], 0);
    ck_assert_uint_eq(usage_at_end.bytes, 0);
}
END_TEST

START_TEST(connections_are_bytes_in_flight_too)
{
    /* A mebibyte has room for some thirty send buffers. */
    server_rig_start("bytes_in_flight_per_user = 1M\n");
    int fds[40], count = 0;
    for (; count < 40; count++) {
        fds[count] = server_rig_dial();
        if (!server_rig_hello(fds[count]))
            break;
    }
    ck_assert_int_gt(count, 10);
    ck_assert_int_lt(count, 40);
    close(fds[count]);
    while (count > 0)
        close(fds[--count]);
    server_rig_stop();
}
END_TEST

START_TEST(many_connections_of_one_user_are_all_served)
{
    int fds[64];
    server_rig_start("");
    for (int i = 0; i < 64; i++) {
        fds[i] = server_rig_dial();
        ck_assert(server_rig_hello(fds[i]));
    }
    for (int round = 0; round < 10; round++)
        for (int i = 63; i >= 0; i--)
            ck_assert(server_rig_hello(fds[i]));
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    server_rig_stop();
}
END_TEST

START_TEST(connections_wait_while_there_is_no_descriptor_and_are_served_then)
{
    struct rlimit before, none;
    server_rig_start("");
    int held = server_rig_dial();
    ck_assert(server_rig_hello(held));
    /* All that the test needs itself is opened before. */
    int waiting = server_rig_dial();
    ck_assert(server_rig_hello(waiting));
    int late = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(
        connect(late, (struct sockaddr *)&server_rig_address, sizeof server_rig_address), 0);
    /* Those that are there are served meanwhile. */
    for (int i = 0; i < 50; i++)
        ck_assert(server_rig_hello(held));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert(server_rig_hello(late));
    close(late);
    close(waiting);
    close(held);
    server_rig_stop();
}
END_TEST

START_TEST(descriptors_that_a_client_sends_along_are_dropped)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    server_rig_start("");
    int fd = server_rig_dial(), passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert(server_rig_hello(fd));
    int before = server_rig_open_descriptors();
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
    ck_assert_int_eq(server_rig_open_descriptors(), before);
    close(passed);
    close(fd);
    server_rig_stop();
}
END_TEST

START_TEST(a_client_that_reads_no_answers_is_dropped_not_buffered)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("storefront")};
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);
    server_rig_start("");
    int fd = server_rig_dial();
    int sent = 0;
    while (sent < 100000 && send(fd, bytes, len, MSG_NOSIGNAL) > 0)
        sent++;
    ck_assert_int_lt(sent, 100000);
    ck_assert(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    int good = server_rig_dial();
    ck_assert(server_rig_hello(good));
    close(good);
    server_rig_stop();
}
END_TEST

SUITE_MAIN("server", an_oversized_packet_ends_its_own_connection_only,
           a_client_that_says_nothing_is_gone_at_its_deadline,
           who_connects_too_fast_waits_and_holds_nobody_up,
           one_connection_too_many_is_told_and_closed,
           a_connection_above_the_share_of_its_user_is_told_and_closed,
           connections_are_bytes_in_flight_too, many_connections_of_one_user_are_all_served,
           connections_wait_while_there_is_no_descriptor_and_are_served_then,
           descriptors_that_a_client_sends_along_are_dropped,
           a_client_that_reads_no_answers_is_dropped_not_buffered)
