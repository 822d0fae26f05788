/* walk.h - credentials in the order of their key_ids, each with its usage
 *
 * Private to daemon/store. In a transaction of the caller's, from whose pages what is found is
 * borrowed.
 */
#ifndef STKGATE_DAEMON_STORE_WALK_H
#define STKGATE_DAEMON_STORE_WALK_H

#include "daemon/store/tables.h"

/* Both tables are in the same order, and so walked side by side. */
struct walk {
    MDB_cursor *tokens, *usages;
    const void *token_page, *usage_page; /* rows in the pages that were fetched last */
};

struct walk_row {
    struct text key_id;
    bool damaged;         /* then there is nothing else */
    struct record record; /* and usage: complete, or else undefined */
    struct usage usage;
};

int walk_open(const struct store *store, MDB_txn *txn, struct walk *ret);
void walk_close(struct walk *walk); /* also for __attribute__((cleanup)), when it is all zero */

/* The first one after this key_id, whether it is there or not (empty: the first of all); the next
 * one. 0; -ENOENT at the end; or why no row can be read. */
int walk_seek(struct walk *walk, struct text after, struct walk_row *ret);
int walk_next(struct walk *walk, struct walk_row *ret);
/* The same, without its row: its page is mapped then, and after that *ret_key_id is known. */
int walk_touch(struct walk *walk, struct text *ret_key_id);

#endif
