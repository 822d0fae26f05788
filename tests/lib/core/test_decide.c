#include "lib/core/decide.h"

#include <pthread.h>

#include "tests/lib/core/decide_rows.h"
#include "tests/suite.h"

#define THREADS 8

static const uint8_t digest[DIGEST_BYTES] = {1, 2, 3};
static const uint8_t other_digest[DIGEST_BYTES] = {1, 2, 4};

static uint8_t packed_origins[ORIGINS_BYTES_MAX];

static struct policy policy_of_row(const struct row *row)
{
    struct policy policy;
    size_t len = 0;
    policy_init(&policy);
    policy.accept =
        row->accept ? row->accept : ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST) | ACCEPT(KIND_LEGACY);
    policy.require_site = !row->site_optional;
    policy.scopes = row->policy_scopes;
    policy.cost = row->policy_cost ? row->policy_cost : 1;
    if (row->sites)
        textlist_append(policy.sites, sizeof policy.sites, &len, text_of(row->sites));
    policy.sites_len = (uint16_t)len;
    return policy;
}

static struct record record_of_row(const struct row *row)
{
    size_t len = 0;
    struct record record = {
        .kind = row->record_kind ? row->record_kind : KIND_LIVE,
        .revoked = row->revoked,
        .suspended = row->suspended,
        .missing_origin_allowed = row->missing_origin_allowed,
        .scopes = CATALOG | CART,
        .limit = {60, 60 * SECOND_NS, 10},
        .grace_until = row->grace_until,
        .expires_at = row->expires_at,
        .sunset_at = row->sunset_at,
        .key_id = TEXT("key_0123456789abcdef"),
        .site = TEXT("kasa"),
    };
    memcpy(record.digest, row->other_digest ? other_digest : digest, DIGEST_BYTES);
    if (record.kind == KIND_LEGACY) {
        record.deprecation_at = 1600000000;
        record.link = TEXT("https://kasa.example/migrate");
    }
    if (row->allowed_origin)
        textlist_append(packed_origins, sizeof packed_origins, &len, text_of(row->allowed_origin));
    record.origins = (struct textlist){packed_origins, len};
    return record;
}

static struct query query_of_row(const struct row *row)
{
    enum kind kind = row->query_kind    ? row->query_kind
                     : row->record_kind ? row->record_kind
                                        : KIND_LIVE;
    struct query query = {
        .form = row->is_missing       ? CREDENTIAL_MISSING
                : row->form           ? row->form
                : kind == KIND_LEGACY ? CREDENTIAL_LEGACY
                                      : CREDENTIAL_TOKEN,
        .kind = kind,
        .site = row->site ? text_of(row->site) : TEXT("kasa"),
        .origin = text_of(row->origin),
        .scopes = row->scopes,
        .cost = row->cost,
        .peek = row->peek,
    };
    memcpy(query.digest, digest, DIGEST_BYTES);
    return query;
}

/* What a verdict tells of the record: nothing up to row 3, all of it from row 4 on. */
static void assert_described(const struct row *row, const struct record *record,
                             const struct verdict *verdict)
{
    if (row->reason <= REASON_UNKNOWN_TOKEN && row->reason != REASON_OK) {
        ck_assert_msg(verdict->kind == KIND_NONE, "%s", row->what);
        ck_assert_str_eq(verdict->key_id, "");
        ck_assert_str_eq(verdict->site, "");
        ck_assert_str_eq(verdict->link, "");
        ck_assert_uint_eq(verdict->scopes, 0);
        ck_assert_uint_eq(verdict->limit + verdict->window_ns + verdict->burst, 0);
        ck_assert_int_eq(verdict->deprecation_at + verdict->sunset_at, 0);
        return;
    }
    ck_assert_msg(verdict->kind == record->kind, "%s", row->what);
    ck_assert_str_eq(verdict->key_id, "key_0123456789abcdef");
    ck_assert_str_eq(verdict->site, "kasa");
    ck_assert(text_equal(text_of(verdict->link), record->link));
    ck_assert_uint_eq(verdict->scopes, CATALOG | CART);
    ck_assert_uint_eq(verdict->limit, 60);
    ck_assert_uint_eq(verdict->window_ns, 60 * SECOND_NS);
    ck_assert_uint_eq(verdict->burst, 10);
    ck_assert_int_eq(verdict->deprecation_at, record->deprecation_at);
    ck_assert_int_eq(verdict->sunset_at, record->sunset_at);
}

static void assert_row(const struct row *row)
{
    struct policy policy = policy_of_row(row);
    struct record record = record_of_row(row);
    struct query query = query_of_row(row);
    uint64_t before_ns = MONO_NS + row->spent * SECOND_NS;
    _Atomic uint64_t tat = before_ns;
    struct verdict verdict;
    memset(&verdict, 0xaa, sizeof verdict);
    decide(&policy, &query, row->no_record ? NULL : &record, row->no_record ? NULL : &tat,
           (struct clock_reading){MONO_NS, WALL_S}, &verdict);

    ck_assert_msg(verdict.reason == row->reason, "%s: %s", row->what, reason_name(verdict.reason));
    ck_assert_msg(verdict.needed == (row->scopes | row->policy_scopes), "%s", row->what);
    assert_described(row, &record, &verdict);

    bool counted = row->reason == REASON_OK || row->reason == REASON_RATE_LIMITED;
    uint64_t spent = row->reason != REASON_OK ? 0 : 10 - row->spent - row->remaining;
    ck_assert_msg(verdict.remaining == row->remaining, "%s: %u", row->what,
                  (unsigned)verdict.remaining);
    ck_assert_msg(tat == before_ns + (row->peek ? 0 : spent * SECOND_NS), "%s: spent", row->what);
    ck_assert_msg((verdict.retry_ns > 0) == (row->reason == REASON_RATE_LIMITED), "%s", row->what);
    ck_assert_msg((verdict.reset_ns > 0) == counted, "%s", row->what);
    if (row->reason == REASON_OK)
        ck_assert_uint_eq(verdict.reset_ns, (row->spent + spent) * SECOND_NS);
    if (row->reason == REASON_RATE_LIMITED)
        ck_assert_uint_eq(verdict.reset_ns, verdict.retry_ns);
    ck_assert_uint_eq(verdict.next_ns, counted ? SECOND_NS : 0);
}

START_TEST(decides_by_the_products_table)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_row(&rows[i]);
}
END_TEST

START_TEST(a_whole_burst_then_no_more_then_again)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes);
    struct clock_reading now = {MONO_NS, WALL_S};
    _Atomic uint64_t tat = 0;
    struct verdict verdict;
    for (unsigned i = 0; i < 10; i++) {
        decide(&policy, &query, &record, &tat, now, &verdict);
        ck_assert_int_eq(verdict.reason, REASON_OK);
        ck_assert_uint_eq(verdict.remaining, 9 - i);
    }
    for (unsigned i = 0; i < 3; i++) {
        decide(&policy, &query, &record, &tat, now, &verdict);
        ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
        ck_assert_uint_eq(verdict.retry_ns, SECOND_NS);
    }
    now.mono_ns += verdict.retry_ns;
    decide(&policy, &query, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_OK);
    decide(&policy, &query, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
}
END_TEST

START_TEST(a_cost_is_at_least_one)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes);
    _Atomic uint64_t tat = 0;
    struct verdict verdict;
    policy.cost = 0; /* a policy that was not read from a file or a frame */
    decide(&policy, &query, &record, &tat, (struct clock_reading){MONO_NS, WALL_S}, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_OK);
    ck_assert_uint_eq(verdict.remaining, 9);
}
END_TEST

START_TEST(a_record_without_bucket_or_limit_gives_no_verdict)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes);
    struct clock_reading now = {MONO_NS, WALL_S};
    _Atomic uint64_t tat = 0;
    struct verdict verdict;
    decide(&policy, &query, &record, NULL, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_UNAVAILABLE);
    record.limit.requests = 0;
    decide(&policy, &query, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_UNAVAILABLE);
    ck_assert_uint_eq(tat, 0);
}
END_TEST

START_TEST(mends_a_tat_that_no_call_can_have_left)
{
    static const struct row passes = {.what = "passes"};
    static const struct row peeks = {.what = "peeks", .peek = true};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes), peek = query_of_row(&peeks);
    struct clock_reading now = {MONO_NS, WALL_S};
    struct verdict verdict;

    _Atomic uint64_t tat = RATE_TAT_MAX; /* a hostile writer */
    decide(&policy, &peek, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
    ck_assert_uint_eq(tat, RATE_TAT_MAX); /* a look changes nothing */
    decide(&policy, &query, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
    ck_assert_uint_eq(verdict.retry_ns, SECOND_NS);
    ck_assert_uint_eq(tat, MONO_NS + 10 * SECOND_NS);
    now.mono_ns += verdict.retry_ns; /* and that was the truth */
    decide(&policy, &query, &record, &tat, now, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_OK);
}
END_TEST

START_TEST(a_bucket_whose_state_is_elsewhere_decides_nothing)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes);
    struct clock_reading now = {MONO_NS, WALL_S};
    struct verdict verdict;
    static const uint64_t words[] = {RATE_TAT_MAX + 1, UINT64_MAX};

    for (size_t i = 0; i < 2; i++) {
        _Atomic uint64_t tat = words[i];
        decide(&policy, &query, &record, &tat, now, &verdict);
        ck_assert_int_eq(verdict.reason, REASON_UNAVAILABLE);
        ck_assert_uint_eq(tat, words[i]);
    }
}
END_TEST

START_TEST(a_thread_whose_clock_reading_is_old_gives_nothing_back)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    struct query query = query_of_row(&passes);
    struct verdict verdict;
    /* Others emptied the bucket half a second after our reading. */
    const uint64_t left_ns = MONO_NS + SECOND_NS / 2 + 10 * SECOND_NS;
    _Atomic uint64_t tat = left_ns;
    decide(&policy, &query, &record, &tat, (struct clock_reading){MONO_NS, WALL_S}, &verdict);
    ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
    ck_assert_uint_eq(tat, left_ns);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

struct hammer {
    pthread_t thread;
    pthread_barrier_t *start;
    const struct policy *policy;
    const struct record *record;
    struct query query;
    _Atomic uint64_t *tat;
    unsigned calls;
    uint64_t admitted_units;
};

static void *hammer_run(void *argument)
{
    struct hammer *hammer = argument;
    pthread_barrier_wait(hammer->start);
    for (unsigned i = 0; i < hammer->calls; i++) {
        struct verdict verdict;
        decide(hammer->policy, &hammer->query, hammer->record, hammer->tat,
               (struct clock_reading){MONO_NS, WALL_S}, &verdict);
        if (verdict.reason == REASON_OK)
            hammer->admitted_units += hammer->query.cost;
        else
            ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
    }
    return NULL;
}

/* Returns the units admitted of a bucket of burst units, with the clock standing still. */
static uint64_t hammer_all(uint64_t burst, const uint64_t costs[static THREADS], unsigned calls)
{
    static const struct row passes = {.what = "passes"};
    struct policy policy = policy_of_row(&passes);
    struct record record = record_of_row(&passes);
    record.limit.burst = burst;
    _Atomic uint64_t tat = 0;
    pthread_barrier_t start;
    struct hammer hammers[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        hammers[i] = (struct hammer){.start = &start,
                                     .policy = &policy,
                                     .record = &record,
                                     .query = query_of_row(&passes),
                                     .tat = &tat,
                                     .calls = calls};
        hammers[i].query.cost = costs[i];
        ck_assert_int_eq(pthread_create(&hammers[i].thread, NULL, hammer_run, &hammers[i]), 0);
    }
    uint64_t admitted = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(hammers[i].thread, NULL);
        admitted += hammers[i].admitted_units;
    }
    pthread_barrier_destroy(&start);
    ck_assert_uint_eq(tat, MONO_NS + admitted * SECOND_NS);
    return admitted;
}

START_TEST(threads_together_get_exactly_the_burst)
{
    static const uint64_t ones[THREADS] = {1, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_uint_eq(hammer_all(20000, ones, 5000), 20000);
}
END_TEST

START_TEST(threads_of_different_costs_never_get_more_than_the_burst)
{
    static const uint64_t costs[THREADS] = {1, 2, 3, 4, 5, 6, 7, 8};
    /* Whoever asks for 1 goes on until nothing is left. */
    ck_assert_uint_eq(hammer_all(20000, costs, 20000), 20000);
}
END_TEST

/* ---- reasons --------------------------------------------------------------------------------- */

START_TEST(reasons_have_a_name_and_a_status)
{
    static const struct {
        const char *name;
        unsigned status;
    } expected[REASON_COUNT + 1] = {
        {"ok", 200},
        {"missing_token", 401},
        {"malformed_token", 401},
        {"unknown_token", 401},
        {"revoked_token", 401},
        {"suspended_token", 401},
        {"expired_token", 401},
        {"legacy_sunset", 401},
        {"site_mismatch", 401},
        {"origin_denied", 403},
        {"insufficient_scope", 403},
        {"cost_exceeds_burst", 403},
        {"rate_limited", 429},
        {"unavailable", 503},
        {"unknown", 503},
    };
    for (unsigned i = 0; i <= REASON_COUNT; i++) {
        ck_assert_str_eq(reason_name(i), expected[i].name);
        ck_assert_uint_eq(reason_status(i), expected[i].status);
    }
    ck_assert_uint_eq(reason_status(UINT32_MAX), 503);
}
END_TEST

START_TEST(a_verdict_starts_as_a_refusal)
{
    struct verdict verdict, nothing = {.reason = REASON_UNAVAILABLE};
    memset(&verdict, 0xaa, sizeof verdict);
    verdict_init(&verdict);
    ck_assert_int_eq(verdict.reason, nothing.reason);
    ck_assert_uint_eq(reason_status(verdict.reason), 503);
    ck_assert_int_eq(verdict.kind, KIND_NONE);
    ck_assert_str_eq(verdict.key_id, "");
    ck_assert_uint_eq(verdict.remaining, 0);
}
END_TEST

SUITE_MAIN("decide", decides_by_the_products_table, a_whole_burst_then_no_more_then_again,
           a_cost_is_at_least_one, a_record_without_bucket_or_limit_gives_no_verdict,
           mends_a_tat_that_no_call_can_have_left,
           a_bucket_whose_state_is_elsewhere_decides_nothing,
           a_thread_whose_clock_reading_is_old_gives_nothing_back,
           threads_together_get_exactly_the_burst,
           threads_of_different_costs_never_get_more_than_the_burst,
           reasons_have_a_name_and_a_status, a_verdict_starts_as_a_refusal)
