#include "daemon/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/thread.h"
#include "lib/map/large.h"

/* Linux 6.3: it can't be run, nor be made to. Headers of Debian 12 lack it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* What readers rely on. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
/* And what would leave the next daemon without a way to write. */
#define SEALS_AGAINST_WRITING (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

#define MODE                  0600

/* Linux 6.1: what is mapped comes to lie on large pages, now. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define LARGE_PAGES_MAX_NS UINT64_C(200000000)
/* Of one: half of what checks wait for the daemon, as long as nobody says otherwise. */
#define LARGE_PAGE_MAX_NS UINT64_C(25000000)
#define SMALLEST          1 /* byte, and so one small page */
/* What is provided at once: of the time that it takes a call is nothing. */
#define PIECE ((size_t)4 * LARGE_PAGE)

/* Up to whole pages; 0: there is no such size. */
static size_t to_pages(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded = (len + page - 1) / page * page;

    return rounded >= len && rounded <= INT64_MAX ? rounded : 0;
}

static int create(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : fd;
}

/* Pages that exist can be written whatever happens to the machine's memory later. */
static int provide_small(int fd, size_t from, size_t len)
{
    int r;

    /* The kernel lets a signal end a long one, and takes back what it had done by then. */
    do
        r = fallocate(fd, 0, (off_t)from, (off_t)len) < 0 ? -errno : 0;
    while (r == -EINTR);
    return r;
}

static int map(int fd, size_t len, struct memory *ret)
{
    void *bytes;
    int r = large_map(fd, len, PROT_READ | PROT_WRITE, &bytes);

    if (r == 0)
        *ret = (struct memory){.fd = fd, .bytes = bytes, .len = len};
    return r;
}

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* Of whole large pages, whatever the system's settings say of files in memory. Each must have one
 * small page for that, by which the kernel sees that it is wanted. */
static int provide_large_pages(const struct memory *memory, size_t from, size_t len)
{
    for (size_t at = from; at < from + len; at += LARGE_PAGE) {
        int r = provide_small(memory->fd, at, SMALLEST);
        if (r < 0)
            return r;
    }
    return madvise((char *)memory->bytes + from, len, MADV_COLLAPSE) < 0 ? -errno : 0;
}

/* What is being provided, by the caller and a helper at once. */
struct provision {
    struct memory *memory;
    size_t end;
    _Atomic size_t at; /* where the next piece begins */
    uint64_t deadline_ns;
    _Atomic bool small; /* large pages are not to be had */
    _Atomic int error;  /* the first one */
};

/* On large pages as long as there is memory in such large pieces, and the kernel finds them in
 * time: it may have to move all else about, and checks wait meanwhile. Where a page is there
 * already, the second call does nothing. */
static int provide_piece(struct provision *provision, size_t from, size_t len)
{
    size_t at = (from + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    size_t end = (from + len) / LARGE_PAGE * LARGE_PAGE;

    if (at < end && !atomic_load(&provision->small)) {
        uint64_t start_ns = clock_ns();
        if (start_ns >= provision->deadline_ns ||
            provide_large_pages(provision->memory, at, end - at) < 0 ||
            clock_ns() - start_ns > (end - at) / LARGE_PAGE * LARGE_PAGE_MAX_NS)
            atomic_store(&provision->small, true);
    }
    return provide_small(provision->memory->fd, from, len);
}

static void *provide_pieces(void *userdata)
{
    struct provision *provision = userdata;
    size_t at = atomic_load(&provision->at);

    while (at < provision->end && atomic_load(&provision->error) == 0) {
        size_t next = (at / PIECE + 1) * PIECE;
        next = next < provision->end ? next : provision->end;
        if (!atomic_compare_exchange_weak(&provision->at, &at, next))
            continue;
        int r = provide_piece(provision, at, next - at), none = 0;
        if (r < 0)
            atomic_compare_exchange_strong(&provision->error, &none, r);
        at = atomic_load(&provision->at);
    }
    return NULL;
}

/* Where the machine under ours has to find each page first, that takes most of the time, and two
 * processors have them in half of it. Without the helper all that is lost is time. */
static int provide(struct memory *memory, size_t from, size_t len)
{
    struct provision provision = {
        .memory = memory,
        .end = from + len,
        .at = from,
        .deadline_ns = clock_ns() + LARGE_PAGES_MAX_NS,
        .small = memory->small,
    };
    pthread_t helper;
    bool helped = len > PIECE && thread_start(&helper, provide_pieces, &provision) == 0;

    provide_pieces(&provision);
    if (helped)
        pthread_join(helper, NULL);
    memory->small = atomic_load(&provision.small);
    return atomic_load(&provision.error);
}

/* The mode first: memfds begin with 0666, and from a descriptor that can only be read another user
 * could open one that can be written. */
static int fill(int fd, size_t len, size_t there_len, struct memory *ret)
{
    if (fchmod(fd, MODE) < 0 || ftruncate(fd, (off_t)len) < 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return -errno;
    struct memory memory = MEMORY_NONE;
    int r = map(fd, len, &memory);
    if (r < 0)
        return r;
    r = there_len > 0 ? provide(&memory, 0, there_len) : 0;
    if (r < 0) {
        munmap(memory.bytes, len);
        return r;
    }
    *ret = memory;
    return 0;
}

int memory_new(const char *name, size_t len, size_t there_len, struct memory *ret)
{
    size_t whole = to_pages(len);

    if (whole == 0 || there_len > len)
        return -EINVAL;
    int fd = create(name);
    if (fd < 0)
        return fd;
    int r = fill(fd, whole, to_pages(there_len), ret);
    if (r < 0)
        close(fd);
    return r;
}

int memory_provide(struct memory *memory, size_t from, size_t len)
{
    if (from > memory->len || len > memory->len - from)
        return -EINVAL;
    return len > 0 ? provide(memory, from, len) : 0;
}

/* Linux 5.14; others refuse it. */
void memory_map_ahead(const struct memory *memory, size_t from, size_t len)
{
    if (from < memory->len && len <= memory->len - from)
        (void)madvise((char *)memory->bytes + from, len, MADV_POPULATE_WRITE);
}

/* Whoever may leave descriptors for us to find may still not choose what we write to. */
static int look(int fd, size_t *ret_len)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || fstat(fd, &st) < 0)
        return -EBADMSG;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 07777) != MODE)
        return -EBADMSG;
    if ((seals & SEALS) != SEALS || (seals & SEALS_AGAINST_WRITING) != 0)
        return -EBADMSG;
    if (st.st_size <= 0 || to_pages((size_t)st.st_size) != (size_t)st.st_size)
        return -EBADMSG;
    *ret_len = (size_t)st.st_size;
    return 0;
}

int memory_adopt(int fd, struct memory *ret)
{
    size_t len;

    int r = look(fd, &len);
    if (r == 0)
        r = map(fd, len, ret);
    /* Opened to be read alone. */
    return r == -EACCES ? -EBADMSG : r;
}

int memory_open_read_only(const struct memory *memory, int *ret)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", memory->fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret = fd;
    return 0;
}

uint64_t memory_resident(const struct memory *memory)
{
    struct stat st;

    /* Blocks of 512 bytes, whatever st_blksize says. */
    return memory->fd >= 0 && fstat(memory->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

void memory_free(struct memory *memory)
{
    if (memory->fd < 0)
        return;
    munmap(memory->bytes, memory->len);
    close(memory->fd);
    *memory = MEMORY_NONE;
}
