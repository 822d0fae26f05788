/* The view as files in memory: it grows, outlives its daemon, and is handed out. */
#include "daemon/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/view/lease.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

#define NOW_NS    UINT64_C(1000000000000)
#define SECOND_NS UINT64_C(1000000000)

static struct view_reading reading;
static struct view_bucket *bucket;

static struct record record_of(unsigned n)
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

static struct publish *make(uint64_t credentials)
{
    struct publish *publish;

    ck_assert_int_eq(publish_new(NULL, credentials, 1, NOW_NS, &publish), 0);
    return publish;
}

static struct publish *adopt(uint64_t credentials)
{
    struct publish *publish;
    struct fdstore inherited;

    kept_give(&inherited);
    ck_assert_int_eq(publish_new(&inherited, credentials, 2, NOW_NS, &publish), 0);
    fdstore_close(&inherited);
    return publish;
}

static enum view_answer find(struct publish *publish, unsigned n)
{
    struct record record = record_of(n);

    return publish_find(publish, record.digest, NOW_NS, &reading, &bucket);
}

static void put(struct publish *publish, unsigned n)
{
    struct record record = record_of(n);
    const struct bucket_start start = {.tat = NOW_NS + (n + 1) * SECOND_NS, .allowed = n};

    ck_assert_int_eq(publish_put(publish, &record, &start, NOW_NS), 0);
}

/* In place, and with the bucket that put() began. */
static void expect(struct publish *publish, unsigned n)
{
    ck_assert_int_eq(find(publish, n), VIEW_FOUND);
    ck_assert_uint_eq(reading.record.scopes, n);
    ck_assert_uint_eq(bucket->tat, NOW_NS + (n + 1) * SECOND_NS);
    ck_assert_uint_eq(bucket->allowed, n);
}

static void grow(struct publish *publish, unsigned count)
{
    ck_assert_int_eq(publish_begin_growth(publish, count), 0);
    for (unsigned n = 0; n < count; n++) {
        struct record record = record_of(n);
        ck_assert_int_eq(publish_grow(publish, &record, NOW_NS), 0);
    }
}

/* What a client has of it. */
static struct view map(struct publish *publish)
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

static struct lease lease_of(const struct view *view)
{
    struct lease lease;

    lease_read(view, &lease);
    return lease;
}

/* ---- one view ----------------------------------------------------------------------------------
 */

START_TEST(says_none_only_when_all_of_the_table_is_in_it)
{
    struct publish *publish = make(1);

    put(publish, 1);
    expect(publish, 1);
    ck_assert_int_eq(find(publish, 2), VIEW_UNSURE);
    publish_set_complete(publish);
    ck_assert_int_eq(find(publish, 2), VIEW_NONE);
    publish_free(publish);
}
END_TEST

START_TEST(a_lease_holds_for_as_long_as_it_is_put_off_and_no_longer)
{
    struct publish *publish = make(1);
    struct view view = map(publish);

    struct lease lease = lease_of(&view);
    ck_assert(!lease_holds(&lease, NOW_NS));
    ck_assert_int_eq(publish_refresh(publish, NOW_NS, 1700000000), 0);
    lease = lease_of(&view);
    ck_assert(lease_holds(&lease, NOW_NS) && lease_holds(&lease, NOW_NS + LEASE_NS - 1));
    ck_assert(!lease_holds(&lease, NOW_NS + LEASE_NS));
    ck_assert_int_eq(lease.wall_floor_s, 1700000000);
    publish_end_lease(publish, NOW_NS + SECOND_NS);
    ck_assert_int_eq(publish_refresh(publish, NOW_NS, 1700000000), 0);
    lease = lease_of(&view);
    ck_assert(!lease_holds(&lease, NOW_NS + SECOND_NS));
    publish_end_lease(publish, 0);
    lease = lease_of(&view);
    ck_assert(!lease_holds(&lease, NOW_NS) && !lease_is_last_known(&lease, NOW_NS, SECOND_NS));
    struct handout handout;
    ck_assert_int_eq(publish_handout(publish, &handout), -ENOENT);
    publish_free(publish);
}
END_TEST

START_TEST(a_promise_that_can_not_be_noted_is_not_made)
{
    struct publish *publish = make(1);
    struct lease_note note = {.fd = open("/dev/full", O_RDWR | O_CLOEXEC)};
    struct handout handout;

    ck_assert_int_ge(note.fd, 0);
    publish_set_note(publish, &note);
    ck_assert_int_eq(publish_refresh(publish, NOW_NS, 1), 0); /* nobody has it */
    ck_assert_int_eq(publish_handout(publish, &handout), -ENOSPC);
    publish_set_note(publish, NULL);
    struct view view = map(publish);
    publish_set_note(publish, &note);
    ck_assert_int_eq(publish_refresh(publish, NOW_NS + SECOND_NS, 1), -ENOSPC);
    ck_assert_uint_eq(lease_of(&view).valid_until_ns, NOW_NS + LEASE_NS);
    lease_note_close(&note);
    publish_free(publish);
}
END_TEST

static unsigned told;

static int on_unsaved(const struct view_reading *of, struct view_bucket *its, void *userdata)
{
    told |= 1u << of->record.scopes;
    return *(int *)userdata;
}

START_TEST(tells_whose_counts_are_not_saved_and_of_each_once)
{
    struct publish *publish = make(6);
    struct record strict = record_of(5);
    int answer = 0;

    for (unsigned n = 0; n < 5; n++)
        put(publish, n);
    strict.strict = true;
    ck_assert_int_eq(publish_put(publish, &strict, NULL, NOW_NS), 0);
    ck_assert_int_eq(publish_each_unsaved(publish, UINT32_MAX, NOW_NS, on_unsaved, &answer), 0);
    ck_assert_uint_eq(told, 0);
    ck_assert_int_eq(find(publish, 2), VIEW_FOUND);
    bucket->allowed++;
    ck_assert_int_eq(find(publish, 3), VIEW_FOUND);
    publish_mark_unsaved(bucket);
    ck_assert_int_eq(find(publish, 5), VIEW_FOUND);
    bucket->refused++;
    answer = -EAGAIN;
    ck_assert_int_eq(publish_each_unsaved(publish, UINT32_MAX, NOW_NS, on_unsaved, &answer),
                     -EAGAIN);
    answer = 0;
    told = 0;
    int r;
    while ((r = publish_each_unsaved(publish, 10, NOW_NS, on_unsaved, &answer)) == 1)
        continue;
    ck_assert_int_eq(r, 0);
    ck_assert_uint_eq(told, 1u << 2 | 1u << 3 | 1u << 5);
    told = 0;
    ck_assert_int_eq(publish_each_unsaved(publish, UINT32_MAX, NOW_NS, on_unsaved, &answer), 0);
    ck_assert_uint_eq(told, 0);
    publish_free(publish);
}
END_TEST

/* ---- growth ------------------------------------------------------------------------------------
 */

START_TEST(a_larger_view_takes_its_place_and_its_buckets)
{
    struct publish *publish = make(0);
    unsigned count = 0;

    publish_set_complete(publish);
    struct view old = map(publish);
    publish_refresh(publish, NOW_NS, 1);
    while (!publish_wants_growth(publish))
        put(publish, count++);
    ck_assert_uint_lt(count, view_slots(&old));
    grow(publish, count);
    put(publish, count); /* meanwhile */
    for (unsigned n = 0; n <= count; n++)
        expect(publish, n);
    struct lease lease = lease_of(&old);
    ck_assert(!lease.superseded);
    publish_switch(publish, true);
    lease = lease_of(&old);
    ck_assert(lease.superseded && !lease_holds(&lease, NOW_NS));
    struct view new = map(publish);
    lease = lease_of(&new);
    ck_assert(lease_holds(&lease, NOW_NS) && lease.complete);
    expect(publish, 7); /* by need */
    while (publish_move_some(publish, 100, NOW_NS))
        continue;
    for (unsigned n = 0; n <= count; n++)
        expect(publish, n);
    ck_assert_int_eq(find(publish, count + 1), VIEW_NONE);
    ck_assert(!publish_wants_growth(publish));
    publish_free(publish);
}
END_TEST

START_TEST(what_has_no_room_is_asked_for_in_the_table)
{
    struct publish *publish = make(0);
    unsigned count = 0;
    int r = 0;

    publish_set_complete(publish);
    for (; r == 0; count++) {
        struct record record = record_of(count);
        r = publish_put(publish, &record, NULL, NOW_NS);
    }
    ck_assert_int_eq(r, -ENOSPC);
    ck_assert_int_eq(find(publish, count - 1), VIEW_UNSURE);
    ck_assert_int_eq(find(publish, count), VIEW_UNSURE);
    ck_assert(publish_wants_growth(publish));
    publish_free(publish);
}
END_TEST

START_TEST(a_next_view_that_is_too_small_is_given_up_and_the_one_after_it_is_larger)
{
    struct publish *publish = make(1000);
    unsigned n = 0;
    int r = 0;

    for (; n < 1000; n++)
        put(publish, n);
    publish_set_complete(publish);
    ck_assert_int_eq(publish_begin_growth(publish, 10), 0);
    for (n = 0; r == 0; n++) {
        struct record record = record_of(n);
        r = publish_grow(publish, &record, NOW_NS);
    }
    ck_assert_int_eq(r, -ENOSPC);
    ck_assert(!publish_is_growing(publish) && publish_wants_growth(publish));
    grow(publish, 1000);
    publish_switch(publish, true);
    expect(publish, 999);
    publish_free(publish);
}
END_TEST

START_TEST(a_next_view_that_a_change_found_too_small_is_no_place_for_what_follows)
{
    struct publish *publish = make(1000);
    unsigned n = 0;

    ck_assert_int_eq(publish_begin_growth(publish, 10), 0);
    while (publish_is_growing(publish) && n < 1000)
        put(publish, n++);
    ck_assert(!publish_is_growing(publish));
    struct record record = record_of(0);
    publish_expect(publish, record.digest);
    ck_assert_int_eq(publish_grow(publish, &record, NOW_NS), -ENOSPC);
    ck_assert(publish_wants_growth(publish));
    expect(publish, 0);
    publish_free(publish);
}
END_TEST

START_TEST(an_edit_while_it_grows_leaves_the_bucket_where_it_is)
{
    struct publish *publish = make(3);
    struct record record = record_of(1);

    put(publish, 1);
    publish_set_complete(publish);
    grow(publish, 3);
    record.expires_at = 1800000000;
    ck_assert_int_eq(publish_put(publish, &record, NULL, NOW_NS), 0);
    expect(publish, 1);
    publish_switch(publish, true);
    expect(publish, 1);
    ck_assert_int_eq(reading.record.expires_at, 1800000000);
    publish_free(publish);
}
END_TEST

START_TEST(what_was_filled_with_a_gap_is_not_said_to_be_complete)
{
    struct publish *publish = make(3);
    struct record record = record_of(0);

    publish_set_complete(publish);
    ck_assert_int_eq(publish_begin_growth(publish, 3), 0);
    ck_assert_int_eq(publish_grow(publish, &record, NOW_NS), 0);
    publish_switch(publish, false);
    ck_assert_int_eq(find(publish, 1), VIEW_UNSURE);
    publish_free(publish);
}
END_TEST

START_TEST(what_is_removed_while_it_grows_is_gone_from_both)
{
    struct publish *publish = make(3);

    for (unsigned n = 0; n < 3; n++)
        put(publish, n);
    publish_set_complete(publish);
    grow(publish, 3);
    publish_remove_key_id(publish, record_of(1).key_id);
    ck_assert_int_eq(find(publish, 1), VIEW_NONE);
    publish_switch(publish, true);
    ck_assert_int_eq(find(publish, 1), VIEW_NONE);
    expect(publish, 0);
    expect(publish, 2);
    publish_free(publish);
}
END_TEST

/* ---- the next daemon ---------------------------------------------------------------------------
 */

START_TEST(goes_on_where_the_last_one_ended)
{
    kept_begin();
    struct publish *publish = make(2);
    put(publish, 1);
    publish_set_complete(publish);
    publish_set_seq(publish, 17, 99);
    publish_refresh(publish, NOW_NS, 1);
    struct view view = map(publish);
    publish_free(publish);
    publish = adopt(2);
    ck_assert(publish_was_adopted(publish) && publish_is_complete(publish));
    uint64_t mark;
    ck_assert_uint_eq(publish_seq(publish, &mark), 17);
    ck_assert_uint_eq(mark, 99);
    expect(publish, 1);
    put(publish, 5);
    struct record record = record_of(5);
    ck_assert_int_eq(view_read(&view, record.digest, &reading), VIEW_FOUND);
    ck_assert_uint_eq(lease_of(&view).incarnation, 2);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(one_that_died_while_it_grew_is_followed_by_one_that_grows_anew)
{
    kept_begin();
    struct publish *publish = make(3);
    for (unsigned n = 0; n < 3; n++)
        put(publish, n);
    publish_set_complete(publish);
    grow(publish, 2);
    struct publish *heir = adopt(3); /* the first is as good as dead */
    ck_assert(!publish_is_growing(heir));
    for (unsigned n = 0; n < 3; n++)
        expect(heir, n);
    grow(heir, 3);
    publish_switch(heir, true);
    for (unsigned n = 0; n < 3; n++)
        expect(heir, n);
    publish_free(heir);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(one_that_died_with_half_of_the_buckets_is_followed_by_one_that_takes_the_rest)
{
    kept_begin();
    struct publish *publish = make(5);
    for (unsigned n = 0; n < 5; n++)
        put(publish, n);
    publish_set_complete(publish);
    struct view old = map(publish);
    grow(publish, 5);
    publish_switch(publish, true);
    expect(publish, 1);
    struct publish *heir = adopt(5);
    ck_assert(lease_of(&old).superseded);
    for (unsigned n = 0; n < 5; n++)
        expect(heir, n);
    while (publish_move_some(heir, 100, NOW_NS))
        continue;
    publish_free(heir);
    struct fdstore left;
    kept_give(&left);
    ck_assert_uint_eq(left.count, 3); /* the old one's were forgotten */
    fdstore_close(&left);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(one_that_died_before_it_said_that_the_old_view_is_superseded_has_it_said)
{
    kept_begin();
    struct publish *publish = make(1);
    put(publish, 0);
    publish_set_complete(publish);
    struct view old = map(publish);
    grow(publish, 1);
    struct fdstore files;
    kept_give(&files);
    publish_switch(publish, true);
    ck_assert_str_eq(files.files[0].name, "view-1");
    int fd = files.files[0].fd;
    struct view_header *header = mmap(NULL, VIEW_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(header, MAP_FAILED);
    header->flags &= ~(uint64_t)VIEW_SUPERSEDED; /* that store it did not come to */
    ck_assert(!lease_of(&old).superseded);
    struct publish *heir = adopt(1);
    ck_assert(lease_of(&old).superseded);
    expect(heir, 0);
    fdstore_close(&files);
    publish_free(heir);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(a_view_whose_successor_is_lost_is_no_view)
{
    kept_begin();
    struct publish *publish = make(1);
    put(publish, 0);
    publish_set_complete(publish);
    grow(publish, 1);
    publish_switch(publish, true);
    struct fdstore files;
    kept_give(&files);
    ck_assert_uint_eq(files.count, 6);
    for (unsigned i = 0; i < files.count; i++)
        if (strncmp(files.files[i].name, "view-2", 6) == 0)
            strcpy(files.files[i].name, "view-x");
    struct publish *heir;
    ck_assert_int_eq(publish_new(&files, 1, 2, NOW_NS, &heir), 0);
    ck_assert(!publish_was_adopted(heir));
    fdstore_close(&files);
    publish_free(heir);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(a_time_to_wait_is_handed_on_to_larger_views_and_later_daemons)
{
    kept_begin();
    struct publish *publish = make(1);
    publish_set_wait(publish, NOW_NS + SECOND_NS);
    grow(publish, 1);
    publish_switch(publish, true);
    ck_assert_uint_eq(publish_wait(publish), NOW_NS + SECOND_NS);
    publish_free(publish);
    publish = adopt(1);
    ck_assert_uint_eq(publish_wait(publish), NOW_NS + SECOND_NS);
    publish_free(publish);
    kept_end();
}
END_TEST

/* The memory of one that died while it moved the bucket of n: frozen there, and not yet here. */
static void die_while_moving(struct publish *publish, unsigned n, const struct fdstore *files)
{
    struct view_header *header = NULL;
    struct view_bucket *buckets = NULL;

    for (unsigned i = 0; i < files->count; i++) {
        const struct fdstore_file *file = &files->files[i];
        if (strcmp(file->name, "view-2") == 0)
            header = mmap(NULL, VIEW_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
        if (strcmp(file->name, "view-2-shared") == 0)
            buckets =
                mmap(NULL, 256 * sizeof *buckets, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
    }
    ck_assert(header && buckets && (void *)header != MAP_FAILED && (void *)buckets != MAP_FAILED);
    expect(publish, n); /* moved */
    header->journal_tat = buckets[reading.slot].tat;
    header->journal_slot = reading.slot + 1;
    buckets[reading.slot].tat = VIEW_TAT_UNMOVED;
}

START_TEST(a_move_that_was_begun_is_ended_before_any_other)
{
    kept_begin();
    struct publish *publish = make(3);
    for (unsigned n = 0; n < 3; n++)
        put(publish, n);
    publish_set_complete(publish);
    grow(publish, 3);
    publish_switch(publish, true);
    struct fdstore files;
    kept_give(&files);
    die_while_moving(publish, 1, &files);
    struct publish *heir;
    ck_assert_int_eq(publish_new(&files, 1, 2, NOW_NS, &heir), 0);
    ck_assert(publish_was_adopted(heir));
    expect(heir, 0);
    expect(heir, 2);
    ck_assert_int_eq(find(heir, 1), VIEW_FOUND);
    ck_assert_uint_eq(bucket->tat, NOW_NS + 2 * SECOND_NS);
    fdstore_close(&files);
    publish_free(heir);
    publish_free(publish);
    kept_end();
}
END_TEST

START_TEST(whoever_has_a_view_of_another_table_is_told_to_ask)
{
    kept_begin();
    struct publish *publish = make(1);
    put(publish, 1);
    publish_set_complete(publish);
    publish_refresh(publish, NOW_NS, 1);
    struct view view = map(publish);
    ck_assert_int_eq(publish_begin_anew(publish, 1), 0);
    struct lease lease = lease_of(&view);
    ck_assert(!lease_holds(&lease, NOW_NS) && !lease_is_last_known(&lease, NOW_NS, SECOND_NS));
    ck_assert_int_eq(find(publish, 1), VIEW_UNSURE);
    publish_free(publish);
    publish = adopt(1);
    ck_assert_int_eq(find(publish, 1), VIEW_UNSURE);
    publish_free(publish);
    kept_end();
}
END_TEST

SUITE_MAIN("publish", says_none_only_when_all_of_the_table_is_in_it,
           a_lease_holds_for_as_long_as_it_is_put_off_and_no_longer,
           a_promise_that_can_not_be_noted_is_not_made,
           tells_whose_counts_are_not_saved_and_of_each_once,
           a_larger_view_takes_its_place_and_its_buckets,
           what_has_no_room_is_asked_for_in_the_table,
           a_next_view_that_is_too_small_is_given_up_and_the_one_after_it_is_larger,
           a_next_view_that_a_change_found_too_small_is_no_place_for_what_follows,
           an_edit_while_it_grows_leaves_the_bucket_where_it_is,
           what_was_filled_with_a_gap_is_not_said_to_be_complete,
           what_is_removed_while_it_grows_is_gone_from_both, goes_on_where_the_last_one_ended,
           one_that_died_while_it_grew_is_followed_by_one_that_grows_anew,
           one_that_died_with_half_of_the_buckets_is_followed_by_one_that_takes_the_rest,
           one_that_died_before_it_said_that_the_old_view_is_superseded_has_it_said,
           a_view_whose_successor_is_lost_is_no_view,
           a_time_to_wait_is_handed_on_to_larger_views_and_later_daemons,
           a_move_that_was_begun_is_ended_before_any_other,
           whoever_has_a_view_of_another_table_is_told_to_ask)
