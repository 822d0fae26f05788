/* table_map.h - the pages of data.mdb that are mapped into this process
 *
 * A page that was read stays mapped, and counts as this process's, until the kernel runs short of
 * memory: with a million tokens in use some 700 bytes each, for which the OOM killer would take the
 * daemon for a large one, and a look at it would tell nothing of what it needs. Unmapped, a page is
 * still in the page cache, and the next read of it is a minor fault.
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_TABLE_MAP_H
#define STKGATE_DAEMON_STORE_TABLE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

/* What may stay: a table of 100,000 tokens does. */
#define TABLE_MAP_KEEP_BYTES (UINT64_C(64) << 20)
/* And while all of it is walked, for a second or some: to give pages back takes away what was read
 * ahead, too, and with two tables side by side most were mapped several times. A million tokens
 * with use counts were published in 0.85 s then, and in 1.1 s before. */
#define TABLE_MAP_KEEP_WALKED_BYTES (UINT64_C(1) << 30)

struct table_map {
    void *start; /* NULL: not known */
    size_t len;
    _Atomic uint64_t keep_bytes; /* the event loop sets it, each thread goes by it */
    int status_fd; /* /proc/self/status: no descriptor comes and goes beside the event loop's */
};

/* Where this env has its file, which LMDB does not tell: as /proc/self/maps has it. Of a map that
 * is not found (start is NULL) nothing is ever unmapped. */
struct table_map table_map_find(MDB_env *env);

/* Before the env is closed. */
void table_map_forget(struct table_map *map);

/* Unmap all of its pages when this process has more than keep_bytes of files in memory. In any
 * thread, beside others that read: they fault the pages in again. */
void table_map_relieve(const struct table_map *map);

/* Map all pages that the table has, before they are read in an order of their own, in which it
 * would take longer. Does nothing where that is more than keep_bytes. Reads what is not in the page
 * cache from the disk, from the start to the end. Ends early once stop is true. In any thread,
 * beside others that read. */
void table_map_expect(const struct table_map *map, MDB_env *env, const _Atomic bool *stop);

#endif
