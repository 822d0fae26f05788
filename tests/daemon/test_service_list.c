/* What the service shows of its table: lists, sites, the audit trail. */
#include <errno.h>

#include "daemon/store/tables.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

/* ---- sites -------------------------------------------------------------------------------------
 */

#define SITES_MAX 16

struct sites {
    struct site_summary seen[SITES_MAX]; /* without their texts */
    char names[SITES_MAX][SITE_MAX + 1];
    unsigned count, take_max;
    char position[256];
    size_t position_len;
};

static int see_site(const struct site_summary *summary, struct text position, void *userdata)
{
    struct sites *sites = userdata;

    if (sites->count == sites->take_max)
        return 1;
    ck_assert_uint_lt(sites->count, SITES_MAX);
    sites->seen[sites->count] = *summary;
    ck_assert(text_copy(summary->site, sites->names[sites->count], SITE_MAX + 1));
    sites->count++;
    ck_assert_uint_le(position.len, sizeof sites->position);
    memcpy(sites->position, position.data, position.len);
    sites->position_len = position.len;
    return 0;
}

/* From the last position on. */
static bool walk_sites(struct fixture *fixture, unsigned records_max, struct sites *sites)
{
    bool more;
    char position[256];
    struct text after = {position, sites->position_len};

    memcpy(position, sites->position, sizeof position);
    ck_assert_int_eq(service_sites(fixture->service, after, records_max, see_site, sites, &more),
                     0);
    return more;
}

static struct fixture_outcome mint_for(struct fixture *fixture, const char *site)
{
    struct mint mint = fixture_kasa();

    mint.site = text_of(site);
    return fixture_mint(fixture, &mint);
}

/* bazaar: one expired; kasa: active, suspended, revoked, legacy, in any order; shop: one active. */
static void open_sites(struct fixture *fixture)
{
    fixture_open(fixture, NULL);
    struct fixture_outcome first = mint_for(fixture, "kasa");
    struct fixture_outcome second = mint_for(fixture, "kasa");
    struct fixture_outcome third = mint_for(fixture, "kasa");
    mint_for(fixture, "shop");
    struct mint legacy = fixture_kasa(), over = fixture_kasa();
    legacy.kind = KIND_LEGACY;
    legacy.legacy_key = TEXT("0123456789abcdef");
    ck_assert_int_eq(fixture_mint(fixture, &legacy).error, 0);
    over.site = TEXT("bazaar");
    over.expires_at = 1;
    ck_assert_int_eq(fixture_mint(fixture, &over).error, 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fixture_check(fixture, "default", first.secret, "kasa").reason, REASON_OK);
    ck_assert_int_eq(fixture_check(fixture, "default", second.secret, "kasa").reason, REASON_OK);
    ck_assert_int_eq(fixture_suspend(fixture, second.key_id, "").error, 0);
    ck_assert_int_eq(fixture_revoke(fixture, third.key_id, "").error, 0);
}

START_TEST(sites_come_in_order_with_the_sums_of_what_they_have)
{
    struct fixture fixture;
    struct sites sites = {.take_max = SITES_MAX};
    open_sites(&fixture);
    ck_assert(!walk_sites(&fixture, 100, &sites));
    ck_assert_uint_eq(sites.count, 3);
    ck_assert_str_eq(sites.names[0], "bazaar");
    ck_assert_str_eq(sites.names[1], "kasa");
    ck_assert_str_eq(sites.names[2], "shop");
    ck_assert_uint_eq(sites.seen[0].expired, 1);
    ck_assert_uint_eq(sites.seen[0].active, 0);
    ck_assert_int_eq(sites.seen[0].last_used_at, 0);
    const struct site_summary *kasa = &sites.seen[1];
    ck_assert_uint_eq(kasa->active, 2);
    ck_assert_uint_eq(kasa->suspended, 1);
    ck_assert_uint_eq(kasa->revoked, 1);
    ck_assert_uint_eq(kasa->expired, 0);
    ck_assert_uint_eq(kasa->legacy, 1);
    ck_assert_uint_eq(kasa->allowed, 4);
    ck_assert_int_gt(kasa->last_used_at, 0);
    ck_assert_uint_eq(sites.seen[2].active, 1);
    ck_assert_uint_eq(sites.seen[2].allowed, 0);

    ck_assert(!walk_sites(&fixture, 100, &sites)); /* behind the last there is nothing */
    ck_assert_uint_eq(sites.count, 3);
    fixture_close(&fixture);
}
END_TEST

/* However small the pages, and wherever fn stops, the parts add up. */
START_TEST(pages_of_sites_add_up)
{
    struct fixture fixture;
    open_sites(&fixture);
    for (unsigned records_max = 1; records_max <= 7; records_max++) {
        for (unsigned take_max = 1; take_max <= 3; take_max++) {
            struct sites sites = {.count = 0};
            struct site_summary sum = {.active = 0};
            unsigned pages = 0, seen = 0;
            bool more;
            do {
                sites.count = 0;
                sites.take_max = take_max;
                more = walk_sites(&fixture, records_max, &sites);
                ck_assert_uint_gt(sites.count, 0);
                for (unsigned i = 0; i < sites.count; i++) {
                    sum.active += sites.seen[i].active;
                    sum.suspended += sites.seen[i].suspended;
                    sum.revoked += sites.seen[i].revoked;
                    sum.expired += sites.seen[i].expired;
                    sum.legacy += sites.seen[i].legacy;
                    sum.allowed += sites.seen[i].allowed;
                    seen++;
                }
                ck_assert_uint_lt(++pages, 10);
            } while (more);
            ck_assert_uint_ge(seen, 3);
            ck_assert_uint_eq(sum.active, 3);
            ck_assert_uint_eq(sum.suspended, 1);
            ck_assert_uint_eq(sum.revoked, 1);
            ck_assert_uint_eq(sum.expired, 1);
            ck_assert_uint_eq(sum.legacy, 1);
            ck_assert_uint_eq(sum.allowed, 4);
        }
    }
    fixture_close(&fixture);
}
END_TEST

/* ---- what is damaged ---------------------------------------------------------------------------
 */

/* Behind the committer, which must not be asked for anything after that. */
static void damage(struct fixture *fixture, const char *key_id, enum table table)
{
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(fixture->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(fixture->store, txn, table, tables_val(key_id, KEY_ID_LEN),
                                tables_val("rotten", 6), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static int count_listing(const struct listing *listing, struct text position, void *userdata)
{
    ++*(unsigned *)userdata;
    return 0;
}

START_TEST(lists_leave_out_what_is_damaged_and_a_show_refuses_it)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct fixture_outcome first = mint_for(&fixture, "kasa");
    struct fixture_outcome second = mint_for(&fixture, "kasa");
    mint_for(&fixture, "kasa");
    mint_for(&fixture, "shop");
    damage(&fixture, first.key_id, TABLE_TOKEN);
    damage(&fixture, second.key_id, TABLE_USAGE);
    fixture_restart(&fixture); /* what is published knows its counts without the table */
    unsigned count = 0;
    ck_assert_int_eq(service_list(fixture.service, TEXT(""), TEXT(""), count_listing, &count), 0);
    ck_assert_uint_eq(count, 2);
    struct sites sites = {.take_max = SITES_MAX};
    ck_assert(!walk_sites(&fixture, 100, &sites));
    ck_assert_uint_eq(sites.count, 2);
    ck_assert_uint_eq(sites.seen[0].active, 1);
    ck_assert_int_eq(service_show(fixture.service, text_of(first.key_id), count_listing, &count),
                     -EBADMSG);
    ck_assert_int_eq(service_show(fixture.service, text_of(second.key_id), count_listing, &count),
                     -EBADMSG);
    ck_assert_uint_eq(count, 2);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_table_that_is_damaged_all_over_is_not_listed)
{
    struct fixture fixture;
    struct fixture_outcome minted[100];
    unsigned count = 0;
    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 100; i++)
        minted[i] = mint_for(&fixture, "kasa");
    for (unsigned i = 0; i < 99; i++)
        damage(&fixture, minted[i].key_id, TABLE_TOKEN);
    ck_assert_int_eq(service_list(fixture.service, TEXT(""), TEXT(""), count_listing, &count), 0);
    ck_assert_uint_eq(count, 1);
    damage(&fixture, minted[99].key_id, TABLE_TOKEN);
    ck_assert_int_eq(service_list(fixture.service, TEXT(""), TEXT(""), count_listing, &count),
                     -EBADMSG);
    struct sites sites = {.take_max = SITES_MAX};
    bool more;
    ck_assert_int_eq(service_sites(fixture.service, TEXT(""), 1, see_site, &sites, &more),
                     -EBADMSG);
    fixture_close(&fixture);
}
END_TEST

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

SUITE_MAIN("service_list", sites_come_in_order_with_the_sums_of_what_they_have,
           pages_of_sites_add_up, lists_leave_out_what_is_damaged_and_a_show_refuses_it,
           a_table_that_is_damaged_all_over_is_not_listed,
           the_audit_trail_of_one_token_has_what_was_done_to_it_and_from_what_it_came,
           a_walk_of_the_audit_trail_is_bounded_and_goes_on_where_it_ended,
           a_walk_of_the_audit_trail_ends_at_what_is_older_than_asked_for)
