/* large.h - map a file so that the kernel can use large pages for it
 *
 * A page that is looked up in the processor's tables for each line of a large table costs a check
 * more than the line does. Where a file in memory lies on large pages (daemon/memory.c), a mapping
 * has them only when it begins at a multiple of their size, which mmap(2) does not see to.
 */
#ifndef STKGATE_MAP_LARGE_H
#define STKGATE_MAP_LARGE_H

#include <stddef.h>

/* Of x86-64, and of arm64 with small pages of 4 KiB. Where they are of another size, all that is
 * lost is the speed. */
#define LARGE_PAGE ((size_t)2 << 20) /* bytes */

/* Map the first len bytes of fd, which it has, shared, with the protection of mmap(2): *ret, to be
 * unmapped by munmap(*ret, len). At a multiple of LARGE_PAGE when len is as much and there is room
 * for it. 0, or what mmap(2) fails with: -EACCES, -ENOMEM, -ENODEV; -EINVAL: len is 0. Threads may
 * call it at once. */
int large_map(int fd, size_t len, int protection, void **ret);

#endif
