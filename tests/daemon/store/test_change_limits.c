/* Where changes meet limits: of scopes, of room, of what is damaged, of a batch */
#include "daemon/store/change.h"

#include <errno.h>
#include <stdio.h>

#include "tests/daemon/store/trial.h"
#include "tests/suite.h"

/* ---- scopes -----------------------------------------------------------------------------------
 */

static void scope_add(const char *name, struct change *ret)
{
    fixture_change(CHANGE_SCOPE_ADD, ret);
    snprintf(ret->scope, sizeof ret->scope, "%s", name);
}

START_TEST(scopes_are_added_until_there_are_64_and_can_then_be_minted)
{
    struct trial t;
    trial_begin(&t);
    struct change change;
    scope_add("catalog:read", &change);
    trial_assert_refused(&t, &change, -EEXIST);
    scope_add("Bad Name", &change);
    trial_assert_refused(&t, &change, -EINVAL);
    for (unsigned i = SCOPES_BUILTIN; i < SCOPES_MAX; i++) {
        char name[SCOPE_NAME_MAX + 1];
        snprintf(name, sizeof name, "extra:%u", i);
        scope_add(name, &change);
        fixture_must_apply(t.store, &change);
    }
    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct audit_entry entry = trial_last_audit(&t);
    ck_assert_int_eq(entry.verb, CHANGE_SCOPE_ADD);
    trial_assert_text(entry.related, "extra:63");
    trial_assert_text(entry.key_id, "");
    struct scope_registry registry;
    ck_assert_int_eq(store_scopes(t.store, &registry), 0);
    ck_assert_uint_eq(scope_find(&registry, TEXT("extra:63")), UINT64_C(1) << 63);
    store_read_end(t.store);
    scope_add("one.too.many", &change);
    trial_assert_refused(&t, &change, -ENOSPC);

    struct fixture_token token;
    fixture_token(1, &token);
    token.record.scopes = UINT64_MAX;
    fixture_change(CHANGE_MINT, &change);
    fixture_put_record(&token.record, &change);
    fixture_must_apply(t.store, &change);
    trial_end(&t);
}
END_TEST

/* ---- a full table -----------------------------------------------------------------------------
 */

static struct store *open_small(const char *dir)
{
    struct store_options options = {.dir = dir, .map_size_bytes = 2 << 20, .create = true};
    struct store *store;
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(store_open(&options, &store, message), 0);
    return store;
}

/* Rows that no change has written, of so many bytes. */
static void fill(struct trial *t, size_t bytes)
{
    MDB_txn *txn;
    char *filling = calloc(1, bytes);
    ck_assert_ptr_nonnull(filling);
    ck_assert_int_eq(mdb_txn_begin(t->store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t->store, txn, TABLE_USAGE, tables_val("filling", 7),
                                tables_val(filling, bytes), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    free(filling);
}

START_TEST(a_full_table_refuses_mints_and_edits_and_goes_on_suspending_and_revoking)
{
    struct trial t;
    fixture_make_dir(t.dir);
    t.store = open_small(t.dir);
    fill(&t, (2 << 20) * 3 / 4);
    MDB_txn *txn; /* one for all: this is about room, not about fsync */
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    struct change change;
    struct change_result result;
    unsigned minted = 0;
    int r;
    do {
        fixture_mint(minted + 1, &change);
        r = change_apply(t.store, txn, &change, &result);
    } while (r == 0 && ++minted < 1000);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    ck_assert_int_eq(r, -ENOSPC);
    ck_assert_uint_gt(minted, 20);

    ck_assert_int_eq(store_read_begin(t.store), 0);
    struct store_stats stats;
    ck_assert_int_eq(store_stats(t.store, &stats), 0);
    store_read_end(t.store);
    ck_assert_uint_eq(stats.credentials, minted);
    ck_assert_uint_ge(stats.used_bytes, stats.map_bytes / 100 * 80);
    ck_assert_uint_lt(stats.used_bytes, stats.map_bytes / 100 * 82);

    fixture_rotate(1, minted + 2, 0, &change);
    trial_assert_refused(&t, &change, -ENOSPC);
    scope_add("new", &change);
    trial_assert_refused(&t, &change, -ENOSPC);
    fixture_legacy(minted + 3, &change);
    trial_assert_refused(&t, &change, -ENOSPC);
    struct fixture_token token;
    fixture_token(1, &token);
    fixture_edit(1, EDIT_NAME, &token.record, &change);
    trial_assert_refused(&t, &change, -ENOSPC);
    for (unsigned n = 1; n <= 20; n++) {
        fixture_order(CHANGE_SUSPEND, n, &change);
        fixture_must_apply(t.store, &change);
    }
    fixture_order(CHANGE_RESUME, 1, &change);
    fixture_must_apply(t.store, &change);
    for (unsigned n = 1; n <= 20; n++) {
        fixture_revoke(n, "", &change);
        fixture_must_apply(t.store, &change);
    }
    trial_end(&t);
}
END_TEST

START_TEST(a_map_without_a_page_left_fails_the_one_change)
{
    struct trial t;
    fixture_make_dir(t.dir);
    t.store = open_small(t.dir);
    trial_mint(&t, 1);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    char filling[2000] = "x";
    int r = 0;
    for (uint64_t i = 0; r == 0; i++) /* by rows that no change has written */
        r = tables_put(t.store, txn, TABLE_USAGE, tables_val(&i, sizeof i),
                       tables_val(filling, sizeof filling), 0);
    ck_assert_int_eq(r, -ENOSPC);
    mdb_txn_abort(txn);

    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    MDB_txn *fill;
    for (uint64_t i = 0;; i++) {
        ck_assert_int_eq(mdb_txn_begin(t.store->env, txn, 0, &fill), 0);
        if (tables_put(t.store, fill, TABLE_USAGE, tables_val(&i, sizeof i),
                       tables_val(filling, sizeof filling), 0) < 0)
            break;
        ck_assert_int_eq(mdb_txn_commit(fill), 0);
    }
    mdb_txn_abort(fill);
    struct change change;
    struct change_result result;
    fixture_revoke(1, "", &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), -ENOSPC);
    mdb_txn_abort(txn);
    fixture_must_apply(t.store, &change); /* and with room again it passes */
    trial_end(&t);
}
END_TEST

/* ---- a child transaction alone --------------------------------------------------------------- */

START_TEST(a_failing_change_takes_no_other_with_it)
{
    struct trial t;
    trial_begin(&t);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    struct change change;
    struct change_result result;
    fixture_mint(1, &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), 0);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), -EEXIST);
    fixture_mint(2, &change);
    ck_assert_int_eq(change_apply(t.store, txn, &change, &result), 0);
    ck_assert_uint_eq(result.seq, 2); /* the failed one has used none */
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    ck_assert_int_eq(store_read_begin(t.store), 0);
    ck_assert_uint_eq(trial_listed(&t, TEXT("kasa")), 2);
    store_read_end(t.store);
    trial_end(&t);
}
END_TEST

START_TEST(a_damaged_record_is_neither_rotated_nor_revoked)
{
    struct trial t;
    trial_begin(&t);
    trial_mint(&t, 1);
    trial_mint(&t, 2);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t.store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(t.store, txn, TABLE_TOKEN,
                                tables_val("key_0000000000000001", KEY_ID_LEN),
                                tables_val("rotten", 6), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    struct change change;
    struct change_result result;
    fixture_rotate(1, 3, 0, &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), -EBADMSG);
    fixture_revoke(1, "", &change);
    ck_assert_int_eq(fixture_apply(t.store, &change, &result), -EBADMSG);
    ck_assert_uint_eq(trial_seq(&t), 2);
    trial_end(&t);
}
END_TEST

START_TEST(the_same_changes_make_the_same_table)
{
    struct change_result results[2][7];
    memset(results, 0, sizeof results);
    for (unsigned round = 0; round < 2; round++) {
        struct trial t;
        trial_begin(&t);
        struct change change;
        fixture_mint(1, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][0]), 0);
        fixture_rotate(1, 2, 60, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][1]), 0);
        struct fixture_token token;
        fixture_token(3, &token);
        fixture_edit(1, EDIT_NAME | EDIT_SCOPES, &token.record, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][2]), 0);
        static const enum change_verb orders[] = {CHANGE_SUSPEND, CHANGE_RESUME,
                                                  CHANGE_ROTATE_CANCEL};
        for (unsigned i = 0; i < 3; i++) {
            fixture_order(orders[i], 1, &change);
            ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][3 + i]), 0);
        }
        fixture_revoke(1, "why not", &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &results[round][6]), 0);
        trial_end(&t);
    }
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_uint_eq(results[0][i].record_len, results[1][i].record_len);
        ck_assert_mem_eq(results[0][i].record, results[1][i].record, results[0][i].record_len);
        ck_assert_uint_eq(results[0][i].seq, i + 1);
    }
}
END_TEST

SUITE_MAIN("change_limits", scopes_are_added_until_there_are_64_and_can_then_be_minted,
           a_full_table_refuses_mints_and_edits_and_goes_on_suspending_and_revoking,
           a_map_without_a_page_left_fails_the_one_change, a_failing_change_takes_no_other_with_it,
           a_damaged_record_is_neither_rotated_nor_revoked, the_same_changes_make_the_same_table)
