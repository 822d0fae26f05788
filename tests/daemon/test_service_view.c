/* The table in its view: from the start, with each change, and as it grows. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/tables.h"
#include "lib/core/crc.h"
#include "tests/daemon/service_view_case.h"

/* ---- from the table ----------------------------------------------------------------------------
 */

START_TEST(the_whole_table_is_in_it_bit_by_bit_and_answers_before)
{
    struct fixture_outcome minted[300];

    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 300; i++)
        minted[i] = mint();
    fixture_restart(&fixture);
    ck_assert(!stats().complete);
    ck_assert_uint_eq(stats().used, 0);
    ck_assert_int_eq(reason_of(&minted[7]), REASON_OK);
    ck_assert_int_eq(
        fixture_check(&fixture, "default", "stk_live_000000000000000000000000000000000000", "kasa")
            .reason,
        REASON_MALFORMED_TOKEN);
    ck_assert_uint_eq(stats().used, 1);
    work();
    ck_assert(stats().complete);
    ck_assert_uint_eq(stats().used, 300);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_int_eq(reason_of(&minted[i]), REASON_OK);
    fixture_close(&fixture);
}
END_TEST

START_TEST(counts_and_debts_come_from_the_table)
{
    struct fixture_outcome minted;

    fixture_open(&fixture, NULL);
    minted = mint();
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(reason_of(&minted), REASON_OK);
    fixture_restart(&fixture);
    work();
    struct verdict verdict = fixture_check(&fixture, "default", minted.secret, "kasa");
    ck_assert_uint_eq(verdict.remaining, 49);
    fixture_close(&fixture);
}
END_TEST

static void damage(const char *key_id)
{
    MDB_txn *txn;

    ck_assert_int_eq(mdb_txn_begin(fixture.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(fixture.store, txn, TABLE_TOKEN, tables_val(key_id, KEY_ID_LEN),
                                tables_val("rotten", 6), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

START_TEST(a_table_with_a_gap_is_never_said_to_be_complete)
{
    struct fixture_outcome good, bad;
    struct verdict verdict;

    fixture_open(&fixture, NULL);
    good = mint();
    bad = mint();
    damage(bad.key_id);
    fixture_restart(&fixture);
    work();
    ck_assert(!stats().complete);
    ck_assert_int_eq(reason_of(&good), REASON_OK);
    const struct text_query query = {.token = text_of(bad.secret), .site = TEXT("kasa")};
    ck_assert_int_lt(
        service_check_text(fixture.service,
                           config_service(service_config_of(fixture.service), TEXT("default")),
                           &query, &verdict),
        0);
    ck_assert_int_eq(verdict.reason, REASON_UNAVAILABLE);
    fixture_close(&fixture);
}
END_TEST

#define MINUTE_NS UINT64_C(60000000000)

static bool work_once(uint64_t span_ns)
{
    return service_work(fixture.service, span_ns);
}

/* Some of it each time, whatever the clock says, or it would never be done; and no more than some,
 * or checks would wait. In between, the table as it is decides. */
START_TEST(a_slice_ends_when_its_time_is_up_and_checks_and_changes_come_between)
{
    static struct fixture_outcome minted[300];
    unsigned slices = 1;

    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 300; i++)
        minted[i] = mint();
    fixture_restart(&fixture);
    for (; work_once(0); slices++) {
        ck_assert(!stats().complete);
        if (slices == 1) /* pages are mapped first, and not all at once either */
            ck_assert_uint_eq(stats().used, 0);
        if (slices > 270)
            continue;
        ck_assert_int_eq(reason_of(&minted[299 - slices]), REASON_OK);
        if (slices % 2 == 0)
            ck_assert_int_eq(fixture_revoke(&fixture, minted[slices].key_id, "").error, 0);
    }
    ck_assert_uint_gt(slices, 5);
    ck_assert(stats().complete);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_int_eq(reason_of(&minted[i]),
                         i > 0 && i < slices && i % 2 == 0 ? REASON_REVOKED_TOKEN : REASON_OK);
    fixture_restart(&fixture);
    ck_assert(!work_once(MINUTE_NS));
    ck_assert(stats().complete);
    ck_assert_uint_eq(stats().used, 300);
    fixture_close(&fixture);
}
END_TEST

START_TEST(damaged_ones_take_their_time_like_others)
{
    struct fixture_outcome minted[200];
    unsigned slices = 1;

    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 200; i++)
        minted[i] = mint();
    for (unsigned i = 0; i < 200; i++)
        damage(minted[i].key_id);
    fixture_restart(&fixture);
    while (work_once(0))
        slices++;
    ck_assert_uint_gt(slices, 5);
    ck_assert(!stats().complete);
    fixture_close(&fixture);
}
END_TEST

/* Its bytes as record_encode() would never make them, with the CRC that they have. */
static void misspell(const char *key_id)
{
    uint8_t bytes[RECORD_BYTES_MAX];
    MDB_val value;
    MDB_txn *txn;

    ck_assert_int_eq(mdb_txn_begin(fixture.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(
        tables_get(fixture.store, txn, TABLE_TOKEN, tables_val(key_id, KEY_ID_LEN), &value), 0);
    ck_assert_uint_le(value.mv_size, sizeof bytes);
    memcpy(bytes, value.mv_data, value.mv_size);
    uint8_t *scheme = memmem(bytes, value.mv_size, "https", 5);
    ck_assert_ptr_nonnull(scheme);
    scheme[0] = 'H';
    uint32_t crc = crc32_of(bytes + 5, value.mv_size - 5);
    memcpy(bytes + 1, &crc, sizeof crc);
    ck_assert_int_eq(tables_put(fixture.store, txn, TABLE_TOKEN, tables_val(key_id, KEY_ID_LEN),
                                tables_val(bytes, value.mv_size), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

START_TEST(one_that_can_not_be_put_leaves_a_gap_and_the_others_are_there)
{
    struct fixture_outcome minted[40];

    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 40; i++)
        minted[i] = mint();
    struct mint wanted = fixture_kasa();
    wanted.kind = KIND_LEGACY;
    wanted.legacy_key = TEXT("an-old-api-key");
    const struct text origin = TEXT("https://shop.example");
    uint8_t origins[64];
    size_t len = 0;
    ck_assert_int_eq(textlist_append(origins, sizeof origins, &len, origin), 0);
    wanted.origins = (struct textlist){origins, len};
    struct fixture_outcome legacy = fixture_mint(&fixture, &wanted);
    ck_assert_int_eq(legacy.error, 0);
    misspell(legacy.key_id);
    fixture_restart(&fixture);
    work();
    ck_assert(!stats().complete);
    ck_assert_uint_eq(stats().used, 40);
    for (unsigned i = 0; i < 40; i++)
        ck_assert_int_eq(reason_of(&minted[i]), REASON_OK);
    fixture_close(&fixture);
}
END_TEST

/* Origins of more bytes than there is heap for, so that it has to grow while it is built. */
START_TEST(a_gap_that_growth_met_amid_the_build_stays_a_gap)
{
    uint8_t origins[ORIGINS_BYTES_MAX];
    char origin[256];
    size_t len = 0;

    fixture_open(&fixture, NULL);
    struct mint wanted = fixture_kasa();
    for (unsigned i = 0; i < 10; i++) {
        snprintf(origin, sizeof origin, "https://%060u.%060u.example", i, i);
        ck_assert_int_eq(textlist_append(origins, sizeof origins, &len, text_of(origin)), 0);
    }
    wanted.origins = (struct textlist){origins, len};
    struct fixture_outcome minted = {0};
    for (unsigned i = 0; i < 200; i++) {
        minted = fixture_mint(&fixture, &wanted);
        ck_assert_int_eq(minted.error, 0);
    }
    damage(minted.key_id);
    fixture_restart(&fixture);
    uint64_t heap_bytes = map().heap_bytes;
    work();
    ck_assert_uint_gt(map().heap_bytes, heap_bytes);
    ck_assert_uint_eq(stats().used, 199);
    ck_assert(!stats().complete);
    fixture_restart(&fixture);
    (void)work_once(MINUTE_NS);
    ck_assert(!stats().complete);
    fixture_close(&fixture);
}
END_TEST

/* ---- growth ------------------------------------------------------------------------------------
 */

#define MANY 1500

START_TEST(grows_bit_by_bit_while_tokens_come)
{
    static struct fixture_outcome minted[MANY];

    fixture_open(&fixture, NULL);
    work();
    uint64_t slots = stats().slots;
    for (unsigned i = 0; i < MANY; i++) {
        minted[i] = mint();
        ck_assert_int_eq(reason_of(&minted[i]), REASON_OK);
        (void)service_work(fixture.service, 0);
        ck_assert_int_eq(reason_of(&minted[i / 2]), REASON_OK);
    }
    work();
    ck_assert_uint_gt(stats().slots, slots);
    ck_assert(stats().complete);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_le(fixture_check(&fixture, "default", minted[i].secret, "kasa").remaining,
                          58);
    fixture_close(&fixture);
}
END_TEST

START_TEST(grows_at_once_when_there_is_no_room_and_nobody_had_time)
{
    static struct fixture_outcome minted[MANY];

    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        minted[i] = mint();
        ck_assert_int_eq(reason_of(&minted[i]), REASON_OK);
    }
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(fixture_check(&fixture, "default", minted[i].secret, "kasa").remaining,
                          58);
    work();
    ck_assert(stats().complete);
    fixture_close(&fixture);
}
END_TEST

/* Nobody is answered until it has grown: without a lease, those who map the view would have to ask.
 */
START_TEST(the_lease_is_renewed_while_it_grows_at_once)
{
    fixture_open(&fixture, NULL);
    for (uint64_t slots = stats().slots; stats().slots == slots;) {
        ck_assert_uint_eq(stats().lease_ns, 0);
        (void)mint();
    }
    ck_assert_uint_gt(stats().lease_ns, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(takes_more_time_when_changes_fill_it_faster_than_it_grows)
{
    fixture_open(&fixture, NULL);
    work();
    uint64_t slots = stats().slots;
    while (stats().used <= slots * 94 / 100) {
        (void)mint();
        if (stats().used > slots * 92 / 100 && stats().used < slots * 93 / 100)
            (void)service_work(fixture.service, 0); /* begins to grow, and is not done */
        ck_assert_uint_eq(service_work_span(fixture.service, 1000),
                          stats().used > slots * 94 / 100 ? 8000 : 1000);
    }
    ck_assert_uint_eq(stats().slots, slots);
    work();
    ck_assert_uint_gt(stats().slots, slots);
    ck_assert_uint_eq(service_work_span(fixture.service, 1000), 1000);
    fixture_close(&fixture);
}
END_TEST

/* Each edit takes a slot: one of them finds none. */
START_TEST(an_edit_that_makes_it_grow_forgives_no_debt)
{
    struct mint mint = fixture_kasa();
    struct edit edit = {.fields = EDIT_EXPIRES};

    fixture_open(&fixture, NULL);
    mint.limit = (struct rate_limit){1, UINT64_C(3600000000000), 60};
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(reason_of(&minted), REASON_OK);
    for (unsigned i = 0; i < 300; i++) {
        edit.expires_at = INT64_C(4000000000) + i;
        ck_assert_int_eq(fixture_edit(&fixture, minted.key_id, &edit).error, 0);
    }
    ck_assert_uint_lt(stats().used, 300);
    ck_assert_uint_eq(fixture_check(&fixture, "default", minted.secret, "kasa").remaining, 58);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_clean_stop_saves_what_the_larger_view_has_not_taken_over_yet)
{
    static struct fixture_outcome minted[MANY];
    struct mint mint = fixture_kasa();
    unsigned count = 0;

    fixture_open(&fixture, NULL);
    mint.limit = (struct rate_limit){1, UINT64_C(3600000000000), 60};
    uint64_t slots = stats().slots;
    while (stats().slots == slots) {
        minted[count] = fixture_mint(&fixture, &mint);
        ck_assert_int_eq(reason_of(&minted[count++]), REASON_OK);
    }
    fixture_restart(&fixture);
    for (unsigned i = 0; i < count; i++)
        ck_assert_uint_eq(fixture_check(&fixture, "default", minted[i].secret, "kasa").remaining,
                          58);
    fixture_close(&fixture);
}
END_TEST

/* Their origins take more room than a first view has for them. */
START_TEST(what_is_owed_stays_so_when_it_has_to_grow_while_it_is_built)
{
    static struct fixture_outcome minted[300];
    struct mint mint = fixture_kasa();
    uint8_t origins[ORIGINS_BYTES_MAX];
    char origin[ORIGIN_MAX + 1];

    mint.limit = (struct rate_limit){1, UINT64_C(3600000000000), 60};
    mint.missing_origin_allowed = true;
    mint.origins.data = origins;
    for (unsigned i = 0; i < ORIGINS_MAX; i++) {
        snprintf(origin, sizeof origin, "https://%063u.%063u.example", i, i);
        ck_assert_int_eq(
            textlist_append(origins, sizeof origins, &mint.origins.len, text_of(origin)), 0);
    }
    fixture_open(&fixture, NULL);
    for (unsigned i = 0; i < 300; i++) {
        minted[i] = fixture_mint(&fixture, &mint);
        ck_assert_int_eq(reason_of(&minted[i]), REASON_OK);
    }
    fixture_restart(&fixture);
    work();
    ck_assert(stats().complete);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_uint_eq(fixture_check(&fixture, "default", minted[i].secret, "kasa").remaining,
                          58);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_view", the_whole_table_is_in_it_bit_by_bit_and_answers_before,
           counts_and_debts_come_from_the_table, a_table_with_a_gap_is_never_said_to_be_complete,
           a_slice_ends_when_its_time_is_up_and_checks_and_changes_come_between,
           damaged_ones_take_their_time_like_others,
           one_that_can_not_be_put_leaves_a_gap_and_the_others_are_there,
           a_gap_that_growth_met_amid_the_build_stays_a_gap, grows_bit_by_bit_while_tokens_come,
           grows_at_once_when_there_is_no_room_and_nobody_had_time,
           takes_more_time_when_changes_fill_it_faster_than_it_grows,
           the_lease_is_renewed_while_it_grows_at_once, an_edit_that_makes_it_grow_forgives_no_debt,
           a_clean_stop_saves_what_the_larger_view_has_not_taken_over_yet,
           what_is_owed_stays_so_when_it_has_to_grow_while_it_is_built)
