#include "module/client/wiped.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is mapped and unmapped is whole pages, whatever one says. ThreadSanitizer believes what one
 * says: what is mapped there next it took for ours. */
static size_t whole_pages(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (len + page - 1) / page * page;
}

int wiped_new(size_t wiped_len, size_t len, void **ret)
{
    len = whole_pages(len);
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
        munmap(memory, whole_pages(len));
}
