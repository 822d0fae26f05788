#include "module/client/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/map/large.h"

/* It can neither be cut, which would be a SIGBUS for whoever reads on, nor lose these seals. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int look_at(int fd, uint64_t len)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size != len || len > SIZE_MAX)
        return -EBADMSG;
    int seals = fcntl(fd, F_GET_SEALS);
    return seals < 0 || (seals & SEALS) != SEALS ? -EBADMSG : 0;
}

/* Advice that may be declined: core files would hold the whole table. */
static int map(int fd, uint64_t len, int protection, void **ret)
{
    int r = look_at(fd, len);
    if (r < 0)
        return r;
    void *bytes;
    r = large_map(fd, (size_t)len, protection, &bytes);
    if (r < 0)
        return r;
    (void)madvise(bytes, (size_t)len, MADV_DONTDUMP);
    *ret = bytes;
    return 0;
}

static uint64_t bucket_bytes_of(const struct view *view)
{
    uint64_t bytes = (uint64_t)view_slots(view) * sizeof(struct view_bucket);
    return (bytes + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE;
}

static int map_both(const struct handed *handed, const struct attached *told,
                    struct mapping *mapping)
{
    int r = map(handed->fds[0], told->view_bytes, PROT_READ, &mapping->view_bytes);
    if (r < 0)
        return r;
    mapping->view_len = (size_t)told->view_bytes;
    r = view_open(mapping->view_bytes, mapping->view_len, &mapping->view);
    if (r < 0)
        return r;
    if (bucket_bytes_of(&mapping->view) != told->bucket_bytes)
        return -EBADMSG;
    r = map(handed->fds[1], told->bucket_bytes, PROT_READ | PROT_WRITE, &mapping->bucket_bytes);
    if (r < 0)
        return r;
    mapping->bucket_len = (size_t)told->bucket_bytes;
    mapping->view.buckets = mapping->bucket_bytes;
    memcpy(mapping->devices, handed->devices, sizeof mapping->devices);
    memcpy(mapping->inodes, handed->inodes, sizeof mapping->inodes);
    return 0;
}

int map_new(struct handed *handed, const struct attached *told, struct mapping **ret)
{
    struct mapping *mapping = NULL;
    int r = -EBADMSG;
    if (handed->count == HANDED_MAX && !handed->refused) {
        mapping = calloc(1, sizeof *mapping);
        r = mapping != NULL ? map_both(handed, told, mapping) : -ENOMEM;
    }
    handed_close(handed);
    if (r < 0) {
        map_free(mapping);
        return r;
    }
    *ret = mapping;
    return 0;
}

struct mapping *map_free(struct mapping *mapping)
{
    if (mapping == NULL)
        return NULL;
    if (mapping->view_bytes != NULL)
        munmap(mapping->view_bytes, mapping->view_len);
    if (mapping->bucket_bytes != NULL)
        munmap(mapping->bucket_bytes, mapping->bucket_len);
    free(mapping);
    return NULL;
}

bool map_is_same(const struct mapping *a, const struct mapping *b)
{
    return a->devices[0] == b->devices[0] && a->devices[1] == b->devices[1] &&
           a->inodes[0] == b->inodes[0] && a->inodes[1] == b->inodes[1];
}
