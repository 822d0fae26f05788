/* usage_queue.h - use counts that wait to be written: at most one set per credential
 *
 * Private to daemon/store. A newer value takes an older one's place. One thread at a time.
 */
#ifndef STKGATE_DAEMON_STORE_USAGE_QUEUE_H
#define STKGATE_DAEMON_STORE_USAGE_QUEUE_H

#include "daemon/store/store.h"

#define USAGE_QUEUE_MAX (1u << 20) /* credentials: 110 MB */

struct usage_entry {
    char key_id[KEY_ID_LEN + 1];
    struct usage usage;
};

/* All zero is an empty one. */
struct usage_queue {
    struct usage_entry *entries; /* in the order of their first arrival */
    size_t count;
    uint32_t *slots;   /* open addressing: index into entries plus 1; 0: free */
    size_t slot_count; /* 0 or a power of two, twice what entries has room for */
};

/* -EINVAL not a key id; -EAGAIN full; -ENOMEM; the queue is then as it was. */
int usage_queue_put(struct usage_queue *queue, struct text key_id, const struct usage *usage);

/* Put the entries into the order of the tables, in which each page is needed once. Nothing may be
 * put until the queue was cleared. */
void usage_queue_sort(struct usage_queue *queue);

/* Forget the entries; keeps the memory. */
void usage_queue_clear(struct usage_queue *queue);
void usage_queue_deinit(struct usage_queue *queue);

#endif
