/* faults.c - a machine that fails on demand, for a program that is started with LD_PRELOAD; see
 * faults.h */
#include "tests/faults/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Calls come from before a sanitizer's runtime has begun. */
#define EXPORT __attribute__((visibility("default"), no_sanitize("thread", "address")))
#define PLAIN  __attribute__((no_sanitize("thread", "address")))

static char *slots;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("STKGATE_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *map =
        mmap(NULL, FAULT_COUNT * FAULT_SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        slots = map;
}

PLAIN static long value_of(enum fault fault)
{
    volatile const char *at = slots + fault * FAULT_SLOT_BYTES;
    long value = 0;

    if (!slots)
        return 0;
    bool negative = *at == '-';
    for (at += negative; *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

PLAIN static bool fails(enum fault fault)
{
    long error = value_of(fault);

    if (error)
        errno = (int)error;
    return error != 0;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret);

    if (r == 0 && clock == CLOCK_REALTIME)
        ret->tv_sec += value_of(FAULT_CLOCK);
    return r;
}

EXPORT int fdatasync(int fd)
{
    return fails(FAULT_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

EXPORT int fsync(int fd)
{
    return fails(FAULT_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return fails(len < 512 ? FAULT_META : FAULT_DATA) ? -1
                                                      : syscall(SYS_pwrite64, fd, bytes, len, at);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
    return fails(FAULT_DATA) ? -1 : syscall(SYS_pwritev, fd, iov, count, at, 0L);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fails(FAULT_DATA)
               ? -1
               : syscall(SYS_writev, fd, iov, count);
}

EXPORT int fstatfs(int fd, struct statfs *ret)
{
    int r = (int)syscall(SYS_fstatfs, fd, ret);
    long type = value_of(FAULT_FSTYPE);

    if (r == 0 && type)
        ret->f_type = type;
    return r;
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return fails(FAULT_ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, address, len, flags);
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *len)
{
    return accept4(fd, address, len, 0);
}
