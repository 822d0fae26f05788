/* legacy-remove; mint, legacy-add and scope-add stand in test_change.c and test_change_limits.c */
#include <errno.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

static uint64_t entries_of(struct trial *t, enum table table)
{
    MDB_stat stat;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(mdb_stat(t->store->read, t->store->dbi[table], &stat), 0);
    store_read_end(t->store);
    return stat.ms_entries;
}

static void put_usage(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    fixture_key_id(n, key_id);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t->store, txn, TABLE_USAGE, tables_val(key_id, KEY_ID_LEN),
                                tables_val("counts", 6), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

START_TEST(a_removed_legacy_key_leaves_its_audit_entries_alone)
{
    for (unsigned used = 0; used < 2; used++) {
        struct trial t;
        struct change change;
        struct change_result result;
        struct record record;
        trial_begin(&t);
        trial_mint(&t, 1);
        fixture_legacy(2, &change);
        fixture_must_apply(t.store, &change);
        put_usage(&t, 1);
        if (used)
            put_usage(&t, 2);
        fixture_order(CHANGE_LEGACY_REMOVE, 2, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
        ck_assert_int_eq(record_decode(result.record, result.record_len, &record), 0);
        trial_assert_text(record.key_id, "key_0000000000000002");
        ck_assert_uint_eq(entries_of(&t, TABLE_TOKEN), 1);
        ck_assert_uint_eq(entries_of(&t, TABLE_DIGEST), 1);
        ck_assert_uint_eq(entries_of(&t, TABLE_SITE), 1);
        ck_assert_uint_eq(entries_of(&t, TABLE_USAGE), 1);
        ck_assert_uint_eq(entries_of(&t, TABLE_AUDIT), 3);
        ck_assert_int_eq(store_read_begin(t.store), 0);
        struct audit_entry entry = trial_last_audit(&t);
        ck_assert_int_eq(entry.verb, CHANGE_LEGACY_REMOVE);
        trial_assert_text(entry.key_id, "key_0000000000000002");
        trial_assert_text(entry.site, "kasa");
        store_read_end(t.store);
        trial_assert_refused(&t, &change, -ENOENT);
        trial_end(&t);
    }
}
END_TEST

/* The same digest under another key_id, as a file of keys that is imported again has it. */
START_TEST(the_same_value_can_be_added_again)
{
    struct trial t;
    struct change change;
    struct fixture_token again, first;
    trial_begin(&t);
    fixture_legacy(1, &change);
    fixture_must_apply(t.store, &change);
    fixture_token(1, &first);
    fixture_token(2, &again);
    memcpy(again.record.digest, first.record.digest, DIGEST_BYTES);
    again.record.kind = KIND_LEGACY;
    again.record.secret_prefix = TEXT("");
    fixture_change(CHANGE_LEGACY_ADD, &change);
    fixture_put_record(&again.record, &change);
    trial_assert_refused(&t, &change, -EEXIST);
    struct change removal;
    fixture_order(CHANGE_LEGACY_REMOVE, 1, &removal);
    fixture_must_apply(t.store, &removal);
    fixture_must_apply(t.store, &change);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct record record;
    ck_assert_int_eq(store_find_digest(t.store, first.record.digest, &record), 0);
    trial_assert_text(record.key_id, "key_0000000000000002");
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(a_token_and_what_is_not_there_can_t_be_removed)
{
    struct trial t;
    struct change change;
    trial_begin(&t);
    trial_mint(&t, 1);
    fixture_order(CHANGE_LEGACY_REMOVE, 1, &change);
    trial_assert_refused(&t, &change, -EOPNOTSUPP);
    fixture_order(CHANGE_LEGACY_REMOVE, 2, &change);
    trial_assert_refused(&t, &change, -ENOENT);
    trial_end(&t);
}
END_TEST

START_TEST(an_index_that_lacks_a_row_is_damage_and_nothing_is_removed)
{
    struct trial t;
    struct change change;
    struct fixture_token token;
    MDB_txn *txn;
    trial_begin(&t);
    fixture_legacy(1, &change);
    fixture_must_apply(t.store, &change);
    fixture_token(1, &token);
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(
        tables_delete(t.store, txn, TABLE_DIGEST, tables_val(token.record.digest, DIGEST_BYTES)),
        0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    fixture_order(CHANGE_LEGACY_REMOVE, 1, &change);
    trial_assert_refused(&t, &change, -EBADMSG);
    ck_assert_uint_eq(entries_of(&t, TABLE_TOKEN), 1);
    trial_end(&t);
}
END_TEST

SUITE_MAIN("change_new", a_removed_legacy_key_leaves_its_audit_entries_alone,
           the_same_value_can_be_added_again, a_token_and_what_is_not_there_can_t_be_removed,
           an_index_that_lacks_a_row_is_damage_and_nothing_is_removed)
