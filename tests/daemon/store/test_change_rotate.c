/* What can be done to a grace that is running; rotate itself stands in test_change.c */
#include <errno.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

#define GRACE_S 60

/* Number n, rotated into n + 1 with GRACE_S of grace. */
static void rotate(struct trial *t, unsigned n)
{
    struct change change;
    trial_mint(t, n);
    fixture_rotate(n, n + 1, GRACE_S, &change);
    fixture_must_apply(t->store, &change);
}

static void apply_at(struct trial *t, enum change_verb verb, unsigned n, int64_t at,
                     struct change_result *result)
{
    struct change change;
    fixture_order(verb, n, &change);
    change.at = at;
    ck_assert_int_eq(fixture_apply(t->store, &change, result), 0);
}

START_TEST(finish_revokes_the_old_one_now)
{
    struct trial t;
    struct change_result result;
    struct record record;
    trial_begin(&t);
    rotate(&t, 1);
    apply_at(&t, CHANGE_ROTATE_FINISH, 1, FIXTURE_NOW + 5, &result);
    ck_assert_int_eq(record_decode(result.record, result.record_len, &record), 0);
    trial_assert_text(record.key_id, "key_0000000000000001");
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1), successor = trial_find(&t, 2);
    ck_assert(old.revoked);
    ck_assert_int_eq(old.revoked_at, FIXTURE_NOW + 5);
    ck_assert_int_eq(old.grace_until, 0);
    trial_assert_text(old.reason, "rotated");
    trial_assert_text(old.rotated_to, "key_0000000000000002");
    ck_assert_int_eq(record_state_at(&successor, FIXTURE_NOW + 5), RECORD_ACTIVE);
    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_ROTATE_FINISH);
    trial_assert_text(entry.key_id, "key_0000000000000001");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(shorten_moves_the_end_nearer_and_never_further)
{
    struct trial t;
    struct change change;
    trial_begin(&t);
    rotate(&t, 1);
    fixture_order(CHANGE_ROTATE_SHORTEN, 1, &change);
    change.at = FIXTURE_NOW + 10;
    for (change.grace_s = GRACE_S - 10; change.grace_s < GRACE_S; change.grace_s++)
        trial_assert_refused(&t, &change, -ESRCH);
    change.grace_s = GRACE_S - 11;
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1);
    ck_assert_int_eq(old.grace_until, FIXTURE_NOW + GRACE_S - 1);
    ck_assert(!old.revoked);
    store_read_end(t.store);

    change.grace_s = UINT64_MAX;
    trial_assert_refused(&t, &change, -EINVAL);
    change.grace_s = 0; /* as finish: a flag, which no clock takes back */
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    old = trial_find(&t, 1);
    ck_assert(old.revoked);
    ck_assert_int_eq(trial_last_audit(&t).verb, CHANGE_ROTATE_SHORTEN);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(cancel_lets_the_old_one_go_on_and_revokes_its_successor)
{
    struct trial t;
    struct change_result result;
    struct record record;
    struct fixture_token second;
    trial_begin(&t);
    rotate(&t, 1);
    fixture_token(2, &second);
    apply_at(&t, CHANGE_ROTATE_CANCEL, 1, FIXTURE_NOW + 5, &result);
    ck_assert_int_eq(record_decode(result.record, result.record_len, &record), 0);
    trial_assert_text(record.key_id, "key_0000000000000001");
    ck_assert_mem_eq(result.previous_digest, second.record.digest, DIGEST_BYTES);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1), successor = trial_find(&t, 2);
    ck_assert_int_eq(old.grace_until, 0);
    ck_assert_uint_eq(old.rotated_to.len, 0);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + GRACE_S), RECORD_ACTIVE);
    ck_assert(successor.revoked);
    ck_assert_int_eq(successor.revoked_at, FIXTURE_NOW + 5);
    trial_assert_text(successor.reason, "rotation cancelled");
    trial_assert_text(successor.rotated_from, "key_0000000000000001");
    ck_assert_uint_eq(successor.seq, old.seq);
    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_ROTATE_CANCEL);
    trial_assert_text(entry.key_id, "key_0000000000000001");
    trial_assert_text(entry.related, "key_0000000000000002");
    store_read_end(t.store);

    struct change change; /* and can be rotated again */
    fixture_rotate(1, 9, 0, &change);
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

START_TEST(cancel_leaves_a_successor_that_was_revoked_as_it_is)
{
    struct trial t;
    struct change change;
    struct change_result result;
    trial_begin(&t);
    rotate(&t, 1);
    fixture_revoke(2, "leaked", &change);
    fixture_must_apply(t.store, &change);
    apply_at(&t, CHANGE_ROTATE_CANCEL, 1, FIXTURE_NOW + 5, &result);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record successor = trial_find(&t, 2);
    trial_assert_text(successor.reason, "leaked");
    ck_assert_int_eq(successor.revoked_at, FIXTURE_NOW);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(cancel_refuses_once_the_successor_has_one_itself)
{
    static const uint64_t graces_s[] = {0, 30};
    for (unsigned i = 0; i < 2; i++) {
        struct trial t;
        struct change change;
        struct change_result result;
        trial_begin(&t);
        rotate(&t, 1);
        fixture_rotate(2, 3, graces_s[i], &change);
        fixture_must_apply(t.store, &change);
        fixture_order(CHANGE_ROTATE_CANCEL, 1, &change);
        trial_assert_refused(&t, &change, -EINPROGRESS);
        if (graces_s[i] > 0) { /* from the end backwards it can be undone */
            apply_at(&t, CHANGE_ROTATE_CANCEL, 2, FIXTURE_NOW, &result);
            apply_at(&t, CHANGE_ROTATE_CANCEL, 1, FIXTURE_NOW, &result);
        }
        trial_end(&t);
    }
}
END_TEST

static const enum change_verb ends[] = {CHANGE_ROTATE_FINISH, CHANGE_ROTATE_CANCEL,
                                        CHANGE_ROTATE_SHORTEN};

static void assert_no_grace(struct trial *t, unsigned n, int64_t at, int error)
{
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct change change;
        fixture_order(ends[i], n, &change);
        change.at = at;
        trial_assert_refused(t, &change, error);
    }
}

START_TEST(refuses_where_no_grace_is_running)
{
    struct trial t;
    struct change change;
    struct change_result result;
    trial_begin(&t);
    assert_no_grace(&t, 1, FIXTURE_NOW, -ENOENT);
    trial_mint(&t, 1);
    assert_no_grace(&t, 1, FIXTURE_NOW, -ESRCH); /* never rotated */
    fixture_rotate(1, 2, 0, &change);
    fixture_must_apply(t.store, &change);
    assert_no_grace(&t, 1, FIXTURE_NOW, -ESRCH); /* without grace */
    assert_no_grace(&t, 2, FIXTURE_NOW, -ESRCH); /* the new one */
    rotate(&t, 3);
    assert_no_grace(&t, 3, FIXTURE_NOW + GRACE_S, -ESRCH); /* over */
    fixture_revoke(3, "", &change);
    fixture_must_apply(t.store, &change);
    assert_no_grace(&t, 3, FIXTURE_NOW, -ESRCH); /* revoked in it */
    rotate(&t, 5);
    apply_at(&t, CHANGE_ROTATE_CANCEL, 5, FIXTURE_NOW, &result);
    assert_no_grace(&t, 5, FIXTURE_NOW, -ESRCH); /* cancelled */
    rotate(&t, 7);
    apply_at(&t, CHANGE_ROTATE_FINISH, 7, FIXTURE_NOW, &result);
    assert_no_grace(&t, 7, FIXTURE_NOW, -ESRCH); /* finished */
    trial_end(&t);
}
END_TEST

SUITE_MAIN("change_rotate", finish_revokes_the_old_one_now,
           shorten_moves_the_end_nearer_and_never_further,
           cancel_lets_the_old_one_go_on_and_revokes_its_successor,
           cancel_leaves_a_successor_that_was_revoked_as_it_is,
           cancel_refuses_once_the_successor_has_one_itself, refuses_where_no_grace_is_running)
