/* fake_view.h - a view and its buckets in memory of their own, as a daemon makes and hands them out
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_FAKE_VIEW_H
#define STKGATE_TESTS_MODULE_CLIENT_FAKE_VIEW_H

#include "daemon/publish_slots.h"
#include "tests/module/client/fake.h"

#define FAKE_INCARNATION UINT64_C(0x1ca2)

struct fake_view {
    int fd, bucket_fd, read_only_fd;
    void *memory;
    size_t bytes, bucket_bytes;
    struct view_bucket *shared, *own;
    struct publisher publisher;
    struct fake_handout handout;
};

/* A complete view of so many groups of 64 slots, of generation 1, without a lease. handout gives it
 * away. */
void fake_view_make(struct fake_view *view, uint32_t groups);
void fake_view_free(struct fake_view *view);

/* In force until so many seconds from now; a minus is in the past. */
void fake_view_lease(struct fake_view *view, double seconds);

/* A live token of this text: site kasa, the scopes built in, 60 a minute, key_id
 * key_0123456789ABCDEF. Its texts are static. */
struct record fake_view_record(const char *token);
/* Returns its bucket. */
struct view_bucket *fake_view_put(struct fake_view *view, const struct record *record);

uint64_t fake_view_clock_ns(void);

#endif
