/* claim.h - a directory becomes this process's own: checked for strangers, locked against others
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_CLAIM_H
#define STKGATE_DAEMON_STORE_CLAIM_H

#include "daemon/store/store.h"

/* Whether a file system of this type (f_type of fstatfs()) may be on another host, or on a disk
 * that other hosts write to. LMDB reads through a memory map what it writes with pwrite(), and
 * locks in shared memory: there neither is sure to hold. FUSE counts as such, since sshfs and a
 * local one have the same type; a type that is not known does not. Pure. */
bool claim_is_remote(uint64_t type);

/* Open the directory, after having made it (0700) when it is not there and create is set. Refused
 * with -EPERM unless it belongs to the effective user and nobody else may write to it: who may
 * could put a table of his own there. -EREMOTE: claim_is_remote(). Also -ENOENT, -ENOTDIR ...;
 * message is then filled. */
int claim_directory(const char *dir, bool create, int *ret_dir_fd,
                    char message[static STORE_ERROR_MAX]);

/* Lock DIR/lock for as long as *ret_lock_fd is open, and write our process id into it; when the
 * disk is full, without it. -EBUSY, with the holder's process id in the message. -EROFS ... dir is
 * for messages. */
int claim_lock(int dir_fd, const char *dir, int *ret_lock_fd, char message[static STORE_ERROR_MAX]);

#endif
