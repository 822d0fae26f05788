/* The service on a real table: what a check, a change and a restart do to each other. */
#include <errno.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static enum reason reason_of(struct fixture *fixture, const char *token, const char *site)
{
    return fixture_check(fixture, "default", token, site).reason;
}

START_TEST(a_minted_token_passes_and_tells_whose_it_is)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(minted.error, 0);
    ck_assert_uint_eq(minted.remaining, 60);

    struct verdict verdict = fixture_check(&fixture, "default", minted.secret, "kasa");
    ck_assert_int_eq(verdict.reason, REASON_OK);
    ck_assert_str_eq(verdict.key_id, minted.key_id);
    ck_assert_str_eq(verdict.site, "kasa");
    ck_assert_uint_eq(verdict.remaining, 59);
    fixture_close(&fixture);
}
END_TEST

START_TEST(refuses_what_is_no_token_of_the_table)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    ck_assert_int_eq(reason_of(&fixture, "", "kasa"), REASON_MISSING_TOKEN);
    ck_assert_int_eq(reason_of(&fixture, "stk_live_short", "kasa"), REASON_MALFORMED_TOKEN);
    ck_assert_int_eq(reason_of(&fixture, "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "kasa"),
                     REASON_UNKNOWN_TOKEN);
    ck_assert_uint_eq(service_reason_count(fixture.service, REASON_MALFORMED_TOKEN), 1);
    ck_assert_uint_eq(service_reason_count(fixture.service, REASON_OK), 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_revoked_token_is_refused_from_the_answer_on)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_OK);

    ck_assert_int_eq(fixture_revoke(&fixture, minted.key_id, minted.secret).error, -EINVAL);
    struct fixture_outcome revoked = fixture_revoke(&fixture, minted.key_id, "leaked");
    ck_assert_int_eq(revoked.error, 0);
    ck_assert_int_eq(revoked.state, RECORD_REVOKED);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(fixture_revoke(&fixture, minted.key_id, "").error, -EALREADY);
    ck_assert_int_eq(fixture_rotate(&fixture, minted.key_id, 0).error, -EPERM);
    ck_assert_int_eq(fixture_revoke(&fixture, "key_0123456789abcdef", "").error, -ENOENT);
    fixture_restart(&fixture);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_REVOKED_TOKEN);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_copy_of_a_record_is_trusted_while_nothing_changes_and_no_longer)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    struct fixture_outcome other = fixture_mint(&fixture, &mint);
    /* The second look at each is at its copy, and spends from the same bucket. */
    for (uint64_t left = 59; left >= 57; left--) {
        ck_assert_uint_eq(fixture_check(&fixture, "default", minted.secret, "kasa").remaining,
                          left);
        ck_assert_int_eq(reason_of(&fixture, other.secret, "kasa"), REASON_OK);
    }
    ck_assert_int_eq(fixture_revoke(&fixture, minted.key_id, "").error, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_REVOKED_TOKEN);
        ck_assert_int_eq(reason_of(&fixture, other.secret, "kasa"), REASON_OK);
    }
    struct fixture_outcome rotated = fixture_rotate(&fixture, other.key_id, 0);
    ck_assert_int_eq(rotated.error, 0);
    ck_assert_int_eq(reason_of(&fixture, other.secret, "kasa"), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(reason_of(&fixture, rotated.secret, "kasa"), REASON_OK);
    fixture_close(&fixture);
}
END_TEST

START_TEST(rotating_refills_nothing)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.limit.burst = 3;
    mint.limit.requests = 1;
    mint.limit.window_ns = UINT64_C(3600000000000);
    struct fixture_outcome old = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_OK);

    struct fixture_outcome new = fixture_rotate(&fixture, old.key_id, 0);
    ck_assert_int_eq(new.error, 0);
    ck_assert_uint_eq(new.remaining, 1);
    ck_assert_str_ne(new.secret, old.secret);
    ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_REVOKED_TOKEN);
    ck_assert_int_eq(reason_of(&fixture, new.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, new.secret, "kasa"), REASON_RATE_LIMITED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_grace_lets_the_old_value_live_on)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome old = fixture_mint(&fixture, &mint);
    struct fixture_outcome new = fixture_rotate(&fixture, old.key_id, 900);
    ck_assert_int_eq(new.error, 0);
    ck_assert_int_eq(reason_of(&fixture, old.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, new.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(fixture_rotate(&fixture, old.key_id, 0).error, -EINPROGRESS);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_restart_refills_nothing)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.limit = (struct rate_limit){1, UINT64_C(3600000000000), 2};
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_OK);
    fixture_restart(&fixture);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_RATE_LIMITED);
    fixture_close(&fixture);
}
END_TEST

static int keep_usage(const struct listing *listing, struct text position, void *userdata)
{
    *(struct usage *)userdata = listing->usage;
    return 0;
}

START_TEST(counts_uses_across_a_restart)
{
    struct fixture fixture;
    struct usage usage;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "kasa"), REASON_OK);
    ck_assert_int_eq(reason_of(&fixture, minted.secret, "other"), REASON_SITE_MISMATCH);
    fixture_restart(&fixture);
    ck_assert_int_eq(service_show(fixture.service, text_of(minted.key_id), keep_usage, &usage), 0);
    ck_assert_uint_eq(usage.allowed, 1);
    ck_assert_uint_eq(usage.refused, 1);
    ck_assert_int_ne(usage.last_used_at, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_peek_spends_and_counts_nothing)
{
    struct fixture fixture;
    struct usage usage;
    struct verdict verdict;
    fixture_open(&fixture, NULL);
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    const struct text_query query = {
        .token = text_of(minted.secret), .site = TEXT("kasa"), .peek = true};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(
            service_check_text(fixture.service,
                               config_service(service_config_of(fixture.service), TEXT("default")),
                               &query, &verdict),
            0);
        ck_assert_int_eq(verdict.reason, REASON_OK);
    }
    ck_assert_int_eq(service_show(fixture.service, text_of(minted.key_id), keep_usage, &usage), 0);
    ck_assert_uint_eq(usage.allowed, 0);
    ck_assert_uint_eq(usage.debt_ns, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_legacy_key_and_a_token_are_told_apart)
{
    struct fixture fixture;
    struct verdict verdict;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.kind = KIND_LEGACY;
    mint.legacy_key = TEXT("0123456789abcdef");
    mint.deprecation_at = 1700000000;
    struct fixture_outcome added = fixture_mint(&fixture, &mint);
    ck_assert_int_eq(added.error, 0);
    ck_assert_str_eq(added.secret, "");
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, -EEXIST);

    const struct text_query query = {.api_key = mint.legacy_key, .site = TEXT("kasa")};
    const struct service_config *as =
        config_service(service_config_of(fixture.service), TEXT("default"));
    ck_assert_int_eq(service_check_text(fixture.service, as, &query, &verdict), 0);
    ck_assert_int_eq(verdict.reason, REASON_OK);
    ck_assert_int_eq(verdict.kind, KIND_LEGACY);
    ck_assert_int_eq(verdict.deprecation_at, 1700000000);
    ck_assert_int_eq(fixture_rotate(&fixture, added.key_id, 0).error, -EOPNOTSUPP);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_service_that_needs_an_unregistered_scope_refuses_until_it_is_registered)
{
    struct fixture fixture;
    fixture_open(&fixture, (struct fixture_file[]){
                               {"services.d/orders.conf", "scope = orders:read\n"}, {NULL, NULL}});
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    uint64_t before = service_generation(fixture.service);
    ck_assert_int_eq(fixture_check(&fixture, "orders", minted.secret, "kasa").reason,
                     REASON_UNKNOWN_TOKEN);
    ck_assert_int_eq(fixture_scope_add(&fixture, "orders:read").error, 0);
    ck_assert_uint_ne(service_generation(fixture.service), before);
    ck_assert_int_eq(fixture_check(&fixture, "orders", minted.secret, "kasa").reason,
                     REASON_INSUFFICIENT_SCOPE);

    struct mint more = fixture_kasa();
    more.scopes |= scope_find(service_scopes(fixture.service), TEXT("orders:read"));
    struct fixture_outcome other = fixture_mint(&fixture, &more);
    ck_assert_int_eq(fixture_check(&fixture, "orders", other.secret, "kasa").reason, REASON_OK);
    ck_assert_int_eq(fixture_scope_add(&fixture, "orders:read").error, -EEXIST);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_service_decides_for_its_sites_and_kinds_alone)
{
    struct fixture fixture;
    fixture_open(&fixture,
                 (struct fixture_file[]){{"services.d/shop.conf", "sites = shop\naccept = live\n"},
                                         {"services.d/lab.conf", "accept = test\n"},
                                         {NULL, NULL}});
    const struct mint mint = fixture_kasa();
    struct fixture_outcome minted = fixture_mint(&fixture, &mint);
    struct verdict verdict = fixture_check(&fixture, "shop", minted.secret, "kasa");
    ck_assert_int_eq(verdict.reason, REASON_UNKNOWN_TOKEN);
    ck_assert_str_eq(verdict.key_id, "");
    ck_assert_str_eq(verdict.site, "");
    ck_assert_int_eq(fixture_check(&fixture, "lab", minted.secret, "kasa").reason,
                     REASON_UNKNOWN_TOKEN);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_mint_out_of_range_is_refused_before_it_is_queued)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    struct mint mint = fixture_kasa();
    mint.limit.requests = 0;
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, -EINVAL);
    mint = fixture_kasa();
    mint.site = TEXT("no spaces");
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, -EINVAL);
    mint = fixture_kasa();
    mint.name = TEXT("was stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17");
    ck_assert_int_eq(fixture_mint(&fixture, &mint).error, -EINVAL);
    ck_assert_uint_eq(service_pending(fixture.service), 0);
    fixture_close(&fixture);
}
END_TEST

SUITE_MAIN("service", a_minted_token_passes_and_tells_whose_it_is,
           refuses_what_is_no_token_of_the_table, a_revoked_token_is_refused_from_the_answer_on,
           a_copy_of_a_record_is_trusted_while_nothing_changes_and_no_longer,
           rotating_refills_nothing, a_grace_lets_the_old_value_live_on, a_restart_refills_nothing,
           counts_uses_across_a_restart, a_peek_spends_and_counts_nothing,
           a_legacy_key_and_a_token_are_told_apart,
           a_service_that_needs_an_unregistered_scope_refuses_until_it_is_registered,
           a_service_decides_for_its_sites_and_kinds_alone,
           a_mint_out_of_range_is_refused_before_it_is_queued)
