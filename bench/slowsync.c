/* slowsync.c - a disk whose fsync takes long, for a program that is started with LD_PRELOAD
 *
 * fsync(2), fdatasync(2), msync(2) with MS_SYNC and writes through an O_DSYNC descriptor (as LMDB
 * writes its meta page: a commit waits twice) do their work and then sleep $STKGATE_SYNC_MS
 * milliseconds; without that variable, not at all.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define EXPORT      __attribute__((visibility("default")))
#define SYNC_MS_MAX 60000

static void take_long(void)
{
    static _Thread_local long ms = -1;

    if (ms < 0) {
        const char *text = getenv("STKGATE_SYNC_MS");
        ms = text ? strtol(text, NULL, 10) : 0;
        if (ms < 0 || ms > SYNC_MS_MAX)
            ms = 0;
    }
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    int error = errno;
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
    errno = error;
}

static int sync_and_wait(const char *name, int fd)
{
    int (*real)(int);

    *(void **)&real = dlsym(RTLD_NEXT, name);
    int r = real(fd);
    take_long();
    return r;
}

EXPORT int fsync(int fd)
{
    return sync_and_wait("fsync", fd);
}

EXPORT int fdatasync(int fd)
{
    return sync_and_wait("fdatasync", fd);
}

EXPORT int msync(void *address, size_t len, int flags)
{
    int (*real)(void *, size_t, int);

    *(void **)&real = dlsym(RTLD_NEXT, "msync");
    int r = real(address, len, flags);
    if (flags & MS_SYNC)
        take_long();
    return r;
}

static ssize_t write_and_wait(const char *name, int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t);

    *(void **)&real = dlsym(RTLD_NEXT, name);
    ssize_t n = real(fd, bytes, len, at);
    if (fcntl(fd, F_GETFL) & O_DSYNC)
        take_long();
    return n;
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return write_and_wait("pwrite", fd, bytes, len, at);
}
