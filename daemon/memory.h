/* memory.h - files in memory that other processes may map, and that outlive the daemon
 *
 * memfd_create(2), of a fixed size: sealed against growing, shrinking and further seals, so that
 * whoever maps one can't be made to die of SIGBUS. Mode 0600: another user who is given a
 * descriptor can't open it anew with more rights. Not F_SEAL_FUTURE_WRITE: a daemon that takes one
 * over after a restart could not write it any more.
 */
#ifndef STKGATE_DAEMON_MEMORY_H
#define STKGATE_DAEMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory {
    int fd; /* -1: none */
    void *bytes;
    size_t len;
    bool small; /* large pages were not to be had, or not in time */
};

#define MEMORY_NONE ((struct memory){.fd = -1})

/* len bytes of zeroes, mapped to be read and written; of these the first there_len exist, so that a
 * write to them can't fail for want of memory (SIGBUS). Both rounded up to pages. name: shown in
 * /proc/PID/maps, at most 249 bytes. 0, or -errno: -ENOMEM, -ENOSPC (of memory), -EMFILE ...;
 * -EINVAL: len is 0, or there_len more than it. ret is untouched then, here and below. */
int memory_new(const char *name, size_t len, size_t there_len, struct memory *ret);

/* More of it exists: from, from + len. Of the bytes that are there none changes. A large page takes
 * some 3 ms where the machine is a virtual one. -ENOMEM, -ENOSPC; -EINVAL: beyond its end. */
int memory_provide(struct memory *memory, size_t from, size_t len);

/* The pages of from, from + len are mapped now, rather than one by one when they are written to.
 * Where that can't be, nothing happens. */
void memory_map_ahead(const struct memory *memory, size_t from, size_t len);

/* Take over what an earlier process made; takes fd on success. -EBADMSG: no such file, of another
 * user, with another mode, without the seals, or not to be written through this descriptor;
 * -ENOMEM. What is in it is the caller's to judge. */
int memory_adopt(int fd, struct memory *ret);

/* A descriptor that can only be read, and mapped to be read: *ret, close-on-exec, the caller's.
 * Needs /proc. -ENOENT (there is none), -EMFILE ... */
int memory_open_read_only(const struct memory *memory, int *ret);

/* How much memory it takes, bytes: what was never written nor provided takes none. 0 for
 * MEMORY_NONE. */
uint64_t memory_resident(const struct memory *memory);

/* Unmap and close: for processes that mapped it, it lives on. Sets it to MEMORY_NONE, which is
 * allowed here, too. */
void memory_free(struct memory *memory);

#endif
