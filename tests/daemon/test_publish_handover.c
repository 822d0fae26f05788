/* The view outlives its daemon: what the next one makes of it. */
#include <errno.h>

#include "tests/daemon/publish_case.h"

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

static void *map_file(const struct fdstore *files, const char *name, size_t size)
{
    void *mapped = MAP_FAILED;

    for (unsigned i = 0; i < files->count; i++)
        if (strcmp(files->files[i].name, name) == 0)
            mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, files->files[i].fd, 0);
    ck_assert_ptr_ne(mapped, MAP_FAILED);
    return mapped;
}

/* The memory of one that died while it moved the bucket of n: frozen there, and not yet here. */
static void die_while_moving(struct publish *publish, unsigned n, const struct fdstore *files)
{
    struct view_header *header = map_file(files, "view-2", VIEW_PAGE);
    struct view_bucket *buckets = map_file(files, "view-2-shared", 256 * sizeof *buckets);

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

START_TEST(so_is_one_that_was_begun_in_the_view_before)
{
    kept_begin();
    struct publish *publish = make(2);
    put(publish, 1);
    expect(publish, 1);
    uint32_t slot = reading.slot;
    publish_set_complete(publish);
    grow(publish, 2);
    publish_switch(publish, true);
    struct fdstore files;
    kept_give(&files);
    struct view_header *header = map_file(&files, "view-1", VIEW_PAGE);
    struct view_bucket *buckets = map_file(&files, "view-1-shared", 256 * sizeof *buckets);
    header->journal_slot = slot + 1; /* its state is in the bucket already */
    struct publish *heir;
    ck_assert_int_eq(publish_new(&files, 1, 2, NOW_NS, &heir), 0);
    ck_assert_uint_eq(header->journal_slot, 0);
    ck_assert_uint_eq(buckets[slot].tat, NOW_NS + 2 * SECOND_NS);
    expect(heir, 1);
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

SUITE_MAIN("publish_handover", goes_on_where_the_last_one_ended,
           one_that_died_while_it_grew_is_followed_by_one_that_grows_anew,
           one_that_died_with_half_of_the_buckets_is_followed_by_one_that_takes_the_rest,
           one_that_died_before_it_said_that_the_old_view_is_superseded_has_it_said,
           a_view_whose_successor_is_lost_is_no_view,
           a_time_to_wait_is_handed_on_to_larger_views_and_later_daemons,
           a_move_that_was_begun_is_ended_before_any_other,
           so_is_one_that_was_begun_in_the_view_before,
           whoever_has_a_view_of_another_table_is_told_to_ask)
