/* claim.h - a directory becomes this process's own: checked for strangers, locked against others
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_CLAIM_H
#define STKGATE_DAEMON_STORE_CLAIM_H

#include "daemon/store/store.h"

/* Open the directory, after having made it (0700) when it is not there and create is set. Refused
 * with -EPERM unless it belongs to the effective user and nobody else may write to it: who may
 * could put a table of his own there. Also -ENOENT, -ENOTDIR ...; message is then filled. */
int claim_directory(const char *dir, bool create, int *ret_dir_fd,
                    char message[static STORE_ERROR_MAX]);

/* Lock DIR/lock for as long as *ret_lock_fd is open, and write our process id into it. -EBUSY, with
 * the holder's process id in the message. dir is for messages. */
int claim_lock(int dir_fd, const char *dir, int *ret_lock_fd, char message[static STORE_ERROR_MAX]);

#endif
