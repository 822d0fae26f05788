/* What a pass admits is what decide() allows: of which records there is one, and random calls by
 * both.
 */
#include "lib/core/pass.h"

#include "tests/suite.h"

#define SECOND_NS UINT64_C(1000000000)
#define MONO_NS   (UINT64_C(1) << 50)
#define WALL_S    INT64_C(1700000000)

static const struct record ordinary = {
    .kind = KIND_LIVE,
    .digest = {1, 2, 3},
    .scopes = 6,
    .limit = {60, 60 * SECOND_NS, 10},
    .key_id = {"key_0123456789abcdef", KEY_ID_LEN},
    .site = {"kasa", 4},
};

static struct query query_for(const struct record *record)
{
    struct query query = {.form = CREDENTIAL_TOKEN, .kind = KIND_LIVE, .site = record->site};
    memcpy(query.digest, ordinary.digest, DIGEST_BYTES);
    return query;
}

static bool has_pass(const struct policy *policy, const struct record *record)
{
    const struct query query = query_for(record);
    struct pass pass;

    memset(&pass, 0xaa, sizeof pass);
    pass_prepare(&pass, policy, &query, record);
    return pass.kind != KIND_NONE;
}

/* ---- of which records there is one -------------------------------------------------------------
 */

static void revoke(struct record *record)
{
    record->revoked = true;
}

static void suspend(struct record *record)
{
    record->suspended = true;
}

static void make_strict(struct record *record)
{
    record->strict = true;
}

static void let_expire(struct record *record)
{
    record->expires_at = WALL_S + 1000;
}

static void rotate(struct record *record)
{
    record->grace_until = WALL_S + 1000;
}

static void deprecate(struct record *record)
{
    record->deprecation_at = WALL_S - 1000;
}

static void let_sunset(struct record *record)
{
    record->sunset_at = WALL_S + 1000;
}

static void explain(struct record *record)
{
    record->link = TEXT("https://kasa.example/migrate");
}

static void bind_to_an_origin(struct record *record)
{
    static const uint8_t origins[] = "\x14https://shop.example";
    record->origins = (struct textlist){origins, sizeof origins - 1};
}

static void be_of_another_kind(struct record *record)
{
    record->kind = KIND_TEST;
}

static void be_another(struct record *record)
{
    record->digest[31] = 1;
}

static void have_no_limit(struct record *record)
{
    record->limit.window_ns = 0;
}

static void have_a_large_limit(struct record *record)
{
    record->limit = (struct rate_limit){UINT64_C(1) << 32, UINT64_C(1) << 62, 1};
}

static void have_a_large_burst(struct record *record)
{
    record->limit = (struct rate_limit){1000, 1000, UINT64_C(1) << 32};
}

static void have_a_long_site(struct record *record)
{
    record->site = TEXT("a-site-of-twenty-five-byte");
}

static void have_no_site(struct record *record)
{
    record->site = TEXT("");
}

static void have_a_short_key_id(struct record *record)
{
    record->key_id.len--;
}

START_TEST(is_not_had_by_what_anything_else_can_refuse)
{
    static const struct {
        const char *what;
        void (*change)(struct record *record);
    } rows[] = {
        {"revoked", revoke},
        {"suspended", suspend},
        {"strict", make_strict},
        {"expires", let_expire},
        {"rotated", rotate},
        {"deprecated", deprecate},
        {"a sunset", let_sunset},
        {"a link", explain},
        {"origins", bind_to_an_origin},
        {"another kind than the token says", be_of_another_kind},
        {"another's record", be_another},
        {"no limit", have_no_limit},
        {"more requests than there is room for", have_a_large_limit},
        {"a larger burst than there is room for", have_a_large_burst},
        {"a longer site than there is room for", have_a_long_site},
        {"no site", have_no_site},
        {"no key_id", have_a_short_key_id},
    };
    struct policy policy;

    policy_init(&policy);
    policy.accept |= ACCEPT(KIND_TEST);
    ck_assert(has_pass(&policy, &ordinary));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record record = ordinary;
        rows[i].change(&record);
        ck_assert_msg(!has_pass(&policy, &record), "%s", rows[i].what);
    }
}
END_TEST

START_TEST(is_not_had_under_a_policy_that_does_not_know_the_token)
{
    struct policy policy;
    size_t len = 0;

    policy_init(&policy);
    policy.accept = ACCEPT(KIND_TEST);
    ck_assert(!has_pass(&policy, &ordinary));
    policy.accept = ACCEPT(KIND_LIVE);
    ck_assert(has_pass(&policy, &ordinary));
    textlist_append(policy.sites, sizeof policy.sites, &len, TEXT("lumen"));
    policy.sites_len = (uint16_t)len;
    ck_assert(!has_pass(&policy, &ordinary));
    textlist_append(policy.sites, sizeof policy.sites, &len, TEXT("kasa"));
    policy.sites_len = (uint16_t)len;
    ck_assert(has_pass(&policy, &ordinary));
}
END_TEST

START_TEST(none_admits_nothing)
{
    const struct pass none = {.kind = KIND_NONE};
    const struct pass_query query = {.cost = 1};
    struct policy policy;
    struct rate_result result;
    _Atomic uint64_t tat = 0;

    policy_init(&policy);
    ck_assert(!pass_admits(&none, &policy, &query, &tat, MONO_NS, &result));
    ck_assert_uint_eq(tat, 0);
}
END_TEST

/* ---- random calls ------------------------------------------------------------------------------
 */

static uint64_t random_state = 20261201;

/* xorshift64* (Vigna 2016). */
static uint64_t random_below(uint64_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * UINT64_C(2685821657736338717) >> 11) % n;
}

static struct text random_site(void)
{
    static const char *const sites[] = {"kasa", "kasb", "kas", "", "kasa1", "Kasa"};
    return text_of(sites[random_below(4) > 0 ? 0 : random_below(6)]);
}

static uint64_t random_tat(uint64_t tau_ns)
{
    switch (random_below(6)) {
    case 0: return 0;
    case 1: return RATE_TAT_MAX + random_below(3); /* two of them are no state */
    case 2: return MONO_NS + tau_ns + random_below(4 * SECOND_NS);
    default: return MONO_NS - SECOND_NS + random_below(tau_ns + 2 * SECOND_NS);
    }
}

static void assert_same(const struct verdict *verdict, const struct pass *pass,
                        const struct rate_result *rate)
{
    ck_assert_int_eq(verdict->kind, (enum kind)pass->kind);
    ck_assert_uint_eq(verdict->scopes, pass->scopes);
    ck_assert_uint_eq(verdict->limit, pass->requests);
    ck_assert_uint_eq(verdict->window_ns, pass->window_ns);
    ck_assert_uint_eq(verdict->burst, pass->burst);
    ck_assert_uint_eq(verdict->remaining, rate->remaining);
    ck_assert_uint_eq(verdict->reset_ns, rate->full_in_ns);
    ck_assert_uint_eq(verdict->retry_ns, rate->retry_ns);
    ck_assert_uint_eq(verdict->next_ns, rate->next_in_ns);
    ck_assert_mem_eq(verdict->key_id, pass->key_id, KEY_ID_LEN);
    ck_assert(text_equal(text_of(verdict->site), (struct text){pass->site, pass->site_len}));
}

START_TEST(admits_what_decide_allows_and_spends_the_same)
{
    unsigned admitted = 0, refused = 0;

    for (unsigned round = 0; round < 200000; round++) {
        struct record record = ordinary;
        struct policy policy;
        struct pass pass;
        struct rate_result rate;
        struct verdict verdict;

        policy_init(&policy);
        policy.require_site = random_below(2) > 0;
        policy.scopes = random_below(8) == 0 ? 8 : random_below(4) & 2;
        policy.cost = random_below(3);
        record.limit.burst = 1 + random_below(20);
        struct query query = query_for(&record);
        query.site = random_site();
        query.scopes = random_below(3) > 0 ? 2 : random_below(16);
        query.cost = random_below(record.limit.burst + 2);
        query.peek = random_below(4) == 0;
        pass_prepare(&pass, &policy, &query, &record);
        ck_assert_int_eq(pass.kind, KIND_LIVE);

        const struct pass_query asked = {query.site, query.scopes, query.cost, query.peek};
        _Atomic uint64_t tat = random_tat(record.limit.burst * SECOND_NS), decided_tat = tat;
        uint64_t before = tat;
        bool admits = pass_admits(&pass, &policy, &asked, &tat, MONO_NS, &rate);
        decide(&policy, &query, &record, &decided_tat, (struct clock_reading){MONO_NS, WALL_S},
               &verdict);
        /* A call that names no site is decide()'s. */
        ck_assert_int_eq(admits, verdict.reason == REASON_OK && query.site.len > 0);
        if (admits)
            assert_same(&verdict, &pass, &rate);
        if (admits)
            ck_assert_uint_eq(tat, decided_tat);
        else
            ck_assert(tat == before || tat == decided_tat);
        admitted += admits;
        refused += !admits;
    }
    ck_assert_uint_gt(admitted, 20000);
    ck_assert_uint_gt(refused, 20000);
}
END_TEST

SUITE_MAIN("pass", is_not_had_by_what_anything_else_can_refuse,
           is_not_had_under_a_policy_that_does_not_know_the_token, none_admits_nothing,
           admits_what_decide_allows_and_spends_the_same)
