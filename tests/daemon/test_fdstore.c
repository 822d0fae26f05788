/* What systemd is given to keep, seen from its end of the notification socket, and what came back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/fdstore.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static char dir[PATH_MAX];
static int manager_fd; /* systemd's end */

static void be_systemd(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    fixture_make_dir(dir);
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", dir);
    manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager_fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static void end(void)
{
    close(manager_fd);
    fixture_remove_dir(dir);
}

static char text[256];

/* The next message, in text; the descriptor that came with it, or -1. */
static int next_message(void)
{
    char control[CMSG_SPACE(8 * sizeof(int))];
    struct iovec iov = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd = -1;
    ssize_t n = recvmsg(manager_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            ck_assert_uint_eq(c->cmsg_len, CMSG_LEN(sizeof(int))); /* one and no more */
            memcpy(&fd, CMSG_DATA(c), sizeof fd);
        }
    return fd;
}

static bool has_line(const char *line)
{
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}

static bool is_same(int a, int b)
{
    struct stat sa, sb;
    return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

START_TEST(gives_the_descriptor_away_by_its_name_and_keeps_its_own)
{
    be_systemd();
    int fd = memfd_create("test", MFD_CLOEXEC);
    fdstore_keep("view-buckets-1", fd);
    int got = next_message();
    ck_assert(has_line("FDSTORE=1"));
    ck_assert(has_line("FDNAME=view-buckets-1"));
    ck_assert(got != fd && is_same(got, fd));
    close(got);
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    close(fd);
    end();
}
END_TEST

START_TEST(the_longest_name_fits)
{
    char name[FDSTORE_NAME_MAX + 1] = FDSTORE_PREFIX, line[64];
    be_systemd();
    memset(name + strlen(name), 'x', FDSTORE_NAME_MAX - strlen(name));
    snprintf(line, sizeof line, "FDNAME=%s", name);
    int fd = memfd_create("test", MFD_CLOEXEC);
    fdstore_keep(name, fd);
    close(next_message());
    ck_assert(has_line(line));
    fdstore_forget(name);
    ck_assert_int_eq(next_message(), -1);
    ck_assert(has_line(line));
    close(fd);
    end();
}
END_TEST

START_TEST(has_a_name_forgotten)
{
    be_systemd();
    fdstore_forget("view-1");
    ck_assert_int_eq(next_message(), -1);
    ck_assert(has_line("FDSTOREREMOVE=1"));
    ck_assert(has_line("FDNAME=view-1"));
    ck_assert(!has_line("FDSTORE=1"));
    end();
}
END_TEST

START_TEST(does_nothing_without_systemd_and_goes_on_when_it_is_deaf)
{
    unsetenv("NOTIFY_SOCKET");
    int fd = memfd_create("test", MFD_CLOEXEC);
    fdstore_keep("view-1", fd);
    fdstore_forget("view-1");
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    fdstore_keep("view-1", fd);
    fdstore_keep("view-1", -1);
    fdstore_forget("view-1");
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    close(fd);
}
END_TEST

/* ---- what came back ----------------------------------------------------------------------------
 */

START_TEST(takes_in_no_more_than_it_has_room_for)
{
    struct fdstore store = {0};
    char name[FDSTORE_NAME_MAX + 2] = FDSTORE_PREFIX;
    memset(name + strlen(name), 'x', FDSTORE_NAME_MAX + 1 - strlen(name));
    ck_assert_int_eq(fdstore_add(&store, name, 7), -ENAMETOOLONG);
    name[FDSTORE_NAME_MAX] = '\0';
    for (int i = 0; i < FDSTORE_MAX; i++)
        ck_assert_int_eq(fdstore_add(&store, name, 100 + i), 0);
    ck_assert_int_eq(fdstore_add(&store, name, 99), -ENOSPC);
    ck_assert_uint_eq(store.count, FDSTORE_MAX);
    for (int i = 0; i < FDSTORE_MAX; i++) {
        ck_assert_str_eq(store.files[i].name, name);
        ck_assert_int_eq(store.files[i].fd, 100 + i);
    }
}
END_TEST

START_TEST(what_nobody_took_over_is_closed_and_forgotten)
{
    struct fdstore store = {0};
    be_systemd();
    int mine = memfd_create("mine", MFD_CLOEXEC), old = memfd_create("old", MFD_CLOEXEC);
    ck_assert_int_eq(fdstore_add(&store, "view-mine", mine), 0);
    ck_assert_int_eq(fdstore_add(&store, "view-old", old), 0);
    store.files[0].fd = -1;
    fdstore_drop(&store);
    ck_assert_int_eq(fcntl(old, F_GETFD), -1);
    ck_assert_int_ge(fcntl(mine, F_GETFD), 0);
    ck_assert_int_eq(next_message(), -1);
    ck_assert(has_line("FDSTOREREMOVE=1"));
    ck_assert(has_line("FDNAME=view-old"));
    ck_assert_int_eq(recv(manager_fd, text, sizeof text, MSG_DONTWAIT), -1);
    ck_assert_uint_eq(store.count, 0);
    fdstore_drop(&store);
    close(mine);
    end();
}
END_TEST

START_TEST(who_cannot_start_leaves_it_to_the_next)
{
    struct fdstore store = {0};
    be_systemd();
    int kept = memfd_create("kept", MFD_CLOEXEC);
    ck_assert_int_eq(fdstore_add(&store, "view-kept", kept), 0);
    fdstore_close(&store);
    ck_assert_int_eq(fcntl(kept, F_GETFD), -1);
    ck_assert_int_eq(recv(manager_fd, text, sizeof text, MSG_DONTWAIT), -1);
    ck_assert_uint_eq(store.count, 0);
    end();
}
END_TEST

SUITE_MAIN("fdstore", gives_the_descriptor_away_by_its_name_and_keeps_its_own,
           the_longest_name_fits, has_a_name_forgotten,
           does_nothing_without_systemd_and_goes_on_when_it_is_deaf,
           takes_in_no_more_than_it_has_room_for, what_nobody_took_over_is_closed_and_forgotten,
           who_cannot_start_leaves_it_to_the_next)
