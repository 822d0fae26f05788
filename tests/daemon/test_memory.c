/* Files in memory for other processes: what they hold, who may take one over, and what another user
 * can do with a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/memory.h"
#include "tests/resident.h"
#include "tests/suite.h"

#define PAGE     ((size_t)4096)
#define STRANGER 65533

static bool is_all_zero(const struct memory *memory)
{
    const char *bytes = memory->bytes;
    for (size_t i = 0; i < memory->len; i++)
        if (bytes[i])
            return false;
    return true;
}

START_TEST(is_of_whole_pages_of_zeroes_of_which_some_exist)
{
    struct memory memory;
    struct stat st;
    ck_assert_int_eq(memory_new("test", 10 * PAGE - 1, PAGE + 1, &memory), 0);
    ck_assert_uint_eq(memory.len, 10 * PAGE);
    ck_assert_uint_eq(memory_resident(&memory), 2 * PAGE);
    ck_assert_int_eq(fstat(memory.fd, &st), 0);
    ck_assert_int_eq(st.st_size, (off_t)(10 * PAGE));
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_ne(fcntl(memory.fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(fcntl(memory.fd, F_GET_SEALS) & 15, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    ck_assert(is_all_zero(&memory));
    memset(memory.bytes, 'x', memory.len);
    ck_assert_uint_eq(memory_resident(&memory), 10 * PAGE);
    memory_free(&memory);
    ck_assert_int_eq(memory.fd, -1);
    memory_free(&memory);
    ck_assert_uint_eq(memory_resident(&memory), 0);
}
END_TEST

START_TEST(provides_more_and_leaves_what_is_there)
{
    struct memory memory;
    ck_assert_int_eq(memory_new("test", 8 * PAGE, 0, &memory), 0);
    ck_assert_uint_eq(memory_resident(&memory), 0);
    strcpy(memory.bytes, "as it was");
    ck_assert_int_eq(memory_provide(&memory, 0, 3 * PAGE), 0);
    ck_assert_uint_eq(memory_resident(&memory), 3 * PAGE);
    ck_assert_str_eq(memory.bytes, "as it was");
    ck_assert_int_eq(memory_provide(&memory, 6 * PAGE, 2 * PAGE), 0);
    ck_assert_uint_eq(memory_resident(&memory), 5 * PAGE);
    ck_assert_int_eq(memory_provide(&memory, 8 * PAGE, 0), 0);
    ck_assert_int_eq(memory_provide(&memory, 6 * PAGE, 2 * PAGE + 1), -EINVAL);
    ck_assert_int_eq(memory_provide(&memory, 9 * PAGE, 0), -EINVAL);
    ck_assert_int_eq(memory_provide(&memory, PAGE, SIZE_MAX), -EINVAL);
    ck_assert_uint_eq(memory_resident(&memory), 5 * PAGE);
    memory_free(&memory);
}
END_TEST

START_TEST(maps_ahead_what_it_is_told_and_changes_nothing)
{
    struct memory memory;
    ck_assert_int_eq(memory_new("test", 8 * PAGE, 6 * PAGE, &memory), 0);
    ck_assert_uint_eq(resident_bytes(memory.bytes), 0);
    memory_map_ahead(&memory, 8 * PAGE, PAGE);
    memory_map_ahead(&memory, 7 * PAGE, 2 * PAGE);
    ck_assert_uint_eq(resident_bytes(memory.bytes), 0);
    memory_map_ahead(&memory, 2 * PAGE, 3 * PAGE);
    /* Before Linux 5.14 nothing happens. */
    if (madvise(memory.bytes, PAGE, MADV_POPULATE_WRITE) == 0)
        ck_assert_uint_eq(resident_bytes(memory.bytes), 4 * PAGE);
    ck_assert_uint_eq(memory_resident(&memory), 6 * PAGE);
    ck_assert(is_all_zero(&memory));
    strcpy(memory.bytes, "as it was");
    memory_map_ahead(&memory, 0, 8 * PAGE);
    ck_assert_str_eq(memory.bytes, "as it was");
    memory_free(&memory);
}
END_TEST

/* In pieces, by two threads: none is left out at the seams, and nothing beyond the ends exists. */
START_TEST(provides_what_is_large_from_end_to_end)
{
    const size_t whole = (size_t)48 << 20, begin = (3 << 20) + 7 * PAGE, end = (45 << 20) + PAGE;
    struct memory memory;
    ck_assert_int_eq(memory_new("test", whole, 0, &memory), 0);
    strcpy((char *)memory.bytes + whole / 2, "as it was");
    ck_assert_int_eq(memory_provide(&memory, begin, end - begin), 0);
    ck_assert_uint_eq(memory_resident(&memory), end - begin);
    ck_assert_str_eq((char *)memory.bytes + whole / 2, "as it was");
    ck_assert_int_eq(memory_provide(&memory, begin, end - begin), 0);
    ck_assert_uint_eq(memory_resident(&memory), end - begin);
    ck_assert_int_eq(memory_provide(&memory, 0, whole), 0);
    ck_assert_uint_eq(memory_resident(&memory), whole);
    memory_free(&memory);
    ck_assert_int_eq(memory_new("test", whole, end, &memory), 0);
    ck_assert_uint_eq(memory_resident(&memory), end);
    ck_assert(is_all_zero(&memory));
    memory_free(&memory);
}
END_TEST

START_TEST(what_cannot_be_provided_is_said)
{
    struct memory memory;
    ck_assert_int_eq(memory_new("test", (size_t)48 << 20, 0, &memory), 0);
    struct memory barred = memory;
    ck_assert_int_eq(memory_open_read_only(&memory, &barred.fd), 0);
    ck_assert_int_eq(memory_provide(&barred, 0, barred.len), -EBADF);
    ck_assert_uint_eq(memory_resident(&memory), 0);
    close(barred.fd);
    memory_free(&memory);
}
END_TEST

START_TEST(sizes_that_cannot_be_are_refused)
{
    struct memory memory = MEMORY_NONE;
    ck_assert_int_eq(memory_new("test", 0, 0, &memory), -EINVAL);
    ck_assert_int_eq(memory_new("test", PAGE, PAGE + 1, &memory), -EINVAL);
    ck_assert_int_eq(memory_new("test", SIZE_MAX, 0, &memory), -EINVAL);
    ck_assert_int_eq(memory_new("test", SIZE_MAX / 2, 0, &memory), -EINVAL);
    ck_assert_int_eq(memory.fd, -1);
}
END_TEST

START_TEST(without_descriptors_nothing_is_made_and_none_is_lost)
{
    struct memory memory, another = MEMORY_NONE;
    struct rlimit limit;
    int fd = -7;
    ck_assert_int_eq(memory_new("test", PAGE, PAGE, &memory), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {0, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(memory_new("test", PAGE, PAGE, &another), -EMFILE);
    ck_assert_int_eq(memory_open_read_only(&memory, &fd), -EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(another.fd, -1);
    ck_assert_int_eq(fd, -7);
    memory_free(&memory);
}
END_TEST

/* ---- taken over --------------------------------------------------------------------------------
 */

START_TEST(the_next_process_takes_over_what_is_in_it)
{
    struct memory memory, later;
    ck_assert_int_eq(memory_new("test", 2 * PAGE, PAGE, &memory), 0);
    strcpy((char *)memory.bytes + PAGE, "from before");
    int kept = fcntl(memory.fd, F_DUPFD_CLOEXEC, 0);
    memory_free(&memory);
    ck_assert_int_eq(memory_adopt(kept, &later), 0);
    ck_assert_int_eq(later.fd, kept);
    ck_assert_uint_eq(later.len, 2 * PAGE);
    ck_assert_str_eq((char *)later.bytes + PAGE, "from before");
    strcpy(later.bytes, "written");
    memory_free(&later);
}
END_TEST

#define WANTED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int memfd(size_t len, mode_t mode, unsigned seals)
{
    int fd = memfd_create("odd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static int plain_file(void)
{
    const char *tmp = getenv("TMPDIR");
    int fd = open(tmp ? tmp : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, PAGE), 0);
    return fd;
}

static int read_only(void)
{
    struct memory memory;
    int fd;
    ck_assert_int_eq(memory_new("test", PAGE, PAGE, &memory), 0);
    ck_assert_int_eq(memory_open_read_only(&memory, &fd), 0);
    memory_free(&memory);
    return fd;
}

static int of_a_stranger(void)
{
    int fd = memfd(PAGE, 0600, WANTED);
    ck_assert_int_eq(fchown(fd, STRANGER, (gid_t)-1), 0);
    return fd;
}

START_TEST(takes_over_nothing_that_was_not_made_here)
{
    struct memory memory = MEMORY_NONE;
    int good = memfd(PAGE, 0600, WANTED);
    ck_assert_int_eq(memory_adopt(good, &memory), 0);
    memory_free(&memory);
    const struct {
        const char *what;
        int fd;
    } rows[] = {
        {"no descriptor", -1},
        {"a directory", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
        {"a device", open("/dev/zero", O_RDWR | O_CLOEXEC)},
        {"a socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)},
        {"a file on a disk", plain_file()},
        {"a descriptor that can only be read", read_only()},
        {"nothing in it", memfd(0, 0600, WANTED)},
        {"half a page", memfd(PAGE / 2, 0600, WANTED)},
        {"one page and a byte", memfd(PAGE + 1, 0600, WANTED)},
        {"open to all", memfd(PAGE, 0666, WANTED)},
        {"open to the group", memfd(PAGE, 0640, WANTED)},
        {"with a bit for other users' rights", memfd(PAGE, 04600, WANTED)},
        {"can shrink", memfd(PAGE, 0600, F_SEAL_GROW | F_SEAL_SEAL)},
        {"can grow", memfd(PAGE, 0600, F_SEAL_SHRINK | F_SEAL_SEAL)},
        {"can be sealed", memfd(PAGE, 0600, F_SEAL_SHRINK | F_SEAL_GROW)},
        {"can't be written", memfd(PAGE, 0600, WANTED | F_SEAL_WRITE)},
        {"can't be written any more", memfd(PAGE, 0600, WANTED | F_SEAL_FUTURE_WRITE)},
        {"another user's", geteuid() == 0 ? of_a_stranger() : -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(memory_adopt(rows[i].fd, &memory) == -EBADMSG, "%s", rows[i].what);
        ck_assert_int_eq(memory.fd, -1);
        if (rows[i].fd >= 0)
            ck_assert_int_eq(close(rows[i].fd), 0); /* it was not taken */
    }
}
END_TEST

/* ---- in the hands of others --------------------------------------------------------------------
 */

static int result(long r)
{
    return r < 0 ? -errno : 0;
}

static int try_map(int fd, int protection)
{
    void *at = mmap(NULL, PAGE, protection, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? -errno : 0;
}

static int try_reopen(int fd, int flags)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return result(open(path, flags | O_CLOEXEC));
}

static int map_to_read(int fd)
{
    const char *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return at != MAP_FAILED && strcmp(at, "published") == 0 ? 0 : -EBADMSG;
}

static int map_to_write(int fd)
{
    return try_map(fd, PROT_READ | PROT_WRITE);
}

static int map_to_write_alone(int fd)
{
    return try_map(fd, PROT_WRITE);
}

static int protect_anew(int fd)
{
    void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? -ENOTRECOVERABLE : result(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
}

static int write_to_it(int fd)
{
    return result(pwrite(fd, "defaced", 7, PAGE));
}

static int copy_to_it(int fd)
{
    off_t from = 0, to = 2 * PAGE;
    return result(copy_file_range(fd, &from, fd, &to, PAGE, 0));
}

static int cut(int fd)
{
    return result(ftruncate(fd, 0));
}

static int lengthen(int fd)
{
    return result(fallocate(fd, 0, 4 * PAGE, PAGE));
}

static int fill_in(int fd)
{
    return result(fallocate(fd, 0, 0, PAGE));
}

static int punch(int fd)
{
    return result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE, PAGE));
}

static int seal(int fd)
{
    return result(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

static int change_mode(int fd)
{
    return result(fchmod(fd, 0600));
}

static int change_owner(int fd)
{
    return result(fchown(fd, geteuid(), (gid_t)-1));
}

static int set_times(int fd)
{
    return result(futimens(fd, NULL));
}

static int reopen_to_read(int fd)
{
    return try_reopen(fd, O_RDONLY);
}

static int reopen_to_write(int fd)
{
    return try_reopen(fd, O_RDWR);
}

static int reopen_and_cut(int fd)
{
    return try_reopen(fd, O_RDONLY | O_TRUNC);
}

/* What the owner of the file can do with the descriptor that it keeps shows that what another user
 * can't is not a mistake of the test. */
static const struct attempt {
    const char *what;
    int (*try)(int fd);
    int of_view;    /* another user, with the descriptor that can only be read */
    int of_buckets; /* another user, with one that can be written */
    int of_owner;
} attempts[] = {
    {"map to be read", map_to_read, 0, 0, 0},
    {"map to be read and written", map_to_write, -EACCES, 0, 0},
    {"map to be written", map_to_write_alone, -EACCES, 0, 0},
    {"protect a mapping anew", protect_anew, -EACCES, 0, 0},
    {"write", write_to_it, -EBADF, 0, 0},
    {"copy into it", copy_to_it, -EBADF, 0, 0},
    {"have blocks made", fill_in, -EBADF, 0, 0},
    {"punch holes", punch, -EBADF, 0, 0},
    {"truncate", cut, -EINVAL, -EPERM, -EPERM},
    {"lengthen", lengthen, -EBADF, -EPERM, -EPERM},
    {"seal", seal, -EPERM, -EPERM, -EPERM},
    {"change the mode", change_mode, -EPERM, -EPERM, 0},
    {"change the owner", change_owner, -EPERM, -EPERM, 0},
    {"set its times", set_times, -EACCES, -EACCES, 0},
    {"open it anew to be read", reopen_to_read, -EACCES, -EACCES, 0},
    {"open it anew to be written", reopen_to_write, -EACCES, -EACCES, 0},
    {"open it anew and truncate", reopen_and_cut, -EACCES, -EACCES, -EPERM},
};

#define ATTEMPTS (sizeof attempts / sizeof attempts[0])

static struct memory published(void)
{
    struct memory memory;
    ck_assert_int_eq(memory_new("test", 4 * PAGE, 4 * PAGE, &memory), 0);
    memset(memory.bytes, 'x', memory.len);
    strcpy(memory.bytes, "published");
    return memory;
}

/* What each attempt of uid STRANGER on fd came to. Nothing of this process is left to it but fd. */
static void let_a_stranger_try(const struct memory *memory, int fd, int ret[static ATTEMPTS])
{
    int *results = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    ck_assert_ptr_ne(results, MAP_FAILED);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (fd != memory->fd)
            close(memory->fd);
        munmap(memory->bytes, memory->len);
        if (setgroups(0, NULL) < 0 || setgid(STRANGER) < 0 || setuid(STRANGER) < 0 ||
            prctl(PR_SET_DUMPABLE, 1) < 0) /* so that /proc/self is its own */
            _exit(1);
        for (size_t i = 0; i < ATTEMPTS; i++)
            results[i] = attempts[i].try(fd);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    memcpy(ret, results, ATTEMPTS * sizeof *ret);
    munmap(results, PAGE);
}

static bool can_be_another(void)
{
    if (geteuid() == 0)
        return true;
    fputs("left out: only root can be another user\n", stderr);
    return false;
}

START_TEST(the_owner_can_do_all_but_change_its_size)
{
    struct memory memory = published();
    for (size_t i = 0; i < ATTEMPTS; i++) {
        int r = attempts[i].try(memory.fd);
        ck_assert_msg(r == attempts[i].of_owner, "%s: %s", attempts[i].what, strerror(-r));
    }
    memory_free(&memory);
}
END_TEST

START_TEST(another_user_can_read_the_view_and_nothing_else)
{
    struct memory memory = published();
    int results[ATTEMPTS], fd;
    struct stat st;
    if (!can_be_another())
        return;
    ck_assert_int_eq(memory_open_read_only(&memory, &fd), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    let_a_stranger_try(&memory, fd, results);
    for (size_t i = 0; i < ATTEMPTS; i++)
        ck_assert_msg(results[i] == attempts[i].of_view, "%s: %s", attempts[i].what,
                      strerror(-results[i]));
    /* It is as it was, to the byte. */
    const char *bytes = memory.bytes;
    ck_assert_str_eq(bytes, "published");
    for (size_t i = sizeof "published"; i < memory.len; i++)
        ck_assert_int_eq(bytes[i], 'x');
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_uid, geteuid());
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_uint_eq(memory_resident(&memory), memory.len);
    close(fd);
    memory_free(&memory);
}
END_TEST

START_TEST(another_user_can_write_the_buckets_but_not_keep_us_from_it)
{
    struct memory memory = published(), later;
    int results[ATTEMPTS];
    if (!can_be_another())
        return;
    let_a_stranger_try(&memory, memory.fd, results);
    for (size_t i = 0; i < ATTEMPTS; i++)
        ck_assert_msg(results[i] == attempts[i].of_buckets, "%s: %s", attempts[i].what,
                      strerror(-results[i]));
    /* What it wrote is there, and where it punched a hole is zero. */
    char *bytes = memory.bytes;
    ck_assert_int_eq(memcmp(bytes + PAGE, "defaced", 7), 0);
    ck_assert_int_eq(bytes[3 * PAGE], 0);
    /* We go on, in the hole, too, and so does the next daemon. */
    memset(bytes, 'y', memory.len);
    int kept = fcntl(memory.fd, F_DUPFD_CLOEXEC, 0);
    memory_free(&memory);
    ck_assert_int_eq(memory_adopt(kept, &later), 0);
    ck_assert_int_eq(((char *)later.bytes)[3 * PAGE], 'y');
    memory_free(&later);
}
END_TEST

SUITE_MAIN("memory", is_of_whole_pages_of_zeroes_of_which_some_exist,
           provides_more_and_leaves_what_is_there, provides_what_is_large_from_end_to_end,
           what_cannot_be_provided_is_said, maps_ahead_what_it_is_told_and_changes_nothing,
           sizes_that_cannot_be_are_refused, without_descriptors_nothing_is_made_and_none_is_lost,
           the_next_process_takes_over_what_is_in_it, takes_over_nothing_that_was_not_made_here,
           the_owner_can_do_all_but_change_its_size,
           another_user_can_read_the_view_and_nothing_else,
           another_user_can_write_the_buckets_but_not_keep_us_from_it)
