/* The view as files in memory: what is in it, and how it grows. */
#include <errno.h>
#include <fcntl.h>

#include "tests/daemon/publish_case.h"

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

/* With the units that it has at that time, 58 of 60, whenever buckets are taken over. */
START_TEST(an_edit_that_has_no_room_finds_its_bucket_in_the_larger_view)
{
    struct publish *publish = make(0);
    struct record record = record_of(1);

    for (unsigned n = 0; n < 256; n++)
        put(publish, n);
    record.limit.requests = 6;
    ck_assert_int_eq(publish_put(publish, &record, NULL, NOW_NS), -ENOSPC);
    grow(publish, 256);
    publish_switch(publish, true);
    ck_assert_int_eq(publish_put(publish, &record, NULL, NOW_NS), 0);
    ck_assert(!publish_move_some(publish, UINT32_MAX, NOW_NS + SECOND_NS));
    ck_assert_int_eq(find(publish, 1), VIEW_FOUND);
    ck_assert(bucket->tat == NOW_NS + 20 * SECOND_NS && bucket->allowed == 1);
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
    begin_growth(publish, 10);
    for (n = 0; r == 0; n++) {
        struct record record = record_of(n);
        r = publish_grow(publish, &record, NULL, NOW_NS);
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

    begin_growth(publish, 10);
    while (publish_is_growing(publish) && n < 1000)
        put(publish, n++);
    ck_assert(!publish_is_growing(publish));
    struct record record = record_of(0);
    publish_expect(publish, record.digest);
    ck_assert_int_eq(publish_grow(publish, &record, NULL, NOW_NS), -ENOSPC);
    ck_assert(publish_wants_growth(publish));
    expect(publish, 0);
    publish_free(publish);
}
END_TEST

/* The walk begins after that, and finds them in the table. */
START_TEST(while_the_next_view_comes_to_exist_changes_go_into_the_current_one_alone)
{
    struct publish *publish = make(1000);
    struct view_stats before, after;

    publish_set_complete(publish);
    ck_assert_int_eq(publish_provide_some(publish, 1), 0);
    ck_assert(!publish_is_growing(publish));
    publish_stats(publish, NOW_NS, &before);
    ck_assert_int_eq(publish_begin_growth(publish, 1000), 0);
    ck_assert_int_eq(publish_begin_growth(publish, 1000), 0);
    ck_assert(publish_is_growing(publish));
    ck_assert_int_eq(publish_provide_some(publish, 100000), 1);
    publish_stats(publish, NOW_NS, &after);
    ck_assert_uint_gt(after.resident_bytes, before.resident_bytes);
    put(publish, 0);
    expect(publish, 0);
    struct record record = record_of(0);
    ck_assert_int_eq(publish_grow(publish, &record, NULL, NOW_NS), -ENOSPC);
    grow(publish, 1);
    publish_switch(publish, true);
    expect(publish, 0);
    ck_assert(!publish_is_growing(publish));

    /* And it may be given up. */
    while (publish_move_some(publish, 1000, NOW_NS))
        continue;
    ck_assert_int_eq(publish_begin_growth(publish, 1000), 0);
    ck_assert_int_eq(publish_begin_anew(publish, 10), 0);
    ck_assert(!publish_is_growing(publish));
    ck_assert_int_eq(publish_begin_growth(publish, 1000), 0);
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
    begin_growth(publish, 3);
    ck_assert_int_eq(publish_grow(publish, &record, NULL, NOW_NS), 0);
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

SUITE_MAIN("publish", says_none_only_when_all_of_the_table_is_in_it,
           a_lease_holds_for_as_long_as_it_is_put_off_and_no_longer,
           a_promise_that_can_not_be_noted_is_not_made,
           tells_whose_counts_are_not_saved_and_of_each_once,
           a_larger_view_takes_its_place_and_its_buckets,
           what_has_no_room_is_asked_for_in_the_table,
           an_edit_that_has_no_room_finds_its_bucket_in_the_larger_view,
           a_next_view_that_is_too_small_is_given_up_and_the_one_after_it_is_larger,
           a_next_view_that_a_change_found_too_small_is_no_place_for_what_follows,
           while_the_next_view_comes_to_exist_changes_go_into_the_current_one_alone,
           an_edit_while_it_grows_leaves_the_bucket_where_it_is,
           what_was_filled_with_a_gap_is_not_said_to_be_complete,
           what_is_removed_while_it_grows_is_gone_from_both)
