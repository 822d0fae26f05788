/* The table in its view: from the start, with each change, as it grows, and from daemon to daemon.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/store/tables.h"
#include "lib/core/crc.h"
#include "lib/view/lease.h"
#include "tests/daemon/fixture.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

/* No test here is about the disk. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return 0;
}

static struct fixture fixture;
static struct fdstore left; /* by the daemon before */

static void work(void)
{
    while (service_work(fixture.service, 0))
        continue;
}

static struct view_stats stats(void)
{
    struct view_stats ret;

    service_view_stats(fixture.service, &ret);
    return ret;
}

/* Nothing flows into its bucket while a test runs. */
static struct fixture_outcome mint(void)
{
    struct mint wanted = fixture_kasa();
    wanted.limit.window_ns = UINT64_C(86400000000000);
    struct fixture_outcome outcome = fixture_mint(&fixture, &wanted);

    ck_assert_int_eq(outcome.error, 0);
    return outcome;
}

static enum reason reason_of(const struct fixture_outcome *minted)
{
    return fixture_check(&fixture, "default", minted->secret, "kasa").reason;
}

/* As the next daemon under the same service manager does. */
static void restart(void)
{
    kept_give(&left);
    fixture.inherited = &left;
    fixture_restart(&fixture);
    fdstore_close(&left);
    fixture.inherited = NULL;
}

/* What a client has. */
static struct view map(void)
{
    struct handout handout;
    struct view view;

    ck_assert_int_eq(service_handout(fixture.service, &handout), 0);
    void *bytes = mmap(NULL, handout.view_bytes, PROT_READ, MAP_SHARED, handout.view_fd, 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    ck_assert_int_eq(view_open(bytes, handout.view_bytes, &view), 0);
    return view;
}

static bool is_in_force(const struct view *view)
{
    struct lease lease;

    lease_read(view, &lease);
    return lease_holds(&lease, service_mono_ns());
}

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

static bool work_once(uint64_t until_ns)
{
    return service_work(fixture.service, until_ns);
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
    ck_assert(!work_once(UINT64_MAX));
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
    (void)work_once(UINT64_MAX);
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

/* ---- from daemon to daemon ---------------------------------------------------------------------
 */

START_TEST(who_comes_next_goes_on_with_view_and_buckets)
{
    kept_begin();
    fixture_open(&fixture, NULL);
    struct fixture_outcome minted = mint();
    work();
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(reason_of(&minted), REASON_OK);
    struct view view = map();
    service_refresh(fixture.service);
    uint64_t generation = service_generation(fixture.service);
    restart();
    ck_assert(service_adopted_view(fixture.service) && stats().complete);
    ck_assert(is_in_force(&view));
    ck_assert_uint_eq(service_generation(fixture.service), generation);
    ck_assert_uint_eq(fixture_check(&fixture, "default", minted.secret, "kasa").remaining, 54);
    fixture_close(&fixture);
    kept_end();
}
END_TEST

static void on_committed(const struct change *change, const struct change_result *result,
                         void *userdata)
{
    ck_assert_int_eq(result->error, 0);
    ++*(unsigned *)userdata;
}

/* Committed, but the daemon dies before it hears of it. */
static void commit_unheard(const struct change *change)
{
    unsigned done = 0;

    ck_assert_int_eq(committer_submit(fixture.committer, change, on_committed, &done), 0);
    while (done == 0) {
        struct pollfd pollfd = {.fd = committer_fd(fixture.committer), .events = POLLIN};
        ck_assert_int_gt(poll(&pollfd, 1, 30000), 0);
        committer_collect(fixture.committer);
    }
}

static struct change change_of(enum change_verb verb, const struct fixture_outcome *minted)
{
    struct change change = {.verb = verb, .at = 1800000000};

    text_copy(text_of(minted->key_id), change.key_id, sizeof change.key_id);
    return change;
}

static enum view_answer read_from(const struct view *view, const char *secret,
                                  struct view_reading *ret)
{
    struct digester *digester;
    uint8_t digest[DIGEST_BYTES];

    ck_assert_int_eq(digester_new(&digester), 0);
    ck_assert_int_eq(digest_token(digester, text_of(secret), digest), 0);
    digester_free(digester);
    return view_read(view, digest, ret);
}

START_TEST(what_was_committed_and_not_published_is_published_by_the_next_one)
{
    static struct view_reading reading;

    kept_begin();
    fixture_open(&fixture, NULL);
    struct fixture_outcome revoked = mint(), suspended = mint(), kept = mint();
    work();
    struct view view = map();
    struct change change = change_of(CHANGE_REVOKE, &revoked);
    commit_unheard(&change);
    change = change_of(CHANGE_SUSPEND, &suspended);
    commit_unheard(&change);
    ck_assert_int_eq(read_from(&view, revoked.secret, &reading), VIEW_FOUND);
    ck_assert(!reading.record.revoked);
    restart();
    ck_assert(service_adopted_view(fixture.service));
    ck_assert_int_eq(read_from(&view, revoked.secret, &reading), VIEW_FOUND);
    ck_assert(reading.record.revoked);
    ck_assert_int_eq(read_from(&view, suspended.secret, &reading), VIEW_FOUND);
    ck_assert(reading.record.suspended);
    ck_assert_int_eq(reason_of(&revoked), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(reason_of(&suspended), REASON_SUSPENDED_TOKEN);
    ck_assert_int_eq(reason_of(&kept), REASON_OK);
    fixture_close(&fixture);
    kept_end();
}
END_TEST

START_TEST(a_legacy_key_that_was_removed_unheard_is_gone)
{
    kept_begin();
    fixture_open(&fixture, NULL);
    struct mint legacy = fixture_kasa();
    legacy.kind = KIND_LEGACY;
    legacy.legacy_key = TEXT("an-old-api-key");
    struct fixture_outcome minted = fixture_mint(&fixture, &legacy);
    ck_assert_int_eq(minted.error, 0);
    work();
    ck_assert_int_eq(fixture_legacy_reason(&fixture, "an-old-api-key"), REASON_OK);
    struct change change = change_of(CHANGE_LEGACY_REMOVE, &minted);
    commit_unheard(&change);
    restart();
    ck_assert_int_eq(fixture_legacy_reason(&fixture, "an-old-api-key"), REASON_UNKNOWN_TOKEN);
    fixture_close(&fixture);
    kept_end();
}
END_TEST

START_TEST(a_view_of_another_table_is_taken_back)
{
    struct fixture other;

    kept_begin();
    fixture_open(&fixture, NULL);
    mint();
    work();
    service_refresh(fixture.service);
    struct view view = map();
    ck_assert(is_in_force(&view));
    kept_give(&left);
    fixture_open(&other, NULL);
    struct mint wanted = fixture_kasa();
    ck_assert_int_eq(fixture_mint(&other, &wanted).error, 0); /* has as many changes */
    other.inherited = &left;
    fixture_restart(&other);
    fdstore_close(&left);
    ck_assert(!is_in_force(&view));
    fixture_close(&other);
    fixture_close(&fixture);
    kept_end();
}
END_TEST

START_TEST(a_generation_is_of_its_content)
{
    fixture_open(&fixture, NULL);
    uint64_t first = service_generation(fixture.service);
    fixture_restart(&fixture);
    ck_assert_uint_eq(service_generation(fixture.service), first);
    ck_assert_int_eq(fixture_scope_add(&fixture, "orders:read").error, 0);
    uint64_t second = service_generation(fixture.service);
    ck_assert_uint_ne(second, first);
    fixture_write(fixture.dir, "config/services.d/shop.conf", "direct = 1234\n");
    fixture_restart(&fixture);
    ck_assert_uint_ne(service_generation(fixture.service), second);
    ck_assert_uint_ne(service_generation(fixture.service), first);
    fixture_close(&fixture);
}
END_TEST

START_TEST(after_a_commit_that_failed_nobody_goes_by_the_view)
{
    fixture_open(&fixture, NULL);
    struct fixture_outcome minted = mint();
    service_refresh(fixture.service);
    struct view view = map();
    ck_assert(is_in_force(&view));
    char table[PATH_MAX + 32];
    snprintf(table, sizeof table, "%s/state/data.mdb", fixture.dir);
    ck_assert_int_eq(unlink(table), 0);
    ck_assert_int_eq(fixture_revoke(&fixture, minted.key_id, "").error, -ESTALE);
    ck_assert(!is_in_force(&view));
    service_refresh(fixture.service);
    ck_assert(!is_in_force(&view));
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
           who_comes_next_goes_on_with_view_and_buckets,
           what_was_committed_and_not_published_is_published_by_the_next_one,
           a_legacy_key_that_was_removed_unheard_is_gone, a_view_of_another_table_is_taken_back,
           a_generation_is_of_its_content, after_a_commit_that_failed_nobody_goes_by_the_view)
