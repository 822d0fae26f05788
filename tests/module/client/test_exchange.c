#include "module/client/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/wire/message.h"
#include "tests/suite.h"

#define ID         77
#define PATIENT_MS 60000

static struct connection connection;
static int peer;
static uint8_t question[64];
static uint8_t answer[256];
static struct packet out = {.bytes = question, .capacity = sizeof question};
static struct packet in = {.bytes = answer, .capacity = sizeof answer};

static void set_up(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    connection.fd = ends[0];
    connection.last_id = ID;
    peer = ends[1];
    struct hello hello = {.service = TEXT("storefront")};
    out.len = hello_write(question, sizeof question, ID, &hello);
}

/* What the other end says, before it is asked: the order of the two makes no difference here. */
static void say(const void *bytes, size_t len)
{
    ck_assert_int_eq(send(peer, bytes, len, 0), (ssize_t)len);
}

static int exchange(uint32_t deadline_ms, struct frame *ret)
{
    struct deadline deadline = deadline_begin(deadline_ms);
    return exchange_frames(&connection, &deadline, &out, &in, ret);
}

START_TEST(sends_the_question_and_opens_the_answer)
{
    uint8_t bytes[64];
    struct frame frame;
    struct writer w;
    set_up();
    frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, ID);
    writer_u8(&w, 42);
    say(bytes, frame_end(&w));
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), 0);
    ck_assert_uint_eq(frame.type, WIRE_WELCOME);
    ck_assert_uint_eq(reader_u8(&frame.payload), 42);
    ck_assert_int_eq(recv(peer, bytes, sizeof bytes, MSG_DONTWAIT), (ssize_t)out.len);
    ck_assert_mem_eq(bytes, question, out.len);
}
END_TEST

START_TEST(refuses_an_answer_to_something_else)
{
    uint8_t bytes[64];
    struct frame frame;
    struct writer w;
    const uint32_t ids[] = {0, ID - 1, ID + 1, UINT32_MAX};
    set_up();
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, ids[i]);
        say(bytes, frame_end(&w));
        ck_assert_int_eq(exchange(PATIENT_MS, &frame), -EPROTO);
    }
}
END_TEST

/* A frame of this id, and the other end's own descriptor with it. */
static void say_with_descriptor(uint32_t id)
{
    uint8_t bytes[64];
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct writer w;
    frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, id);
    struct iovec iov = {bytes, frame_end(&w)};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
    *cmsg = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(cmsg), &peer, sizeof peer);
    ck_assert_int_gt(sendmsg(peer, &message, 0), 0);
}

/* The lowest number that is free. */
static int next_descriptor(void)
{
    int next = dup(peer);
    close(next);
    return next;
}

START_TEST(descriptors_that_a_daemon_sends_along_are_dropped)
{
    struct frame frame;
    set_up();
    int before = next_descriptor();
    say_with_descriptor(ID);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), 0);
    ck_assert_int_eq(next_descriptor(), before);
}
END_TEST

/* The caller has them also when the answer is none. */
START_TEST(takes_descriptors_where_it_is_told_to)
{
    struct frame frame;
    set_up();
    int before = next_descriptor();
    for (uint32_t id = ID; id <= ID + 1; id++) {
        struct handed handed = {0};
        in.handed = &handed;
        say_with_descriptor(id);
        ck_assert_int_eq(exchange(PATIENT_MS, &frame), id == ID ? 0 : -EPROTO);
        ck_assert_uint_eq(handed.count, 1);
        ck_assert_int_eq(handed.fds[0], before);
        ck_assert_int_eq(fcntl(before, F_GETFD), FD_CLOEXEC);
        handed_close(&handed);
        ck_assert_int_eq(next_descriptor(), before);
    }
}
END_TEST

START_TEST(refuses_an_answer_longer_than_there_is_room_for)
{
    uint8_t bytes[sizeof answer + 1];
    struct frame frame;
    struct writer w;
    set_up();
    memset(bytes, 0, sizeof bytes);
    frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, ID);
    say(bytes, sizeof answer);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), 0);
    say(bytes, sizeof answer + 1);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -EPROTO);
}
END_TEST

START_TEST(tells_each_error_of_the_peer)
{
    static const struct {
        enum wire_error error;
        int expected;
    } cases[] = {
        {WIRE_ERROR_VERSION, -EPROTONOSUPPORT},
        {WIRE_ERROR_FRAME, -EPROTO},
        {WIRE_ERROR_NOT_ALLOWED, -EPERM},
        {WIRE_ERROR_BUSY, -EAGAIN},
        {WIRE_ERROR_INTERNAL, -EIO},
    };
    set_up();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[64];
        struct frame frame;
        say(bytes, error_write(bytes, sizeof bytes, ID, cases[i].error));
        ck_assert_int_eq(exchange(PATIENT_MS, &frame), cases[i].expected);
        /* One that the daemon sent before it read anything. */
        say(bytes, error_write(bytes, sizeof bytes, 0, cases[i].error));
        ck_assert_int_eq(exchange(PATIENT_MS, &frame), cases[i].expected);
        say(bytes, error_write(bytes, sizeof bytes, ID + 1, cases[i].error));
        ck_assert_int_eq(exchange(PATIENT_MS, &frame), -EPROTO);
    }
}
END_TEST

START_TEST(hears_the_last_words_of_a_peer_that_is_gone)
{
    uint8_t bytes[64];
    struct frame frame;
    set_up();
    say(bytes, error_write(bytes, sizeof bytes, 0, WIRE_ERROR_BUSY));
    close(peer);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -EAGAIN);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -ECONNRESET);
}
END_TEST

/* It closed without having read what we had sent: the kernel resets the connection then, and says
 * so before it hands out what the peer had said. */
START_TEST(hears_the_last_words_of_a_peer_that_did_not_listen)
{
    uint8_t bytes[64];
    struct frame frame;
    set_up();
    ck_assert_int_eq(send(connection.fd, question, out.len, 0), (ssize_t)out.len);
    say(bytes, error_write(bytes, sizeof bytes, 0, WIRE_ERROR_BUSY));
    close(peer);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -EAGAIN);
}
END_TEST

/* An answer that was there before the question can't be one to it. */
START_TEST(takes_no_answer_from_the_last_words)
{
    uint8_t bytes[64];
    struct frame frame;
    struct writer w;
    set_up();
    frame_begin(&w, bytes, sizeof bytes, WIRE_WELCOME, ID);
    say(bytes, frame_end(&w));
    close(peer);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -ECONNRESET);
}
END_TEST

START_TEST(waits_no_longer_than_the_deadline_for_room_to_send)
{
    struct frame frame;
    set_up();
    while (send(connection.fd, question, out.len, MSG_DONTWAIT) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(exchange(20, &frame), -ETIMEDOUT);
}
END_TEST

START_TEST(takes_a_descriptor_that_is_gone_for_a_connection_that_is)
{
    struct frame frame;
    int ends[2];
    set_up();
    close(connection.fd);
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -ECONNRESET);
    ck_assert_int_eq(pipe(ends), 0);
    connection.fd = ends[1];
    ck_assert_int_eq(exchange(PATIENT_MS, &frame), -ECONNRESET);
}
END_TEST

SUITE_MAIN("exchange", sends_the_question_and_opens_the_answer, refuses_an_answer_to_something_else,
           descriptors_that_a_daemon_sends_along_are_dropped, takes_descriptors_where_it_is_told_to,
           refuses_an_answer_longer_than_there_is_room_for, tells_each_error_of_the_peer,
           hears_the_last_words_of_a_peer_that_is_gone,
           hears_the_last_words_of_a_peer_that_did_not_listen, takes_no_answer_from_the_last_words,
           waits_no_longer_than_the_deadline_for_room_to_send,
           takes_a_descriptor_that_is_gone_for_a_connection_that_is)
