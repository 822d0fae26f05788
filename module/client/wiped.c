#include "module/client/wiped.h"

#include <errno.h>
#include <sys/mman.h>

int wiped_new(size_t wiped_len, size_t len, void **ret)
{
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    if (madvise(memory, wiped_len, MADV_WIPEONFORK) < 0) {
        int r = -errno;
        munmap(memory, len);
        return r;
    }
    *ret = memory;
    return 0;
}

void wiped_free(void *memory, size_t len)
{
    if (memory != NULL)
        munmap(memory, len);
}
