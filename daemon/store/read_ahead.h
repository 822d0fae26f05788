/* read_ahead.h - a thread that reads a walk's rows a little ahead of it
 *
 * With every tenth credential a walk by key_id comes to another page, somewhere in the file; to map
 * it, to look at what is in it, and to give it back takes more than half of all that is done with
 * these ten, and where it has to come from the disk, checks would wait for that on the event loop.
 * So another thread reads the rows before. A walk takes what was read in the very snapshot that it
 * has open itself, and nothing else: whatever this thread does, or does not, it finds the same.
 *
 * Private to daemon/store. Two threads: this one, and the walk's, which makes all calls.
 */
#ifndef STKGATE_DAEMON_STORE_READ_AHEAD_H
#define STKGATE_DAEMON_STORE_READ_AHEAD_H

#include "daemon/store/walk.h"

/* Rows between the two: of a table that is too large to be mapped as a whole, what was mapped and
 * not walked by yet is little beside what may stay so, see table_map.h. */
#define READ_AHEAD_MAX 2048
/* Rows that the walk reads by itself when there is none for it. This thread leaves them out then,
 * so that the two don't read the same. */
#define READ_AHEAD_LEAD 128

struct read_ahead;

/* From after this key on. The store must stay until read_ahead_free(). -ENOMEM, -EAGAIN. */
int read_ahead_new(const struct store *store, struct text after, struct read_ahead **ret);
/* It ends with the row that it is at. NULL is allowed; returns NULL. */
struct read_ahead *read_ahead_free(struct read_ahead *ahead);

/* The row that comes after this key in the snapshot that txn has open, if it was read in that:
 * borrowed until the next call here, and of txn. NULL: the walk reads it, and some more, by itself.
 */
const struct walk_row *read_ahead_take(struct read_ahead *ahead, MDB_txn *txn, struct text after);

/* For tests: how many rows it has read, and whether it waits for the walk, or has ended. */
uint64_t read_ahead_position(struct read_ahead *ahead);
bool read_ahead_rests(struct read_ahead *ahead);

#endif
