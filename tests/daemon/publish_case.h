/* publish_case.h - numbered credentials in a view, for tests of publish.h: one for each program */
#ifndef STKGATE_TESTS_DAEMON_PUBLISH_CASE_H
#define STKGATE_TESTS_DAEMON_PUBLISH_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/publish.h"
#include "lib/view/lease.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

#define NOW_NS    UINT64_C(1000000000000)
#define SECOND_NS UINT64_C(1000000000)

static struct view_reading reading;
static struct view_bucket *bucket;

static inline struct record record_of(unsigned n)
{
    static char key_ids[8][KEY_ID_LEN + 1];
    struct record record = {
        .kind = KIND_LIVE,
        .scopes = n,
        .limit = {60, UINT64_C(60000000000), 60},
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .secret_prefix = TEXT("stk_live_abcd"),
    };
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15) * (n + 1);

    snprintf(key_ids[n % 8], sizeof key_ids[0], "key_%016u", n);
    record.key_id = text_of(key_ids[n % 8]);
    for (unsigned i = 0; i < DIGEST_BYTES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        record.digest[i] = (uint8_t)(x >> 32);
    }
    return record;
}

static inline struct publish *make(uint64_t credentials)
{
    struct publish *publish;

    ck_assert_int_eq(publish_new(NULL, credentials, 1, NOW_NS, &publish), 0);
    return publish;
}

static inline struct publish *adopt(uint64_t credentials)
{
    struct publish *publish;
    struct fdstore inherited;

    kept_give(&inherited);
    ck_assert_int_eq(publish_new(&inherited, credentials, 2, NOW_NS, &publish), 0);
    fdstore_close(&inherited);
    return publish;
}

static inline enum view_answer find(struct publish *publish, unsigned n)
{
    struct record record = record_of(n);

    return publish_find(publish, record.digest, NOW_NS, &reading, &bucket);
}

static inline void put(struct publish *publish, unsigned n)
{
    struct record record = record_of(n);
    const struct bucket_start start = {.tat = NOW_NS + (n + 1) * SECOND_NS, .allowed = n};

    ck_assert_int_eq(publish_put(publish, &record, &start, NOW_NS), 0);
}

/* In place, and with the bucket that put() began. */
static inline void expect(struct publish *publish, unsigned n)
{
    ck_assert_int_eq(find(publish, n), VIEW_FOUND);
    ck_assert_uint_eq(reading.record.scopes, n);
    ck_assert_uint_eq(bucket->tat, NOW_NS + (n + 1) * SECOND_NS);
    ck_assert_uint_eq(bucket->allowed, n);
}

static inline void begin_growth(struct publish *publish, unsigned count)
{
    int r;
    ck_assert_int_eq(publish_begin_growth(publish, count), 0);
    while ((r = publish_provide_some(publish, SIZE_MAX)) > 0)
        continue;
    ck_assert_int_eq(r, 0);
}

static inline void grow(struct publish *publish, unsigned count)
{
    begin_growth(publish, count);
    for (unsigned n = 0; n < count; n++) {
        struct record record = record_of(n);
        ck_assert_int_eq(publish_grow(publish, &record, NULL, NOW_NS), 0);
    }
}

/* What a client has of it. */
static inline struct view map(struct publish *publish)
{
    struct handout handout;
    struct view view;

    ck_assert_int_eq(publish_handout(publish, &handout), 0);
    void *bytes = mmap(NULL, handout.view_bytes, PROT_READ, MAP_SHARED, handout.view_fd, 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    ck_assert_int_eq(view_open(bytes, handout.view_bytes, &view), 0);
    ck_assert_uint_ge(handout.bucket_bytes, view_slots(&view) * sizeof(struct view_bucket));
    return view;
}

static inline struct lease lease_of(const struct view *view)
{
    struct lease lease;

    lease_read(view, &lease);
    return lease;
}

#endif
