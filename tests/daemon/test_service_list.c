/* What the service shows of its table: lists, sites, the audit trail. */
#include <errno.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* ---- the audit trail ---------------------------------------------------------------------------
 */

struct trail {
    uint64_t seqs[16];
    unsigned count, take_max;
};

static int follow(const struct audit_entry *entry, void *userdata)
{
    struct trail *trail = userdata;

    if (trail->count == trail->take_max)
        return 1;
    trail->seqs[trail->count++] = entry->seq;
    return 0;
}

static uint64_t walk_audit(struct fixture *fixture, const struct audit_query *query,
                           struct trail *trail)
{
    uint64_t next = 99;

    trail->count = 0;
    ck_assert_int_eq(service_audit(fixture->service, query, follow, trail, &next), 0);
    return next;
}

START_TEST(the_audit_trail_of_one_token_has_what_was_done_to_it_and_from_what_it_came)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome first = fixture_mint(&fixture, &mint);              /* 1 */
    struct fixture_outcome other = fixture_mint(&fixture, &mint);              /* 2 */
    struct fixture_outcome second = fixture_rotate(&fixture, first.key_id, 0); /* 3 */
    ck_assert_int_eq(fixture_revoke(&fixture, second.key_id, "").error, 0);    /* 4 */
    ck_assert_int_eq(fixture_revoke(&fixture, other.key_id, "").error, 0);     /* 5 */

    const struct {
        const char *key_id;
        uint64_t seqs[4];
    } rows[] = {
        {"", {5, 4, 3, 2}},     {first.key_id, {3, 1}},        {second.key_id, {4, 3}},
        {other.key_id, {5, 2}}, {"key_0123456789abcdef", {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trail trail = {.take_max = 4};
        const struct audit_query query = {.key_id = text_of(rows[i].key_id)};
        uint64_t next = walk_audit(&fixture, &query, &trail);
        for (unsigned k = 0; k < 4; k++)
            ck_assert_uint_eq(k < trail.count ? trail.seqs[k] : 0, rows[i].seqs[k]);
        ck_assert_uint_eq(next, i == 0 ? 2 : 0);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_walk_of_the_audit_trail_is_bounded_and_goes_on_where_it_ended)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome first = fixture_mint(&fixture, &mint);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_int_eq(fixture_mint(&fixture, &mint).error, 0);
    struct trail trail = {.take_max = 4};
    struct audit_query query = {.key_id = text_of(first.key_id), .scan_max = 3};
    query.before = walk_audit(&fixture, &query, &trail); /* 7, 6, 5 are others' */
    ck_assert_uint_eq(trail.count, 0);
    ck_assert_uint_eq(query.before, 5);
    query.before = walk_audit(&fixture, &query, &trail);
    ck_assert_uint_eq(query.before, 2);
    ck_assert_uint_eq(walk_audit(&fixture, &query, &trail), 0);
    ck_assert_uint_eq(trail.count, 1);
    ck_assert_uint_eq(trail.seqs[0], 1);

    query = (struct audit_query){.scan_max = 7}; /* as many as there are */
    trail.take_max = 16;
    ck_assert_uint_eq(walk_audit(&fixture, &query, &trail), 0);
    ck_assert_uint_eq(trail.count, 7);
    fixture_close(&fixture);
}
END_TEST

static int keep_time(const struct audit_entry *entry, void *userdata)
{
    *(int64_t *)userdata = entry->at;
    return 0;
}

START_TEST(a_walk_of_the_audit_trail_ends_at_what_is_older_than_asked_for)
{
    struct fixture fixture;
    int64_t at = 0;
    uint64_t next;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, 0);
    struct audit_query query = {.before = 0};
    ck_assert_int_eq(service_audit(fixture.service, &query, keep_time, &at, &next), 0);
    struct trail trail = {.take_max = 16};
    query.since = at;
    ck_assert_uint_eq(walk_audit(&fixture, &query, &trail), 0);
    ck_assert_uint_eq(trail.count, 1);
    query.since = at + 1;
    ck_assert_uint_eq(walk_audit(&fixture, &query, &trail), 0);
    ck_assert_uint_eq(trail.count, 0);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_list",
           the_audit_trail_of_one_token_has_what_was_done_to_it_and_from_what_it_came,
           a_walk_of_the_audit_trail_is_bounded_and_goes_on_where_it_ended,
           a_walk_of_the_audit_trail_ends_at_what_is_older_than_asked_for)
