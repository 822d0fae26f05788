/* Tokens that pass again by what was concluded of them: that they do, and what keeps them from it.
 */
#include "module/client/fast.h"

#include "tests/module/client/direct.h"
#include "tests/suite.h"

/* Decided, and concluded from: the next call passes without decide(). */
static struct record have_passed(stkgate *gate)
{
    struct record record = fake_view_record(CALL_TOKEN);

    record.created_at++; /* whatever was done to it: another slot */
    record.limit.burst = record.limit.burst == 60 ? 61 : 60;
    bucket = fake_view_put(&view, &record);
    atomic_store(&bucket->tat, 0);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(call_check(gate), 0);
    return record;
}

static void put_suspended(struct record *record)
{
    record->suspended = true;
    fake_view_put(&view, record);
}

static void put_revoked(struct record *record)
{
    record->revoked = true;
    fake_view_put(&view, record);
}

static void put_edited(struct record *record)
{
    record->scopes = 1;
    fake_view_put(&view, record);
}

static void remove_it(struct record *record)
{
    publisher_remove(&view.publisher, record->digest);
}

static void spend_all(struct record *record)
{
    direct_set(&bucket->tat, fake_view_clock_ns() + record->limit.burst * UINT64_C(1000000000));
}

static void leave_it(struct record *record)
{
}

START_TEST(a_token_that_passed_is_decided_by_what_it_is_now)
{
    static const struct {
        void (*change)(struct record *record);
        const char *site;
        uint64_t scopes, cost;
        uint32_t flags, reason;
    } rows[] = {
        {put_suspended, "kasa", 2, 1, 0, STKGATE_SUSPENDED_TOKEN},
        {put_edited, "kasa", 2, 1, 0, STKGATE_INSUFFICIENT_SCOPE},
        {remove_it, "kasa", 2, 1, 0, STKGATE_UNKNOWN_TOKEN},
        {spend_all, "kasa", 2, 1, 0, STKGATE_RATE_LIMITED},
        {leave_it, "kasb", 2, 1, 0, STKGATE_SITE_MISMATCH},
        {leave_it, "", 2, 1, 0, STKGATE_SITE_MISMATCH},
        {leave_it, "kasa", 16, 1, 0, STKGATE_INSUFFICIENT_SCOPE},
        {leave_it, "kasa", 2, 62, 0, STKGATE_COST_EXCEEDS_BURST},
        {leave_it, "kasa", 2, 1, STKGATE_PEEK, STKGATE_OK},
        {put_revoked, "kasa", 2, 1, 0, STKGATE_REVOKED_TOKEN},
    };
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record record = have_passed(gate);
        rows[i].change(&record);
        uint64_t tat = atomic_load(&bucket->tat);
        request.site = stkgate_text(rows[i].site);
        request.scopes = rows[i].scopes;
        request.cost = rows[i].cost;
        request.flags = rows[i].flags;
        ck_assert_int_eq(call_put(gate, &request, &verdict), 0);
        ck_assert_msg(verdict.reason == rows[i].reason, "%zu: %s", i,
                      stkgate_reason_string(verdict.reason));
        ck_assert_uint_eq(atomic_load(&bucket->tat), tat);
        publisher_remove(&view.publisher, record.digest);
    }
    direct_expect_asked(1, 1);
    direct_end(gate);
}
END_TEST

/* What the daemon never changes is not looked at again; by what would be a change there it shows
 * that calls do pass. */
START_TEST(a_token_that_passed_passes_by_what_was_concluded)
{
    stkgate *gate = direct_begin_attached(DIRECT_PATIENT_MS);
    struct stkgate_request request = call_request();
    struct stkgate_verdict decided, passed;

    have_passed(gate);
    _Atomic uint64_t *words = view.publisher.slots[bucket - view.shared].words;
    request.scopes = 2;
    request.flags = STKGATE_PEEK;
    ck_assert_int_eq(call_put(gate, &request, &decided), 0);
    direct_set(&words[VIEW_WORD_SCOPES], 0);
    request.flags = 0;
    ck_assert_int_eq(call_put(gate, &request, &passed), 0);
    ck_assert_uint_eq(passed.reason, STKGATE_OK);
    ck_assert_uint_eq(passed.remaining, decided.remaining);
    passed.remaining = passed.reset_ns = passed.next_ns = 0;
    decided.remaining = decided.reset_ns = decided.next_ns = 0;
    ck_assert_mem_eq(&passed, &decided, sizeof passed);
    direct_end(gate);
}
END_TEST

SUITE_MAIN("fast_pass", a_token_that_passed_is_decided_by_what_it_is_now,
           a_token_that_passed_passes_by_what_was_concluded)
