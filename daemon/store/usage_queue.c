#include "daemon/store/usage_queue.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_FIRST 256

static size_t hash(struct text key_id)
{
    /* FNV-1a. Key ids are random, and drawn by us: nobody can aim at one slot. */
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key_id.len; i++)
        h = (h ^ (uint8_t)key_id.data[i]) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

static uint32_t *find_slot(const struct usage_queue *queue, struct text key_id)
{
    size_t mask = queue->slot_count - 1;
    for (size_t i = hash(key_id) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &queue->slots[i];
        if (*slot == 0 || text_equal(text_of(queue->entries[*slot - 1].key_id), key_id))
            return slot;
    }
}

static int grow(struct usage_queue *queue)
{
    size_t slot_count = queue->slot_count ? queue->slot_count * 2 : SLOTS_FIRST;
    struct usage_entry *entries =
        reallocarray(queue->entries, slot_count / 2, sizeof queue->entries[0]);
    if (!entries)
        return -ENOMEM;
    queue->entries = entries;
    uint32_t *slots = calloc(slot_count, sizeof slots[0]);
    if (!slots)
        return -ENOMEM;
    free(queue->slots);
    queue->slots = slots;
    queue->slot_count = slot_count;
    for (size_t i = 0; i < queue->count; i++)
        *find_slot(queue, text_of(entries[i].key_id)) = (uint32_t)(i + 1);
    return 0;
}

int usage_queue_put(struct usage_queue *queue, struct text key_id, const struct usage *usage)
{
    if (!key_id_is_valid(key_id))
        return -EINVAL;
    uint32_t *slot = queue->slot_count ? find_slot(queue, key_id) : NULL;
    if (!slot || *slot == 0) {
        if (queue->count >= USAGE_QUEUE_MAX)
            return -EAGAIN;
        if (!slot || queue->count >= queue->slot_count / 2) {
            int r = grow(queue);
            if (r < 0)
                return r;
            slot = find_slot(queue, key_id);
        }
        text_copy(key_id, queue->entries[queue->count].key_id, KEY_ID_LEN + 1);
        *slot = (uint32_t)++queue->count;
    }
    queue->entries[*slot - 1].usage = *usage;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct usage_entry *left = a, *right = b;

    return memcmp(left->key_id, right->key_id, KEY_ID_LEN);
}

void usage_queue_sort(struct usage_queue *queue)
{
    if (queue->count > 1)
        qsort(queue->entries, queue->count, sizeof queue->entries[0], compare);
}

void usage_queue_clear(struct usage_queue *queue)
{
    queue->count = 0;
    if (queue->slots)
        memset(queue->slots, 0, queue->slot_count * sizeof queue->slots[0]);
}

void usage_queue_deinit(struct usage_queue *queue)
{
    free(queue->entries);
    free(queue->slots);
    *queue = (struct usage_queue){0};
}
