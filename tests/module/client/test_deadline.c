#include "module/client/deadline.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/suite.h"

#define MS UINT64_C(1000000)

START_TEST(has_all_of_its_time_left_at_first)
{
    struct deadline deadline = deadline_begin(60000);
    ck_assert(!deadline.waited);
    ck_assert_uint_eq(deadline.end_ns - deadline.start_ns, 60000 * MS);
    uint64_t left_ns = deadline_left_ns(&deadline);
    ck_assert_uint_le(left_ns, 60000 * MS);
    ck_assert_uint_gt(left_ns, 0);
}
END_TEST

START_TEST(has_nothing_left_when_it_is_over)
{
    struct deadline deadline = deadline_begin(0);
    ck_assert_uint_eq(deadline_left_ns(&deadline), 0);
}
END_TEST

START_TEST(ends_a_wait_when_it_is_over_and_not_before)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    struct deadline deadline = deadline_begin(20);
    ck_assert_int_eq(deadline_poll(&deadline, ends[0], POLLIN), -ETIMEDOUT);
    ck_assert_uint_ge(deadline_clock_ns(), deadline.end_ns);
    ck_assert(deadline.waited);
    /* What is there at once may still be taken. */
    ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
    ck_assert_int_eq(deadline_poll(&deadline, ends[0], POLLIN), 0);
}
END_TEST

START_TEST(ends_a_wait_when_something_is_there)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    struct deadline deadline = deadline_begin(60000);
    ck_assert_int_eq(deadline_poll(&deadline, ends[0], POLLOUT), 0);
    close(ends[1]);
    ck_assert_int_eq(deadline_poll(&deadline, ends[0], POLLIN), 0);
    ck_assert_uint_gt(deadline_left_ns(&deadline), 0);
}
END_TEST

/* The host program closed it: recv(2) will say so. */
START_TEST(does_not_wait_for_a_descriptor_that_is_closed)
{
    struct deadline deadline = deadline_begin(60000);
    int fd = dup(1);
    close(fd);
    ck_assert_int_eq(deadline_poll(&deadline, fd, POLLIN), 0);
}
END_TEST

SUITE_MAIN("deadline", has_all_of_its_time_left_at_first, has_nothing_left_when_it_is_over,
           ends_a_wait_when_it_is_over_and_not_before, ends_a_wait_when_something_is_there,
           does_not_wait_for_a_descriptor_that_is_closed)
