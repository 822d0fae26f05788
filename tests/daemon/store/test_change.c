#include "daemon/store/change.h"

#include <errno.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

START_TEST(mints_into_every_index_with_an_audit_entry)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    struct change_result result;
    fixture_mint(1, &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 1);

    struct fixture_token token;
    fixture_token(1, &token);
    struct record committed, found;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_int_eq(store_find_digest(t.store, token.record.digest, &found), 0);
    trial_assert_text(found.key_id, token.key_id);
    trial_assert_text(committed.key_id, token.key_id);
    ck_assert_uint_eq(found.seq, 1);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW);
    ck_assert_uint_eq(found.created_by, FIXTURE_UID);
    found = trial_find(&t, 1);
    trial_assert_text(found.name, "token 1");
    ck_assert_uint_eq(trial_listed(&t, TEXT("kasa")), 1);

    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_uint_eq(entry.seq, 1);
    ck_assert_int_eq(entry.verb, CHANGE_MINT);
    ck_assert_int_eq(entry.at, FIXTURE_NOW);
    ck_assert_uint_eq(entry.actor.uid, FIXTURE_UID);
    ck_assert_uint_eq(entry.actor.gid, 5678);
    ck_assert_int_eq(entry.actor.pid, 99);
    trial_assert_text(entry.key_id, token.key_id);
    trial_assert_text(entry.site, "kasa");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

/* ---- what is refused, and leaves no trace ---------------------------------------------------- */

START_TEST(refuses_a_key_id_that_is_there)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct fixture_token token;
    fixture_token(1, &token);
    token.record.digest[0] ^= 1;
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    trial_assert_refused(&t, &change, -EEXIST);
    trial_end(&t);
}
END_TEST

START_TEST(refuses_a_digest_that_is_there)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    memcpy(second.record.digest, first.record.digest, DIGEST_BYTES);
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&second.record, &change);
    trial_assert_refused(&t, &change, -EEXIST);
    trial_end(&t);
}
END_TEST

enum oddity {
    ODD_EMPTY,
    ODD_CUT,
    ODD_LEGACY,
    ODD_REVOKED,
    ODD_SUSPENDED,
    ODD_REVOKED_AT,
    ODD_GRACE,
    ODD_REASON,
    ODD_ROTATED_FROM,
    ODD_ROTATED_TO,
    ODD_SCOPE,
    ODD_TIME,
    ODD_COUNT,
};

static void make_odd(enum oddity oddity, struct change *ret)
{
    struct fixture_token token;
    fixture_token(7, &token);
    struct record *record = &token.record;
    fixture_change(CHANGE_MINT, ret);
    switch (oddity) {
    case ODD_LEGACY:
        record->kind = KIND_LEGACY;
        record->secret_prefix = (struct text){NULL, 0};
        break;
    case ODD_REVOKED: record->revoked = true; break;
    case ODD_SUSPENDED: record->suspended = true; break;
    case ODD_REVOKED_AT: record->revoked_at = 1; break;
    case ODD_GRACE: record->grace_until = 1; break;
    case ODD_REASON: record->reason = TEXT("why"); break;
    case ODD_ROTATED_FROM: record->rotated_from = TEXT("key_0000000000000009"); break;
    case ODD_ROTATED_TO: record->rotated_to = TEXT("key_0000000000000009"); break;
    case ODD_SCOPE: record->scopes = UINT64_C(1) << 4; break;
    case ODD_TIME: ret->at = -1; break;
    default: break;
    }
    fixture_put_record(record, ret);
    if (oddity == ODD_EMPTY)
        ret->record_len = 0;
    if (oddity == ODD_CUT)
        ret->record_len--;
}

START_TEST(refuses_to_mint_what_is_not_new)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    for (unsigned oddity = 0; oddity < ODD_COUNT; oddity++) {
        struct change change;
        make_odd((enum oddity)oddity, &change);
        trial_assert_refused(&t, &change, -EINVAL);
    }
    trial_end(&t);
}
END_TEST

START_TEST(refuses_an_unknown_verb)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    fixture_mint(1, &change);
    change.verb = (enum change_verb)99;
    trial_assert_refused(&t, &change, -EINVAL);
    trial_end(&t);
}
END_TEST

/* ---- rotate -----------------------------------------------------------------------------------
 */

START_TEST(rotates_without_grace_by_revoking_the_old_one)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    struct change_result result;
    fixture_rotate(1, 2, 0, &change);
    change.at += 10;
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 2);

    struct fixture_token first, second;
    fixture_token(1, &first);
    fixture_token(2, &second);
    ck_assert_mem_eq(result.previous_digest, first.record.digest, DIGEST_BYTES);
    struct record committed;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    trial_assert_text(committed.key_id, second.key_id);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1);
    ck_assert(old.revoked);
    ck_assert_int_eq(old.revoked_at, FIXTURE_NOW + 10);
    ck_assert_int_eq(old.grace_until, 0);
    trial_assert_text(old.reason, "rotated");
    trial_assert_text(old.rotated_to, second.key_id);
    ck_assert_uint_eq(old.seq, 2);

    struct record found;
    ck_assert_int_eq(store_find_digest(t.store, second.record.digest, &found), 0);
    trial_assert_text(found.rotated_from, first.key_id);
    trial_assert_text(found.rotated_to, "");
    trial_assert_text(found.reason, "");
    ck_assert(!found.revoked);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW + 10);
    ck_assert_uint_eq(trial_listed(&t, TEXT("kasa")), 2);

    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_ROTATE);
    trial_assert_text(entry.key_id, first.key_id);
    trial_assert_text(entry.related, second.key_id);
    trial_assert_text(entry.site, "kasa");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

/* A token in which each field that is inherited differs from fixture_token()'s. */
static void mint_peculiar(struct trial *t, unsigned n, uint8_t origins[static 64])
{
    struct fixture_token token;
    fixture_token(n, &token);
    size_t len = 0;
    ck_assert_int_eq(textlist_append(origins, 64, &len, TEXT("https://shop.example")), 0);
    token.record.site = TEXT("other.site");
    token.record.name = TEXT("peculiar");
    token.record.scopes = 5;
    token.record.origins = (struct textlist){origins, len};
    token.record.missing_origin_allowed = true;
    token.record.strict = true;
    token.record.limit = (struct rate_limit){7, UINT64_C(1000000000), 9};
    token.record.expires_at = FIXTURE_NOW + 1000;
    struct change change;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    fixture_must_apply(t->store, &change);
}

START_TEST(rotation_inherits_all_but_the_secret)
{
    struct trial t;
    trial_begin(&t);
    uint8_t origins[64];
    mint_peculiar(&t, 1, origins);
    struct change change;
    fixture_rotate(1, 2, 0, &change); /* its record says "kasa", scope 15, ... */
    change.actor.uid = 7;
    fixture_must_apply(t.store, &change);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found = trial_find(&t, 2);
    trial_assert_text(found.site, "other.site");
    trial_assert_text(found.name, "peculiar");
    trial_assert_text(found.secret_prefix, "stk_live_0002");
    ck_assert_uint_eq(found.scopes, 5);
    ck_assert(textlist_contains(found.origins, TEXT("https://shop.example")));
    ck_assert(found.missing_origin_allowed);
    ck_assert(found.strict);
    ck_assert_uint_eq(found.limit.requests, 7);
    ck_assert_uint_eq(found.limit.window_ns, UINT64_C(1000000000));
    ck_assert_uint_eq(found.limit.burst, 9);
    ck_assert_int_eq(found.expires_at, FIXTURE_NOW + 1000);
    ck_assert_uint_eq(found.created_by, 7);
    ck_assert_uint_eq(trial_listed(&t, TEXT("other.site")), 2);
    ck_assert_uint_eq(trial_listed(&t, TEXT("kasa")), 0);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(rotates_with_grace_and_lets_the_old_one_be_revoked_in_it)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    fixture_rotate(1, 2, 900, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record old = trial_find(&t, 1);
    ck_assert(!old.revoked);
    ck_assert_int_eq(old.grace_until, FIXTURE_NOW + 900);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 899), RECORD_ACTIVE);
    ck_assert_int_eq(record_state_at(&old, FIXTURE_NOW + 901), RECORD_REVOKED);
    store_read_end(t.store);

    fixture_rotate(1, 3, 900, &change);
    change.at += 5;
    trial_assert_refused(&t, &change, -EINPROGRESS);
    change.at = FIXTURE_NOW + 901;
    trial_assert_refused(&t, &change, -EPERM);

    fixture_revoke(1, "stolen", &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    old = trial_find(&t, 1);
    ck_assert(old.revoked);
    trial_assert_text(old.reason, "stolen");
    ck_assert(!trial_find(&t, 2).revoked);
    store_read_end(t.store);

    fixture_rotate(2, 3, 0, &change); /* the successor can be rotated in its turn */
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

START_TEST(refuses_to_rotate_a_revoked_or_expired_one)
{
    struct trial t;
    trial_begin(&t);
    uint8_t origins[64];
    mint_peculiar(&t, 1, origins);
    struct change change;
    fixture_rotate(1, 2, 0, &change);
    change.at = FIXTURE_NOW + 1000; /* expires_at */
    trial_assert_refused(&t, &change, -EPERM);

    fixture_revoke(1, "", &change);
    fixture_must_apply(t.store, &change);
    fixture_rotate(1, 2, 0, &change);
    trial_assert_refused(&t, &change, -EPERM);
    trial_end(&t);
}
END_TEST

START_TEST(refuses_rotations_that_make_no_sense)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    fixture_rotate(9, 2, 0, &change);
    trial_assert_refused(&t, &change, -ENOENT);
    fixture_rotate(1, 1, 0, &change); /* into itself */
    trial_assert_refused(&t, &change, -EEXIST);
    fixture_rotate(1, 2, UINT64_MAX, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_rotate(1, 2, INT64_MAX, &change);
    trial_assert_refused(&t, &change, -EINVAL);
    fixture_rotate(1, 2, 0, &change);
    change.record_len = 0;
    trial_assert_refused(&t, &change, -EINVAL);

    struct fixture_token token; /* a test token can't follow a live one */
    fixture_token(2, &token);
    token.record.kind = KIND_TEST;
    token.record.secret_prefix = TEXT("stk_test_0000");
    fixture_rotate(1, 2, 0, &change);
    fixture_put_record(&token.record, &change);
    trial_assert_refused(&t, &change, -EINVAL);

    memset(change.key_id, 'x', KEY_ID_LEN);
    trial_assert_refused(&t, &change, -ENOENT);
    trial_end(&t);
}
END_TEST

START_TEST(rotation_does_not_lift_a_suspension)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record record = trial_find(&t, 1);
    record.suspended = true;
    record.reason = TEXT("under review");
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    ck_assert_int_eq(record_encode(&record, bytes, &len), 0);
    store_read_end(t.store);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t.store, txn, TABLE_TOKEN,
                                tables_val("key_0000000000000001", KEY_ID_LEN),
                                tables_val(bytes, len), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);

    struct change change;
    fixture_rotate(1, 2, 0, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    record = trial_find(&t, 2);
    ck_assert(record.suspended);
    trial_assert_text(record.reason, "under review");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

/* ---- revoke -----------------------------------------------------------------------------------
 */

START_TEST(revokes_once_and_keeps_the_record)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    struct change change;
    struct change_result result;
    fixture_revoke(1, "laptop lost", &change);
    change.at += 3;
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
    struct record committed;
    ck_assert_int_eq(record_decode(result.record, result.record_len, &committed), 0);
    ck_assert(committed.revoked);

    struct fixture_token token;
    fixture_token(1, &token);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found;
    ck_assert_int_eq(store_find_digest(t.store, token.record.digest, &found), 0);
    ck_assert(found.revoked);
    ck_assert_int_eq(found.revoked_at, FIXTURE_NOW + 3);
    ck_assert_int_eq(found.created_at, FIXTURE_NOW);
    trial_assert_text(found.reason, "laptop lost");
    ck_assert_uint_eq(trial_listed(&t, TEXT("kasa")), 1);
    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_REVOKE);
    trial_assert_text(entry.reason, "laptop lost");
    store_read_end(t.store);

    trial_assert_refused(&t, &change, -EALREADY);
    fixture_revoke(2, "", &change);
    trial_assert_refused(&t, &change, -ENOENT);
    trial_mint(&t, 2);
    fixture_revoke(2, "line\nbreak", &change);
    trial_assert_refused(&t, &change, -EINVAL);
    trial_end(&t);
}
END_TEST

/* ---- legacy -----------------------------------------------------------------------------------
 */

START_TEST(legacy_keys_are_added_once_revoked_but_not_rotated)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    fixture_legacy(1, &change);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record found = trial_find(&t, 1);
    ck_assert_int_eq(found.kind, KIND_LEGACY);
    ck_assert_int_eq(found.sunset_at, FIXTURE_NOW + 100);
    trial_assert_text(found.link, "https://docs.example/move");
    ck_assert_int_eq(trial_last_audit(&t).verb, CHANGE_LEGACY_ADD);
    store_read_end(t.store);

    trial_assert_refused(&t, &change, -EEXIST);
    fixture_rotate(1, 2, 0, &change);
    trial_assert_refused(&t, &change, -EOPNOTSUPP);
    fixture_mint(3, &change);
    change.verb = CHANGE_LEGACY_ADD; /* of a token */
    trial_assert_refused(&t, &change, -EINVAL);

    fixture_revoke(1, "", &change);
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

START_TEST(verbs_have_names)
{
    ck_assert_str_eq(change_verb_name(CHANGE_MINT), "mint");
    ck_assert_str_eq(change_verb_name(CHANGE_ROTATE), "rotate");
    ck_assert_str_eq(change_verb_name(CHANGE_REVOKE), "revoke");
    ck_assert_str_eq(change_verb_name(CHANGE_LEGACY_ADD), "legacy-add");
    ck_assert_str_eq(change_verb_name(CHANGE_SCOPE_ADD), "scope-add");
    ck_assert_str_eq(change_verb_name((enum change_verb)0), "unknown");
}
END_TEST

SUITE_MAIN("change", mints_into_every_index_with_an_audit_entry, refuses_a_key_id_that_is_there,
           refuses_a_digest_that_is_there, refuses_to_mint_what_is_not_new, refuses_an_unknown_verb,
           rotates_without_grace_by_revoking_the_old_one, rotation_inherits_all_but_the_secret,
           rotates_with_grace_and_lets_the_old_one_be_revoked_in_it,
           refuses_to_rotate_a_revoked_or_expired_one, refuses_rotations_that_make_no_sense,
           rotation_does_not_lift_a_suspension, revokes_once_and_keeps_the_record,
           legacy_keys_are_added_once_revoked_but_not_rotated, verbs_have_names)
