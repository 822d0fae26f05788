/* The view from daemon to daemon. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "tests/daemon/service_view_case.h"

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
    uint8_t digest[DIGEST_BYTES];

    digest_token(text_of(secret), digest);
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

SUITE_MAIN("service_handover", who_comes_next_goes_on_with_view_and_buckets,
           what_was_committed_and_not_published_is_published_by_the_next_one,
           a_legacy_key_that_was_removed_unheard_is_gone, a_view_of_another_table_is_taken_back,
           a_generation_is_of_its_content, after_a_commit_that_failed_nobody_goes_by_the_view)
