#include "daemon/store/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

static int claim(const char *dir, bool create, int *ret_fd, char message[static STORE_ERROR_MAX])
{
    message[0] = '\0';
    return claim_directory(dir, create, ret_fd, message);
}

static void assert_refused(const char *dir, bool create, int error, const char *because)
{
    int fd = -7;
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(claim(dir, create, &fd, message), error);
    ck_assert_int_eq(fd, -7);
    ck_assert_msg(strstr(message, dir) != NULL, "no path in: %s", message);
    ck_assert_msg(strstr(message, because) != NULL, "no \"%s\" in: %s", because, message);
}

START_TEST(makes_a_directory_for_its_owner_alone)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "state", path);
    assert_refused(path, false, -ENOENT, "No such file");
    int fd;
    ck_assert_int_eq(claim(path, true, &fd, message), 0);
    struct stat st;
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    ck_assert_int_eq(claim(path, true, &fd, message), 0); /* the second time it is there */
    close(fd);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_directory_that_others_may_write_to)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    static const mode_t bad[] = {0720, 0702, 0777, 01777, 0770};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(chmod(dir, bad[i]), 0);
        assert_refused(dir, true, -EPERM, "chmod");
    }
    ck_assert_int_eq(chmod(dir, 0755), 0); /* reading is the operator's choice */
    int fd;
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(claim(dir, true, &fd, message), 0);
    close(fd);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_directory_of_another_user)
{
    if (geteuid() != 0) {
        assert_refused("/", true, -EPERM, "belongs to uid 0");
        return;
    }
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    ck_assert_int_eq(chown(dir, 4711, 0), 0);
    /* also root: what a user may write there, root must not believe */
    assert_refused(dir, true, -EPERM, "belongs to uid 4711");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_what_is_no_directory)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX], below[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "file", path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    assert_refused(path, true, -ENOTDIR, "Not a directory");
    fixture_path(dir, "no/where", below);
    assert_refused(below, true, -ENOENT, "can't make");
    fixture_remove_dir(dir);
}
END_TEST

/* ---- file systems ------------------------------------------------------------------------------
 * The claim finds this instead of the C library's. */

static uint64_t fs_type;

__attribute__((visibility("default"))) int fstatfs(int fd, struct statfs *ret)
{
    int r = (int)syscall(SYS_fstatfs, fd, ret);
    if (r == 0 && fs_type)
        ret->f_type = (long)fs_type;
    return r;
}

static const uint64_t remote_types[] = {
    0x6969,     0xFF534D42, 0xFE534D42, 0x517B,     0x5346414F, 0x6B414653, 0x01021997, 0x00C36400,
    0x65735546, 0x0BD00BD0, 0x47504653, 0x19830326, 0x7461636F, 0x01161970, 0x786F4256,
};

START_TEST(refuses_a_directory_that_is_not_on_a_local_disk)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    for (size_t i = 0; i < sizeof remote_types / sizeof remote_types[0]; i++) {
        fs_type = remote_types[i];
        assert_refused(dir, false, -EREMOTE, "network or FUSE file system");
        assert_refused(dir, false, -EREMOTE, "--state");
        /* an f_type that was sign-extended on its way is the same one */
        ck_assert(claim_is_remote((uint64_t)(int64_t)(int32_t)(uint32_t)remote_types[i]));
    }
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(takes_a_directory_on_a_local_disk_or_of_an_unknown_type)
{
    /* ext4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS, bcachefs; and one of tomorrow */
    static const uint64_t local[] = {0xEF53,     0x58465342, 0x9123683E, 0x01021994, 0x794C7630,
                                     0xF2F52010, 0x2FC12FC1, 0xCA451A4E, 0x12345678};
    char dir[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        int fd;
        fs_type = local[i];
        ck_assert_int_eq(claim(dir, false, &fd, message), 0);
        close(fd);
    }
    fixture_remove_dir(dir);
}
END_TEST

/* ---- the lock ---------------------------------------------------------------------------------
 */

struct claimed {
    char dir[FIXTURE_PATH_MAX];
    int dir_fd;
    int lock_fd;
};

static void begin(struct claimed *c)
{
    char message[STORE_ERROR_MAX];
    fixture_make_dir(c->dir);
    ck_assert_int_eq(claim(c->dir, false, &c->dir_fd, message), 0);
    ck_assert_int_eq(claim_lock(c->dir_fd, c->dir, &c->lock_fd, message), 0);
}

static void end(struct claimed *c)
{
    close(c->lock_fd);
    close(c->dir_fd);
    fixture_remove_dir(c->dir);
}

START_TEST(the_lock_names_its_holder_to_who_comes_second)
{
    struct claimed c;
    begin(&c);
    int second = -7;
    char message[STORE_ERROR_MAX], expected[64];
    ck_assert_int_eq(claim_lock(c.dir_fd, c.dir, &second, message), -EBUSY);
    snprintf(expected, sizeof expected, "is in use by process %ld:", (long)getpid());
    ck_assert_msg(strstr(message, expected) != NULL, "%s", message);
    ck_assert_int_eq(second, -7);
    end(&c);
}
END_TEST

START_TEST(a_holder_that_has_not_written_its_pid_yet_is_believed)
{
    struct claimed c;
    begin(&c);
    ck_assert_int_eq(ftruncate(c.lock_fd, 0), 0);
    int second;
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(claim_lock(c.dir_fd, c.dir, &second, message), -EBUSY);
    ck_assert_msg(strstr(message, "another process") != NULL, "%s", message);
    ck_assert_int_eq(pwrite(c.lock_fd, "x\n", 2, 0), 2);
    ck_assert_int_eq(claim_lock(c.dir_fd, c.dir, &second, message), -EBUSY);
    end(&c);
}
END_TEST

START_TEST(the_lock_ends_with_its_holder_and_leaves_no_older_digits)
{
    struct claimed c;
    begin(&c);
    ck_assert_int_eq(pwrite(c.lock_fd, "1234567890123\n", 14, 0), 14); /* a longer pid before us */
    close(c.lock_fd);
    char message[STORE_ERROR_MAX], digits[32] = "", expected[32];
    ck_assert_int_eq(claim_lock(c.dir_fd, c.dir, &c.lock_fd, message), 0);
    ck_assert_int_gt(pread(c.lock_fd, digits, sizeof digits - 1, 0), 0);
    snprintf(expected, sizeof expected, "%ld\n", (long)getpid());
    ck_assert_str_eq(digits, expected);
    struct stat st;
    ck_assert_int_eq(fstat(c.lock_fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(fcntl(c.lock_fd, F_GETFD), FD_CLOEXEC);
    end(&c);
}
END_TEST

START_TEST(the_lock_does_not_follow_a_link)
{
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX], message[STORE_ERROR_MAX];
    fixture_make_dir(dir);
    fixture_path(dir, "lock", path);
    ck_assert_int_eq(symlink("elsewhere", path), 0);
    int dir_fd, lock_fd;
    ck_assert_int_eq(claim(dir, false, &dir_fd, message), 0);
    ck_assert_int_eq(claim_lock(dir_fd, dir, &lock_fd, message), -ELOOP);
    ck_assert_msg(strstr(message, "lock") != NULL, "%s", message);
    close(dir_fd);
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("claim", makes_a_directory_for_its_owner_alone,
           refuses_a_directory_that_others_may_write_to, refuses_a_directory_of_another_user,
           refuses_what_is_no_directory, the_lock_names_its_holder_to_who_comes_second,
           a_holder_that_has_not_written_its_pid_yet_is_believed,
           the_lock_ends_with_its_holder_and_leaves_no_older_digits,
           the_lock_does_not_follow_a_link, refuses_a_directory_that_is_not_on_a_local_disk,
           takes_a_directory_on_a_local_disk_or_of_an_unknown_type)
