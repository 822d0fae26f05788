/* view_memory.h - a view in the test's own memory, for tests: one for each program
 *
 * Of exactly its size: a sanitizer sees each byte that is read beyond it.
 */
#ifndef STKGATE_TESTS_DAEMON_VIEW_MEMORY_H
#define STKGATE_TESTS_DAEMON_VIEW_MEMORY_H

#include <check.h>
#include <stdlib.h>

#include "daemon/publish_slots.h"

static void *memory;
static size_t bytes;
static struct publisher publisher;
static struct view_bucket *shared_buckets, *own_buckets;

static inline struct view_bucket *view_memory_buckets(uint32_t groups)
{
    size_t size = (size_t)groups * VIEW_GROUP_SLOTS * sizeof(struct view_bucket);
    struct view_bucket *buckets =
        aligned_alloc(VIEW_PAGE, (size + VIEW_PAGE - 1) / VIEW_PAGE * VIEW_PAGE);

    ck_assert_ptr_nonnull(buckets);
    memset(buckets, 0, size);
    return buckets;
}

static inline void view_memory_begin(uint32_t groups, uint64_t heap_bytes)
{
    bytes = view_geometry(groups, heap_bytes).bytes;
    memory = aligned_alloc(VIEW_PAGE, bytes);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 0, bytes);
    publisher_make(memory, groups, heap_bytes, 1);
    shared_buckets = view_memory_buckets(groups);
    own_buckets = view_memory_buckets(groups);
    ck_assert_int_eq(publisher_open(memory, bytes, shared_buckets, own_buckets, &publisher), 0);
}

static inline void view_memory_end(void)
{
    free(memory);
    free(shared_buckets);
    free(own_buckets);
}

#endif
