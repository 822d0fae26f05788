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

static inline void view_memory_begin(uint32_t groups, uint64_t heap_bytes)
{
    bytes = view_geometry(groups, heap_bytes).bytes;
    memory = aligned_alloc(VIEW_PAGE, bytes);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 0, bytes);
    publisher_make(memory, groups, heap_bytes);
    ck_assert_int_eq(publisher_open(memory, bytes, &publisher), 0);
}

static inline void view_memory_end(void)
{
    free(memory);
}

#endif
