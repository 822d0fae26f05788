/* suspend and resume; revoke stands in test_change.c */
#include <errno.h>
#include <stdio.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

static void suspend(unsigned n, const char *reason, struct change *ret)
{
    fixture_order(CHANGE_SUSPEND, n, ret);
    snprintf(ret->reason, sizeof ret->reason, "%s", reason);
}

START_TEST(suspends_with_a_reason_and_resumes_without)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    struct change_result result;
    suspend(1, "looks stolen", &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    struct record record;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &record), 0);
    ck_assert_int_eq(record_state_at(&record, FIXTURE_NOW), RECORD_SUSPENDED);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    record = trial_find(&t, 1);
    ck_assert(record.suspended && !record.revoked);
    ck_assert_uint_eq(record.seq, 2);
    trial_assert_text(record.reason, "looks stolen");
    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_SUSPEND);
    trial_assert_text(entry.key_id, "key_0000000000000001");
    trial_assert_text(entry.site, "kasa");
    trial_assert_text(entry.reason, "looks stolen");
    store_read_end(t.store);

    fixture_order(CHANGE_RESUME, 1, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    record = trial_find(&t, 1);
    ck_assert_int_eq(record_state_at(&record, FIXTURE_NOW), RECORD_ACTIVE);
    trial_assert_text(record.reason, "");
    entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_RESUME);
    trial_assert_text(entry.reason, "");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(refuses_what_is_so_already_and_what_is_final)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    for (unsigned n = 1; n <= 3; n++)
        trial_mint(&t, n);
    fixture_order(CHANGE_RESUME, 1, &change);
    trial_assert_refused(&t, &change, -EALREADY);
    suspend(1, "", &change);
    fixture_must_apply(t.store, &change);
    trial_assert_refused(&t, &change, -EALREADY);

    fixture_revoke(2, "", &change);
    fixture_must_apply(t.store, &change);
    fixture_rotate(3, 4, 60, &change);
    fixture_must_apply(t.store, &change);
    for (unsigned n = 2; n <= 3; n++) { /* by hand, and by a grace that is over */
        suspend(n, "", &change);
        change.at = FIXTURE_NOW + 60;
        trial_assert_refused(&t, &change, -EPERM);
        fixture_order(CHANGE_RESUME, n, &change);
        change.at = FIXTURE_NOW + 60;
        trial_assert_refused(&t, &change, -EPERM);
    }
    suspend(9, "", &change);
    trial_assert_refused(&t, &change, -ENOENT);
    fixture_order(CHANGE_RESUME, 9, &change);
    trial_assert_refused(&t, &change, -ENOENT);
    trial_end(&t);
}
END_TEST

START_TEST(a_suspension_in_a_grace_ends_neither_the_other)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    fixture_rotate(1, 2, 60, &change);
    fixture_must_apply(t.store, &change);
    suspend(1, "why not", &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1), successor = trial_find(&t, 2);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 59), RECORD_SUSPENDED);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 60), RECORD_REVOKED);
    ck_assert_int_eq(record_state_at(&successor, FIXTURE_NOW + 60), RECORD_ACTIVE);
    trial_assert_text(old.rotated_to, "key_0000000000000002");
    store_read_end(t.store);
    fixture_order(CHANGE_RESUME, 1, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    old = trial_find(&t, 1);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 59), RECORD_ACTIVE);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 60), RECORD_REVOKED);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(a_legacy_key_and_one_that_is_expired_can_be_suspended)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    fixture_legacy(1, &change); /* its sunset is at FIXTURE_NOW + 100 */
    fixture_must_apply(t.store, &change);
    suspend(1, "", &change);
    change.at = FIXTURE_NOW + 200;
    fixture_must_apply(t.store, &change);
    fixture_order(CHANGE_RESUME, 1, &change);
    change.at = FIXTURE_NOW + 200;
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

START_TEST(a_reason_that_holds_a_token_is_refused)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    suspend(1, "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17 was seen", &change);
    trial_assert_refused(&t, &change, -EINVAL);
    suspend(1, "a\nline", &change);
    trial_assert_refused(&t, &change, -EINVAL);
    trial_end(&t);
}
END_TEST

SUITE_MAIN("change_state", suspends_with_a_reason_and_resumes_without,
           refuses_what_is_so_already_and_what_is_final,
           a_suspension_in_a_grace_ends_neither_the_other,
           a_legacy_key_and_one_that_is_expired_can_be_suspended,
           a_reason_that_holds_a_token_is_refused)
