#include "module/client/handed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/module/client/direct.h"
#include "tests/suite.h"

#define FDS_MAX 16

static int pair[2];

/* Sends count copies of one descriptor, and what else is asked for. */
static void send_some(unsigned count, bool credentials)
{
    _Alignas(struct cmsghdr) char
        control[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    char byte = 0;
    struct iovec iovec = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &iovec, .msg_iovlen = 1};
    memset(control, 0, sizeof control);
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (unsigned i = 0; i < count; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &pair[0], sizeof(int));
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    if (credentials) {
        int on = 1;
        ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    }
    ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
}

static void receive(size_t room, struct handed *ret)
{
    union {
        union handed_buffer right;
        char larger[256];
    } control;
    char byte;
    struct iovec iovec = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &iovec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    memset(ret, 0, sizeof *ret);
    ck_assert_int_eq(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC), 1);
    handed_take(&message, ret);
}

static void begin(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

START_TEST(takes_two_descriptors_and_closes_them)
{
    struct handed handed;
    begin();
    unsigned before = direct_open_descriptors();
    send_some(2, false);
    receive(sizeof(union handed_buffer), &handed);
    ck_assert_uint_eq(handed.count, 2);
    ck_assert(!handed.refused);
    ck_assert_uint_eq(direct_open_descriptors(), before + 2);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fcntl(handed.fds[i], F_GETFD), FD_CLOEXEC);
    handed_close(&handed);
    handed_close(&handed);
    ck_assert_uint_eq(direct_open_descriptors(), before);
}
END_TEST

START_TEST(has_none_when_none_came)
{
    struct handed handed;
    begin();
    send_some(0, false);
    receive(sizeof(union handed_buffer), &handed);
    ck_assert_uint_eq(handed.count, 0);
    ck_assert(!handed.refused);
    handed_close(&handed);
}
END_TEST

/* Also if the buffer were larger. */
START_TEST(refuses_more_than_two_and_leaves_none_open)
{
    const size_t rooms[] = {sizeof(union handed_buffer), 256};
    begin();
    unsigned before = direct_open_descriptors();
    for (int i = 0; i < 2; i++) {
        for (unsigned count = 3; count <= FDS_MAX; count++) {
            struct handed handed;
            send_some(count, false);
            receive(rooms[i], &handed);
            ck_assert(handed.refused);
            handed_close(&handed);
            ck_assert_uint_eq(direct_open_descriptors(), before);
        }
    }
}
END_TEST

START_TEST(refuses_other_ancillary_data)
{
    struct handed handed;
    begin();
    unsigned before = direct_open_descriptors();
    send_some(0, true);
    receive(256, &handed);
    ck_assert(handed.refused);
    send_some(1, true);
    receive(256, &handed);
    ck_assert(handed.refused);
    ck_assert_uint_eq(handed.count, 1);
    handed_close(&handed);
    ck_assert_uint_eq(direct_open_descriptors(), before);
}
END_TEST

/* The host program closed one, and opened something of its own on the number. */
START_TEST(closes_no_file_that_took_the_number)
{
    struct handed handed;
    begin();
    send_some(2, false);
    receive(sizeof(union handed_buffer), &handed);
    /* Another one of the same kind. */
    int own = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(own, 0);
    ck_assert_int_eq(dup3(own, handed.fds[0], O_CLOEXEC), handed.fds[0]);
    close(handed.fds[1]);
    int first = handed.fds[0];
    handed_close(&handed);
    ck_assert_int_eq(fcntl(first, F_GETFD), FD_CLOEXEC);
    close(first);
    close(own);
}
END_TEST

SUITE_MAIN("handed", takes_two_descriptors_and_closes_them, has_none_when_none_came,
           refuses_more_than_two_and_leaves_none_open, refuses_other_ancillary_data,
           closes_no_file_that_took_the_number)
