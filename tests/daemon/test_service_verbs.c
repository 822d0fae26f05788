/* What the admin's verbs do to checks: at once, to buckets, and across a restart. */
#include <errno.h>
#include <poll.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

#define HOUR_NS UINT64_C(3600000000000)

static enum reason reason_of(struct fixture *fixture, const char *token)
{
    return fixture_check(fixture, "default", token, "kasa").reason;
}

/* So slow that nothing flows back in while a test runs. */
static struct mint slow(uint64_t burst)
{
    struct mint mint = fixture_kasa();

    mint.limit = (struct rate_limit){1, HOUR_NS, burst};
    return mint;
}

static void spend(struct fixture *fixture, const char *token, unsigned units)
{
    for (unsigned i = 0; i < units; i++)
        ck_assert_int_eq(reason_of(fixture, token), REASON_OK);
}

static int keep_remaining(const struct listing *listing, struct text position, void *userdata)
{
    *(uint64_t *)userdata = listing->remaining;
    return 0;
}

static uint64_t remaining_of(struct fixture *fixture, const char *key_id)
{
    uint64_t remaining = UINT64_MAX;

    ck_assert_int_eq(service_show(fixture->service, text_of(key_id), keep_remaining, &remaining),
                     0);
    return remaining;
}

/* ---- suspend, resume --------------------------------------------------------------------------
 */

START_TEST(a_suspended_token_is_refused_from_the_answer_on_until_it_is_resumed)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    spend(&fixture, minted.secret, 2); /* the second from the copy of its record */
    ck_assert_int_eq(fixture_suspend(&fixture, minted.key_id, minted.secret).error, -EINVAL);
    struct fixture_outcome outcome = fixture_suspend(&fixture, minted.key_id, "odd traffic");
    ck_assert_int_eq(outcome.error, 0);
    ck_assert_int_eq(outcome.state, RECORD_SUSPENDED);
    ck_assert_int_eq(reason_of(&fixture, minted.secret), REASON_SUSPENDED_TOKEN);
    ck_assert_int_eq(fixture_suspend(&fixture, minted.key_id, "").error, -EALREADY);
    fixture_restart(&fixture);
    ck_assert_int_eq(reason_of(&fixture, minted.secret), REASON_SUSPENDED_TOKEN);
    outcome = fixture_resume(&fixture, minted.key_id);
    ck_assert_int_eq(outcome.error, 0);
    ck_assert_int_eq(outcome.state, RECORD_ACTIVE);
    spend(&fixture, minted.secret, 1);
    ck_assert_int_eq(fixture_resume(&fixture, minted.key_id).error, -EALREADY);
    ck_assert_int_eq(fixture_resume(&fixture, "nonsense").error, -ENOENT);
    fixture_close(&fixture);
}
END_TEST

/* ---- edit -------------------------------------------------------------------------------------
 */

START_TEST(an_edit_is_in_force_from_the_answer_on)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    spend(&fixture, minted.secret, 2);
    struct edit edit = {.fields = EDIT_EXPIRES, .expires_at = 1};
    ck_assert_int_eq(fixture_edit(&fixture, minted.key_id, &edit).error, 0);
    ck_assert_int_eq(reason_of(&fixture, minted.secret), REASON_EXPIRED_TOKEN);
    edit.expires_at = 0;
    ck_assert_int_eq(fixture_edit(&fixture, minted.key_id, &edit).error, 0);
    spend(&fixture, minted.secret, 1);
    fixture_close(&fixture);
}
END_TEST

START_TEST(an_edit_that_makes_no_sense_is_refused_before_it_is_queued)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    const struct {
        struct edit edit;
        int expected;
    } rows[] = {
        {{.fields = 0}, -EINVAL},
        {{.fields = EDIT_ALL + 1}, -EINVAL},
        {{.fields = EDIT_NAME}, -EINVAL},
        {{.fields = EDIT_NAME, .name = text_of(minted.secret)}, -EINVAL},
        {{.fields = EDIT_REQUESTS}, -EINVAL},
        {{.fields = EDIT_WINDOW, .limit = {.window_ns = UINT64_MAX}}, -EINVAL},
        {{.fields = EDIT_EXPIRES, .expires_at = -1}, -EINVAL},
        {{.fields = EDIT_SUNSET, .sunset_at = 1}, -EOPNOTSUPP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(fixture_edit(&fixture, minted.key_id, &rows[i].edit).error,
                         rows[i].expected);
    ck_assert_uint_eq(service_pending(fixture.service), 0);
    const struct edit edit = {.fields = EDIT_NAME, .name = TEXT("new")};
    ck_assert_int_eq(fixture_edit(&fixture, "key_0123456789abcdef", &edit).error, -ENOENT);
    ck_assert_int_eq(fixture_edit(&fixture, "nonsense", &edit).error, -ENOENT);
    fixture_close(&fixture);
}
END_TEST

struct pair {
    unsigned done;
    struct rate_limit limit;
    char name[NAME_MAX_LEN + 1];
};

static void on_one(const struct outcome *outcome, void *userdata)
{
    struct pair *pair = userdata;

    ck_assert_int_eq(outcome->error, 0);
    pair->done++;
    pair->limit = outcome->listing->record.limit;
    text_copy(outcome->listing->record.name, pair->name, sizeof pair->name);
}

START_TEST(two_edits_queued_at_once_both_take_effect)
{
    struct fixture fixture;
    struct pair pair = {.done = 0};
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    const struct edit name = {.fields = EDIT_NAME, .name = TEXT("renamed")};
    const struct edit requests = {.fields = EDIT_REQUESTS, .limit = {.requests = 5}};
    struct text key_id = text_of(minted.key_id);
    struct actor actor = {.uid = 1};
    ck_assert_int_eq(service_edit(fixture.service, key_id, &name, actor, on_one, &pair), 0);
    ck_assert_int_eq(service_edit(fixture.service, key_id, &requests, actor, on_one, &pair), 0);
    while (pair.done < 2) {
        struct pollfd pollfd = {.fd = committer_fd(fixture.committer), .events = POLLIN};
        ck_assert_int_gt(poll(&pollfd, 1, 30000), 0);
        committer_collect(fixture.committer);
    }
    ck_assert_str_eq(pair.name, "renamed");
    ck_assert_uint_eq(pair.limit.requests, 5);
    ck_assert_uint_eq(pair.limit.burst, 5);
    fixture_close(&fixture);
}
END_TEST

/* ---- a bucket under another limit -------------------------------------------------------------
 */

static const struct {
    unsigned spent;
    struct rate_limit to;
    uint64_t remaining;
} limits[] = {
    {30, {10, HOUR_NS, 10}, 10},     /* fewer fit in than there are */
    {55, {10, HOUR_NS, 10}, 5},      /* the same units */
    {60, {10, HOUR_NS, 10}, 0},      /* an edit refills nothing */
    {30, {1, HOUR_NS, 120}, 30},     /* nor does a larger burst */
    {30, {1, 10 * HOUR_NS, 60}, 30}, /* nor another window, either way */
    {30, {1, HOUR_NS / 2, 60}, 30},  /* */
    {0, {1, HOUR_NS, 120}, 120},     /* full stays full */
};

static struct edit edit_of(const struct rate_limit *limit)
{
    return (struct edit){.fields = EDIT_LIMIT, .limit = *limit};
}

START_TEST(a_bucket_keeps_its_units_when_its_limit_is_edited)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct mint mint = slow(60);
        struct fixture_outcome minted = fixture_mint(&fixture, &mint);
        spend(&fixture, minted.secret, limits[i].spent);
        const struct edit edit = edit_of(&limits[i].to);
        struct fixture_outcome edited = fixture_edit(&fixture, minted.key_id, &edit);
        ck_assert_int_eq(edited.error, 0);
        ck_assert_uint_eq(edited.remaining, limits[i].remaining);
        struct verdict verdict = fixture_check(&fixture, "default", minted.secret, "kasa");
        if (limits[i].remaining == 0) {
            ck_assert_int_eq(verdict.reason, REASON_RATE_LIMITED);
        } else {
            ck_assert_int_eq(verdict.reason, REASON_OK);
            ck_assert_uint_eq(verdict.remaining, limits[i].remaining - 1);
        }
    }
    fixture_close(&fixture);
}
END_TEST

/* The debt is in the usage table alone, under the old limit, when the edit comes. */
START_TEST(a_saved_debt_is_converted_too)
{
    struct fixture fixture;
    struct fixture_outcome minted[sizeof limits / sizeof limits[0]];
    fixture_open(&fixture, NULL);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct mint mint = slow(60);
        minted[i] = fixture_mint(&fixture, &mint);
        spend(&fixture, minted[i].secret, limits[i].spent);
    }
    fixture_restart(&fixture);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct edit edit = edit_of(&limits[i].to);
        struct fixture_outcome edited = fixture_edit(&fixture, minted[i].key_id, &edit);
        ck_assert_int_eq(edited.error, 0);
        ck_assert_uint_eq(edited.remaining, limits[i].remaining);
    }
    fixture_restart(&fixture); /* before any check under the new limit */
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        ck_assert_uint_eq(remaining_of(&fixture, minted[i].key_id), limits[i].remaining);
        spend(&fixture, minted[i].secret, limits[i].remaining > 0);
        fixture_restart(&fixture);
        ck_assert_uint_eq(remaining_of(&fixture, minted[i].key_id),
                          limits[i].remaining - (limits[i].remaining > 0));
    }
    fixture_close(&fixture);
}
END_TEST

/* ---- removal ----------------------------------------------------------------------------------
 */

static int keep_usage(const struct listing *listing, struct text position, void *userdata)
{
    *(struct usage *)userdata = listing->usage;
    return 0;
}

static uint64_t allowed_of(struct fixture *fixture, const char *key_id)
{
    struct usage usage = {.allowed = UINT64_MAX};

    ck_assert_int_eq(service_show(fixture->service, text_of(key_id), keep_usage, &usage), 0);
    return usage.allowed;
}

START_TEST(a_legacy_key_that_is_added_again_starts_anew_and_is_saved_under_its_own_key_id)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = slow(3);
    mint.kind = KIND_LEGACY;
    mint.legacy_key = TEXT("0123456789abcdef");
    struct fixture_outcome first = fixture_mint(&fixture, &mint);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fixture_legacy_reason(&fixture, "0123456789abcdef"), REASON_OK);
    ck_assert_int_eq(fixture_legacy_remove(&fixture, first.key_id).error, 0);
    ck_assert_int_eq(fixture_legacy_reason(&fixture, "0123456789abcdef"), REASON_UNKNOWN_TOKEN);
    ck_assert_int_eq(fixture_legacy_remove(&fixture, first.key_id).error, -ENOENT);

    struct fixture_outcome second = fixture_mint(&fixture, &mint);
    ck_assert_uint_eq(second.remaining, 3);
    ck_assert_uint_eq(allowed_of(&fixture, second.key_id), 0);
    ck_assert_int_eq(fixture_legacy_reason(&fixture, "0123456789abcdef"), REASON_OK);
    fixture_restart(&fixture);
    ck_assert_uint_eq(allowed_of(&fixture, second.key_id), 1);
    ck_assert_uint_eq(remaining_of(&fixture, second.key_id), 2);
    fixture_close(&fixture);
}
END_TEST

/* ---- a rotation that is taken back ------------------------------------------------------------
 */

START_TEST(cancelling_a_rotation_refills_nothing)
{
    static const struct {
        unsigned before, old, new;
        uint64_t remaining;
    } rows[] = {{1, 2, 4, 5}, {1, 5, 2, 4}, {0, 0, 10, 0}, {3, 0, 0, 7}};
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mint mint = slow(10);
        struct fixture_outcome old = fixture_mint(&fixture, &mint);
        spend(&fixture, old.secret, rows[i].before);
        struct fixture_outcome new = fixture_rotate(&fixture, old.key_id, 900);
        spend(&fixture, old.secret, rows[i].old);
        spend(&fixture, new.secret, rows[i].new);
        fixture_restart(&fixture);
        struct fixture_outcome cancelled = fixture_rotate_cancel(&fixture, old.key_id);
        ck_assert_int_eq(cancelled.error, 0);
        ck_assert_uint_eq(cancelled.remaining, rows[i].remaining);
        ck_assert_int_eq(reason_of(&fixture, new.secret), REASON_REVOKED_TOKEN);
    }
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service_verbs", a_suspended_token_is_refused_from_the_answer_on_until_it_is_resumed,
           an_edit_is_in_force_from_the_answer_on,
           an_edit_that_makes_no_sense_is_refused_before_it_is_queued,
           two_edits_queued_at_once_both_take_effect,
           a_bucket_keeps_its_units_when_its_limit_is_edited, a_saved_debt_is_converted_too,
           a_legacy_key_that_is_added_again_starts_anew_and_is_saved_under_its_own_key_id,
           cancelling_a_rotation_refills_nothing)
