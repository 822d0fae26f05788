/* Lookups in a view that is not one, that somebody damages, and that changes beside them. */
#include "lib/view/view.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/daemon/view_memory.h"
#include "tests/suite.h"

/* Not SHA-256 of anything, but as random. */
static void digest_of(unsigned n, uint8_t ret[static DIGEST_BYTES])
{
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15) * (n + 1);

    for (unsigned i = 0; i < DIGEST_BYTES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        ret[i] = (uint8_t)(x >> 32);
    }
}

static struct record record_of(unsigned n)
{
    struct record record = {
        .kind = KIND_LIVE,
        .limit = {60, UINT64_C(60000000000), 60},
        .key_id = TEXT("key_0123456789abcdef"),
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .secret_prefix = TEXT("stk_live_abcd"),
        .origins = {(const uint8_t *)"\x14https://shop.example", 21},
    };

    digest_of(n, record.digest);
    return record;
}

static void put(unsigned n)
{
    struct record record = record_of(n);

    ck_assert_int_eq(publisher_put(&publisher, &record, NULL, 0, NULL), 0);
}

/* ---- is it one? -------------------------------------------------------------------------------
 */

static void set_u32(size_t at, uint32_t value)
{
    memcpy((uint8_t *)memory + at, &value, sizeof value);
}

static void set_u64(size_t at, uint64_t value)
{
    memcpy((uint8_t *)memory + at, &value, sizeof value);
}

START_TEST(opens_what_its_header_describes_and_nothing_else)
{
    struct view view;

    view_memory_begin(2, 4096);
    ck_assert_int_eq(view_open(memory, bytes, &view), 0);
    ck_assert_uint_eq(view_slots(&view), 128);
    for (size_t len = 0; len < bytes; len += 512)
        ck_assert_int_eq(view_open(memory, len, &view), -EBADMSG);
    static const uint32_t groups[] = {0, 1, 3, VIEW_GROUPS_MAX, VIEW_GROUPS_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        set_u32(offsetof(struct view_header, groups), groups[i]);
        ck_assert_int_eq(view_open(memory, bytes, &view), -EBADMSG);
    }
    set_u32(offsetof(struct view_header, groups), 2);
    static const uint64_t heaps[] = {0, 8192, VIEW_HEAP_MAX, VIEW_HEAP_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof heaps / sizeof heaps[0]; i++) {
        set_u64(offsetof(struct view_header, heap_bytes), heaps[i]);
        ck_assert_int_eq(view_open(memory, bytes, &view), -EBADMSG);
    }
    set_u64(offsetof(struct view_header, heap_bytes), 4096);
    set_u32(offsetof(struct view_header, version), VIEW_VERSION + 1);
    ck_assert_int_eq(view_open(memory, bytes, &view), -EPROTONOSUPPORT);
    set_u32(offsetof(struct view_header, version), VIEW_VERSION);
    ck_assert_int_eq(view_open(memory, bytes, &view), 0);
    set_u64(offsetof(struct view_header, magic), 0);
    ck_assert_int_eq(view_open(memory, bytes, &view), -EBADMSG);
    view_memory_end();
}
END_TEST

START_TEST(knows_what_is_there_at_any_fill)
{
    static struct view_reading reading;
    unsigned put_count = 0;

    view_memory_begin(64, 65536 * 2);
    for (unsigned n = 0; n < 64 * VIEW_GROUP_SLOTS * 19 / 20; n++, put_count++)
        put(n);
    for (unsigned n = 0; n < 2 * put_count; n++) {
        uint8_t digest[DIGEST_BYTES];
        digest_of(n, digest);
        ck_assert_int_eq(view_read(&publisher.view, digest, &reading),
                         n < put_count ? VIEW_FOUND : VIEW_NONE);
    }
    view_memory_end();
}
END_TEST

/* Slot by slot, from the digest's own one on, through each group in turn. */
static bool find_free(const uint8_t digest[static DIGEST_BYTES], unsigned groups, uint32_t *ret)
{
    struct view_walk walk;

    view_walk_begin(&publisher.view, digest, &walk);
    for (unsigned g = 0; g < groups; g++, walk.group = (walk.group + 1) % groups)
        for (unsigned i = 0; i < VIEW_GROUP_SLOTS; i++) {
            *ret = view_walk_slot(&walk, i);
            if (view_tag_at(&publisher.view, *ret) == 0)
                return true;
        }
    return false;
}

START_TEST(the_free_slot_is_the_first_that_a_lookup_meets)
{
    const unsigned groups = 3;

    view_memory_begin(groups, 65536);
    for (unsigned n = 0; n <= groups * VIEW_GROUP_SLOTS; n++) {
        struct record record = record_of(n);
        uint32_t expected, found, slot;
        bool free = find_free(record.digest, groups, &expected);
        ck_assert_int_eq(free, n < groups * VIEW_GROUP_SLOTS);
        ck_assert_int_eq(view_free_slot(&publisher.view, record.digest, &found), free);
        if (!free)
            continue;
        ck_assert_uint_eq(found, expected);
        ck_assert_int_eq(publisher_put(&publisher, &record, NULL, 0, &slot), 0);
        ck_assert_uint_eq(slot, expected);
    }
    view_memory_end();
}
END_TEST

/* ---- one that a hostile writer has ------------------------------------------------------------
 * Whatever it holds, a lookup ends, stays within it, and says something that it may say. With a
 * sanitizer this sees each byte that is read beyond the mapping.
 */

#define CREDENTIALS 40

static uint64_t random_state = UINT64_C(88172645463325252);

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void read_all(void)
{
    static struct view_reading reading;

    for (unsigned n = 0; n < CREDENTIALS; n++) {
        uint8_t digest[DIGEST_BYTES];
        digest_of(n, digest);
        enum view_answer answer = view_read(&publisher.view, digest, &reading);
        ck_assert(answer == VIEW_NONE || answer == VIEW_FOUND || answer == VIEW_UNSURE);
        if (answer != VIEW_FOUND)
            continue;
        ck_assert_uint_lt(reading.slot, view_slots(&publisher.view));
        ck_assert_uint_le(reading.record.site.len, SITE_MAX);
        ck_assert(textlist_is_valid(reading.record.origins));
    }
}

START_TEST(whatever_the_memory_holds_a_lookup_stays_within_it_and_ends)
{
    view_memory_begin(2, 4096);
    for (unsigned n = 0; n < CREDENTIALS; n++)
        put(n);
    uint8_t *good = malloc(bytes);
    ck_assert_ptr_nonnull(good);
    memcpy(good, memory, bytes);
    for (unsigned round = 0; round < 1000; round++) {
        for (unsigned i = 0; i < 40; i++) {
            uint64_t at = VIEW_PAGE + draw() % (bytes - VIEW_PAGE);
            ((uint8_t *)memory)[at] = (uint8_t)draw();
        }
        read_all();
        if (round % 100 == 99)
            memcpy(memory, good, bytes);
    }
    /* Words of slots alone, with what lengths and offsets are wrong at their ends. */
    static const uint64_t ends[] = {0,   1,    UINT32_MAX, UINT64_MAX, 4096,       4097,      127,
                                    128, 6144, 6145,       0x20000000, 0x80000000, 0xffff0000};
    for (unsigned round = 0; round < 4000; round++) {
        if (round % 20 == 0)
            memcpy(memory, good, bytes);
        unsigned slot = (unsigned)(draw() % view_slots(&publisher.view));
        unsigned word = VIEW_WORD_SHAPE + (unsigned)(draw() % 2);
        uint64_t value = ends[draw() % 13] | ends[draw() % 13] << 32;
        atomic_store(&publisher.slots[slot].words[word], value);
        read_all();
    }
    free(good);
    view_memory_end();
}
END_TEST

START_TEST(a_view_in_which_every_slot_seems_to_fit_is_left_after_a_while)
{
    static struct view_reading reading;
    uint8_t digest[DIGEST_BYTES];

    view_memory_begin(1024, 0);
    digest_of(1, digest);
    uint64_t tags = UINT64_C(0x0101010101010101) * view_tag(digest);
    for (size_t i = 0; i < (size_t)1024 * VIEW_GROUP_WORDS; i++)
        atomic_store(&publisher.tags[i], tags);
    for (uint32_t slot = 0; slot < view_slots(&publisher.view); slot++) {
        atomic_store(&publisher.slots[slot].words[VIEW_WORD_STATE], VIEW_MOVED);
        for (unsigned i = 0; i < 4; i++) {
            uint64_t word;
            memcpy(&word, digest + (size_t)8 * i, sizeof word);
            atomic_store(&publisher.slots[slot].words[VIEW_WORD_DIGEST + i], word);
        }
    }
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;
    unsigned met = 0;
    view_walk_begin(&publisher.view, digest, &walk);
    while (view_walk_next(&publisher.view, digest, &walk, &slot, &state))
        met++;
    ck_assert_uint_eq(met, VIEW_PROBE_GROUPS * VIEW_GROUP_SLOTS);
    ck_assert_int_eq(view_read(&publisher.view, digest, &reading), VIEW_UNSURE);
    view_memory_end();
}
END_TEST

/* ---- one that changes -------------------------------------------------------------------------
 */

#define VERSIONS 300
#define READERS  3

static _Atomic unsigned published; /* the version that a reader must find at least */

/* Whatever lies between two stores is to be seen; and who looks for it in a loop keeps nobody from
 * the next one. */
static void let_others_run(void *userdata)
{
    sched_yield();
}

/* All fields of a version are of one number. */
static struct record version_of(unsigned n)
{
    struct record record = record_of(0);

    record.scopes = n;
    record.limit.window_ns += n;
    record.expires_at = n;
    record.missing_origin_allowed = n % 2 == 1;
    return record;
}

static void *read_versions(void *userdata)
{
    struct view_reading *reading = malloc(sizeof *reading);
    uint8_t digest[DIGEST_BYTES];
    unsigned seen = 0, *ret_found = userdata;

    digest_of(0, digest);
    while (reading && seen < VERSIONS) {
        unsigned least = atomic_load_explicit(&published, memory_order_acquire);
        enum view_answer answer = view_read(&publisher.view, digest, reading);
        let_others_run(NULL);
        if (answer == VIEW_UNSURE) /* it moved each time: the daemon would be asked */
            continue;
        const struct record *r = &reading->record;
        if (answer != VIEW_FOUND || r->scopes < least || r->scopes < seen ||
            r->limit.window_ns != UINT64_C(60000000000) + r->scopes ||
            (uint64_t)r->expires_at != r->scopes ||
            r->missing_origin_allowed != (r->scopes % 2 == 1) || r->origins.len != 21) {
            *ret_found = 0;
            break;
        }
        seen = (unsigned)r->scopes;
        ++*ret_found;
    }
    free(reading);
    return NULL;
}

/* Waits for each credential in turn. */
static void *read_new_ones(void *userdata)
{
    struct view_reading *reading = malloc(sizeof *reading);
    unsigned *ret_found = userdata;

    for (unsigned n = 0; reading && n < VERSIONS; n++) {
        const struct record wanted = record_of(n);
        while (view_read(&publisher.view, wanted.digest, reading) == VIEW_NONE)
            let_others_run(NULL);
        const struct record *r = &reading->record;
        if (memcmp(r->digest, wanted.digest, DIGEST_BYTES) != 0 || r->origins.len != 21 ||
            memcmp(r->origins.data, wanted.origins.data, 21) != 0)
            break;
        ++*ret_found;
    }
    free(reading);
    return NULL;
}

START_TEST(readers_see_each_version_whole_and_never_one_before_what_is_published)
{
    pthread_t readers[READERS];
    unsigned found[READERS] = {0};

    view_memory_begin(64, 65536 * 2);
    struct record record = version_of(1);
    ck_assert_int_eq(publisher_put(&publisher, &record, NULL, 0, NULL), 0);
    for (unsigned i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_versions, &found[i]), 0);
    publisher.after_store = let_others_run;
    for (unsigned n = 2; n <= VERSIONS; n++) {
        record = version_of(n);
        ck_assert_int_eq(publisher_put(&publisher, &record, NULL, 0, NULL), 0);
        atomic_store_explicit(&published, n, memory_order_release);
    }
    for (unsigned i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
        ck_assert_uint_gt(found[i], 0);
    }
    view_memory_end();
}
END_TEST

START_TEST(readers_see_each_new_one_whole)
{
    pthread_t readers[READERS];
    unsigned found[READERS] = {0};

    view_memory_begin(64, 65536);
    for (unsigned i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_new_ones, &found[i]), 0);
    publisher.after_store = let_others_run;
    for (unsigned n = 0; n < VERSIONS; n++)
        put(n);
    for (unsigned i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
        ck_assert_uint_eq(found[i], VERSIONS);
    }
    view_memory_end();
}
END_TEST

SUITE_MAIN("view", opens_what_its_header_describes_and_nothing_else,
           knows_what_is_there_at_any_fill, the_free_slot_is_the_first_that_a_lookup_meets,
           whatever_the_memory_holds_a_lookup_stays_within_it_and_ends,
           a_view_in_which_every_slot_seems_to_fit_is_left_after_a_while,
           readers_see_each_version_whole_and_never_one_before_what_is_published,
           readers_see_each_new_one_whole)
