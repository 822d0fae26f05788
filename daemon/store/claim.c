#include "daemon/store/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/store/tables.h"

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define CLOSED_AT_END __attribute__((cleanup(close_fd)))

static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* So that a power failure does not take the new directory back. Who may not read the parent has to
 * do without. */
static void sync_parent(int dir_fd)
{
    CLOSED_AT_END int parent_fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent_fd >= 0)
        (void)fsync(parent_fd);
}

static int check_owner(int dir_fd, const char *dir, char message[static STORE_ERROR_MAX])
{
    struct stat st;
    if (fstat(dir_fd, &st) < 0)
        return store_complain(message, -errno, dir, "%s", strerror(errno));
    if (st.st_uid != geteuid())
        return store_complain(message, -EPERM, dir,
                              "belongs to uid %u, but stkgate runs as uid %u: run it as the owner, "
                              "or hand the directory over with chown",
                              (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return store_complain(
            message, -EPERM, dir,
            "others than its owner may write to it (mode %04o): chmod it to 0700, "
            "and make sure that the table in it is yours",
            (unsigned)(st.st_mode & 07777));
    return 0;
}

bool claim_is_remote(uint64_t type)
{
    /* As in linux/magic.h and statfs(2), which have not all of them. */
    static const uint32_t remote[] = {
        0x6969,     /* NFS */
        0xFF534D42, /* CIFS */
        0xFE534D42, /* SMB2 */
        0x517B,     /* SMB */
        0x5346414F, /* AFS */
        0x6B414653, /* kAFS */
        0x01021997, /* 9P */
        0x00C36400, /* Ceph */
        0x65735546, /* FUSE: sshfs, GlusterFS, virtiofs ... */
        0x0BD00BD0, /* Lustre */
        0x47504653, /* GPFS */
        0x19830326, /* BeeGFS */
        0x20030528, /* OrangeFS */
        0xAAD7AAEA, /* PanFS */
        0x013111A8, /* IBRIX */
        0x61636673, /* ACFS */
        0x7461636F, /* OCFS2: several hosts on one disk */
        0x01161970, /* GFS2: the same */
        0x73757245, /* Coda */
        0x564C,     /* NCP */
        0x786F4256, /* VirtualBox shared folder */
        0xBACBACBC, /* VMware shared folder */
    };
    for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++)
        if ((uint32_t)type == remote[i])
            return true;
    return false;
}

static int check_local(int dir_fd, const char *dir, char message[static STORE_ERROR_MAX])
{
    struct statfs fs;
    if (fstatfs(dir_fd, &fs) < 0)
        return store_complain(message, -errno, dir, "can't look at its file system: %s",
                              strerror(errno));
    if (claim_is_remote((uint64_t)fs.f_type))
        return store_complain(message, -EREMOTE, dir,
                              "is on a network or FUSE file system (type 0x%lx): the table's locks "
                              "and memory map are safe on a local disk alone; name a directory on "
                              "one with --state",
                              (unsigned long)(uint32_t)fs.f_type);
    return 0;
}

int claim_directory(const char *dir, bool create, int *ret_dir_fd,
                    char message[static STORE_ERROR_MAX])
{
    bool made = false;
    if (create) {
        if (mkdir(dir, 0700) == 0)
            made = true;
        else if (errno != EEXIST)
            return store_complain(message, -errno, dir, "can't make this directory: %s",
                                  strerror(errno));
    }
    CLOSED_AT_END int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return store_complain(message, -errno, dir, "can't open this directory: %s",
                              strerror(errno));
    int r = check_owner(dir_fd, dir, message);
    if (r == 0)
        r = check_local(dir_fd, dir, message);
    if (r < 0)
        return r;
    if (made)
        sync_parent(dir_fd);
    *ret_dir_fd = take_fd(&dir_fd);
    return 0;
}

static int complain_of_holder(int lock_fd, const char *dir, char message[static STORE_ERROR_MAX])
{
    char digits[32];
    ssize_t n = pread(lock_fd, digits, sizeof digits - 1, 0);
    digits[n > 0 ? n : 0] = '\0';
    long pid = strtol(digits, NULL, 10);
    if (pid <= 0) /* it has the lock, but has not written yet */
        return store_complain(message, -EBUSY, dir,
                              "is in use by another process: stop that one first");
    return store_complain(message, -EBUSY, dir, "is in use by process %ld: stop that one first",
                          pid);
}

static int write_pid(int lock_fd)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%ld\n", (long)getpid());
    if (ftruncate(lock_fd, 0) < 0)
        return -errno;
    ssize_t n = pwrite(lock_fd, digits, (size_t)len, 0);
    /* Only messages need it, and on a full disk checks and revocations shall go on. */
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT))
        return 0;
    if (n < 0)
        return -errno;
    return n == len ? 0 : -EIO;
}

int claim_lock(int dir_fd, const char *dir, int *ret_lock_fd, char message[static STORE_ERROR_MAX])
{
    CLOSED_AT_END int lock_fd =
        openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (lock_fd < 0 && errno == EROFS)
        return store_complain(message, -EROFS, dir,
                              "is on a file system that is mounted read-only: mount it read-write "
                              "(the kernel's log says if an error made it so), or name another "
                              "directory with --state");
    if (lock_fd < 0)
        return store_complain(message, -errno, dir, "can't open the file lock in it: %s",
                              strerror(errno));
    if (flock(lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return complain_of_holder(lock_fd, dir, message);
        return store_complain(message, -errno, dir, "can't lock the file lock in it: %s",
                              strerror(errno));
    }
    int r = write_pid(lock_fd);
    if (r < 0)
        return store_complain(message, r, dir, "can't write the file lock in it: %s", strerror(-r));
    *ret_lock_fd = take_fd(&lock_fd);
    return 0;
}
