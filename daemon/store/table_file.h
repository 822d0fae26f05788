/* table_file.h - data.mdb as a file: its length, its room on the disk, and whether it is still ours
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_TABLE_FILE_H
#define STKGATE_DAEMON_STORE_TABLE_FILE_H

#include "daemon/store/tables.h"

/* A batch of the committer's can't need more than this: see COMMITTER_BATCH_MAX. */
#define TABLE_FILE_AHEAD_BYTES (UINT64_C(64) << 20)

/* Blocks that are kept allocated behind the last page, for revocations on a disk that is full: some
 * thousands, since LMDB uses the pages of older commits again. */
#define TABLE_FILE_RESERVE_BYTES (UINT64_C(1) << 20)

/* -EBADMSG, with message: the file of the open env ends before its last page. dir is for messages.
 */
int table_file_check_length(struct store *store, const char *dir,
                            char message[static STORE_ERROR_MAX]);

/* Before the first batch (after table_file_check_length()) and before each one:
 * -ESTALE when data.mdb in the directory is no longer the file that is open, or when somebody else
 * cut or wrote that file since our last commit: what we commit would be lost, or be mixed with
 * theirs.
 *
 * Makes the file longer than the batch can reach, with a hole. LMDB leaves pages unwritten that a
 * transaction took and gave back, so a sound file may end before its last page number; with this it
 * never does, and one that is too short was truncated: reading on would raise SIGBUS.
 *
 * Keeps the reserve allocated, and sets store->disk_full to whether the disk refused. */
int table_file_prepare(struct store *store);

/* After a commit: what is in the file now is ours. */
void table_file_settle(struct store *store);

/* Whether so little is free on the disk that a commit may have failed for it. LMDB tells a write
 * that was cut short by a full disk as EIO. */
bool table_file_is_cramped(struct store *store);

#endif
