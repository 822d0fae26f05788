/* read_ahead.h - a thread that reads the table a little ahead of a walk
 *
 * With every tenth credential a walk by key_id comes to another page, somewhere in the file. To map
 * it (and to give it back) takes half as long as all else that is done with these ten; and where it
 * has to come from the disk, checks would wait for that on the event loop. So another thread
 * touches the pages before. What it reads is not used: whatever it does, or does not, a walk finds
 * the same.
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_READ_AHEAD_H
#define STKGATE_DAEMON_STORE_READ_AHEAD_H

#include "daemon/store/tables.h"

/* Credentials between the two: what was mapped and not walked by yet is little beside what may stay
 * mapped, see table_map.h. */
#define READ_AHEAD_MAX 2048

struct read_ahead;

/* From after this key on. The store must stay until read_ahead_free(). -ENOMEM, -EAGAIN. */
int read_ahead_new(const struct store *store, struct text after, struct read_ahead **ret);
/* It ends with the page that it is at. NULL is allowed; returns NULL. */
struct read_ahead *read_ahead_free(struct read_ahead *ahead);

/* The walk has come by so many more, the last of which was this one. */
void read_ahead_follow(struct read_ahead *ahead, struct text at, unsigned walked);

/* For tests: how many it has come by, of all since the start of the walk. */
uint64_t read_ahead_position(struct read_ahead *ahead);

#endif
