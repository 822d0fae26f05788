/* The view on its way: which descriptors go along with an answer, to whom, and who counts as having
 * them. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/view/view.h"
#include "lib/wire/message.h"
#include "tests/daemon/server_rig.h"
#include "tests/suite.h"

static void ask_for_view(int fd)
{
    uint8_t bytes[WIRE_HEADER_BYTES];
    size_t len = attach_write(bytes, sizeof bytes, 7);
    ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

#define FDS_MAX 8

struct view_answer_seen {
    struct attached attached;
    int fds[FDS_MAX];
    unsigned fd_count;
};

/* What comes next must be an ATTACHED. */
static struct view_answer_seen receive_view(int fd)
{
    struct view_answer_seen seen = {.fd_count = 0};
    uint8_t bytes[WIRE_FRAME_MAX];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    struct iovec iov = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct frame frame;
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        ck_assert_int_eq(c->cmsg_type, SCM_RIGHTS);
        seen.fd_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(seen.fds, CMSG_DATA(c), seen.fd_count * sizeof(int));
    }
    ck_assert_int_eq(frame_open(bytes, (size_t)n, &frame), 0);
    ck_assert_uint_eq(frame.id, 7);
    ck_assert_int_eq(attached_read(&frame, &seen.attached), 0);
    return seen;
}

static void drop(struct view_answer_seen *seen)
{
    while (seen->fd_count > 0)
        close(seen->fds[--seen->fd_count]);
}

static void expect_view(int fd)
{
    ask_for_view(fd);
    struct view_answer_seen seen = receive_view(fd);
    ck_assert_uint_eq(seen.fd_count, 2);
    drop(&seen);
}

START_TEST(hands_out_the_view_to_be_read_and_its_buckets_to_be_written)
{
    struct view view;
    server_rig_start("");
    int fd = server_rig_dial();
    ck_assert(server_rig_hello(fd));
    int before = server_rig_open_descriptors();
    uint64_t before_ns = service_mono_ns();
    ask_for_view(fd);
    struct view_answer_seen seen = receive_view(fd);
    ck_assert_uint_ge(seen.attached.clock_ns, before_ns);
    ck_assert_uint_le(seen.attached.clock_ns, service_mono_ns());
    ck_assert_uint_eq(seen.fd_count, 2);
    void *bytes = mmap(NULL, seen.attached.view_bytes, PROT_READ, MAP_SHARED, seen.fds[0], 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    ck_assert_int_eq(view_open(bytes, seen.attached.view_bytes, &view), 0);
    ck_assert_uint_ge(seen.attached.bucket_bytes, view_slots(&view) * sizeof(struct view_bucket));
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, seen.fds[0], 0),
                     MAP_FAILED);
    ck_assert_int_eq(errno, EACCES);
    void *buckets =
        mmap(NULL, seen.attached.bucket_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, seen.fds[1], 0);
    ck_assert_ptr_ne(buckets, MAP_FAILED);
    drop(&seen);
    expect_view(fd);
    /* The one that the service opens for all, and no other. */
    ck_assert_int_le(server_rig_open_descriptors(), before + 1);
    munmap(buckets, seen.attached.bucket_bytes);
    munmap(bytes, seen.attached.view_bytes);
    close(fd);
    server_rig_stop();
}
END_TEST

START_TEST(a_process_is_attached_from_the_handout_until_its_connections_are_gone)
{
    server_rig_start("");
    int first = server_rig_dial(), second = server_rig_dial(), third = server_rig_dial();
    ck_assert(server_rig_hello(first) && server_rig_hello(second) && server_rig_hello(third));
    ck_assert_uint_eq(server_rig_look().attached, 0);
    expect_view(first);
    ck_assert_uint_eq(server_rig_look().attached, 1);
    expect_view(first);
    expect_view(second);
    ck_assert_uint_eq(server_rig_look().attached, 1);
    close(third);
    close(first);
    while (server_rig_look().connections > 1)
        continue;
    ck_assert_uint_eq(server_rig_look().attached, 1);
    close(second);
    while (server_rig_look().attached > 0)
        continue;
    server_rig_stop();
}
END_TEST

START_TEST(another_process_counts_by_itself)
{
    char end;
    int pipe_fds[2];
    server_rig_start("");
    int fd = server_rig_dial();
    ck_assert(server_rig_hello(fd));
    expect_view(fd);
    ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipe_fds[1]);
        int own = server_rig_dial();
        if (server_rig_hello(own))
            expect_view(own);
        /* The parent's end is its last word. */
        _exit((int)read(pipe_fds[0], &end, 1));
    }
    close(pipe_fds[0]);
    while (server_rig_look().attached < 2)
        continue;
    close(pipe_fds[1]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    while (server_rig_look().attached > 1)
        continue;
    close(fd);
    server_rig_stop();
}
END_TEST

#define STRANGER 65533

/* In a child: another user, who is not named. What it asks on is a connection of its own. */
static int ask_as_a_stranger(void)
{
    if (setgroups(0, NULL) < 0 || setgid(STRANGER) < 0 || setuid(STRANGER) < 0)
        return 1;
    int fd = server_rig_dial();
    if (!server_rig_hello(fd))
        return 2;
    ask_for_view(fd);
    struct view_answer_seen seen = receive_view(fd);
    if (seen.fd_count != 0 || seen.attached.clock_ns != 0 || seen.attached.view_bytes != 0 ||
        seen.attached.bucket_bytes != 0)
        return 3;
    return server_rig_hello(fd) ? 0 : 4;
}

START_TEST(who_is_not_named_gets_no_descriptor_and_is_not_counted)
{
    int status;
    if (geteuid() != 0) {
        fputs("left out: only root can be another user\n", stderr);
        return;
    }
    server_rig_start("");
    ck_assert_int_eq(chmod(server_rig_fixture.dir, 0711), 0);
    ck_assert_int_eq(chmod(server_rig_address.sun_path, 0666), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(ask_as_a_stranger());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(server_rig_look().attached, 0);
    server_rig_stop();
}
END_TEST

START_TEST(who_asks_for_the_view_with_an_answer_unread_is_dropped)
{
    server_rig_start("");
    int greedy = server_rig_dial(), good = server_rig_dial();
    ck_assert(server_rig_hello(greedy) && server_rig_hello(good));
    ask_for_view(greedy);
    struct pollfd pollfd = {.fd = greedy, .events = POLLIN};
    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
    ask_for_view(greedy);
    pollfd.events = POLLRDHUP;
    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
    /* What it was sent before is still there, and nothing behind it. */
    struct view_answer_seen seen = receive_view(greedy);
    ck_assert_uint_eq(seen.fd_count, 2);
    drop(&seen);
    ck_assert(server_rig_ends(greedy));
    while (server_rig_look().attached > 0)
        continue;
    expect_view(good);
    close(good);
    server_rig_stop();
}
END_TEST

/* The kernel lets a user without privileges have so many on their way as one process may have open.
 */
START_TEST(with_too_many_descriptors_on_their_way_it_answers_without)
{
    struct rlimit before, few;
    if (geteuid() == 0) {
        setenv("TMPDIR", "/tmp", 1);
        ck_assert_int_eq(setgroups(0, NULL), 0);
        ck_assert(setgid(STRANGER) == 0 && setuid(STRANGER) == 0);
    }
    server_rig_start("");
    int slow = server_rig_dial(), quick = server_rig_dial();
    ck_assert(server_rig_hello(slow) && server_rig_hello(quick));
    ask_for_view(slow);
    struct pollfd pollfd = {.fd = slow, .events = POLLIN};
    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ask_for_view(quick);
    struct view_answer_seen seen = receive_view(quick);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_eq(seen.fd_count, 0);
    ck_assert_uint_eq(seen.attached.view_bytes, 0);
    /* Nothing is lost: it goes on there, and is given the view when there is room. */
    ck_assert(server_rig_hello(quick));
    seen = receive_view(slow);
    ck_assert_uint_eq(seen.fd_count, 2);
    drop(&seen);
    expect_view(quick);
    close(quick);
    close(slow);
    server_rig_stop();
}
END_TEST

SUITE_MAIN("server_view", hands_out_the_view_to_be_read_and_its_buckets_to_be_written,
           a_process_is_attached_from_the_handout_until_its_connections_are_gone,
           another_process_counts_by_itself, who_is_not_named_gets_no_descriptor_and_is_not_counted,
           who_asks_for_the_view_with_an_answer_unread_is_dropped,
           with_too_many_descriptors_on_their_way_it_answers_without)
