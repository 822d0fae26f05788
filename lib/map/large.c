#include "lib/map/large.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int map_at(void *address, int flags, int fd, size_t len, int protection, void **ret)
{
    void *bytes = mmap(address, len, protection, MAP_SHARED | flags, fd, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    *ret = bytes;
    return 0;
}

static void unmap(char *from, const char *to)
{
    if (from < to)
        munmap(from, (size_t)(to - from));
}

/* Room for it is taken first, so that no other thread's mapping can be in its place. */
int large_map(int fd, size_t len, int protection, void **ret)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room_len = len + LARGE_PAGE;
    char *room = MAP_FAILED;

    if (len >= LARGE_PAGE && room_len > len)
        room = mmap(NULL, room_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return map_at(NULL, 0, fd, len, protection, ret);
    char *begin = room + -(uintptr_t)room % LARGE_PAGE;
    int r = map_at(begin, MAP_FIXED, fd, len, protection, ret);
    if (r < 0) {
        munmap(room, room_len);
        return r;
    }
    unmap(room, begin);
    unmap(begin + (len + page - 1) / page * page, room + room_len);
    return 0;
}
