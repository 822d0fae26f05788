#include "daemon/store/tables.h"

#include <errno.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

START_TEST(lmdb_errors_become_errno_values)
{
    static const struct {
        int lmdb, expected;
    } cases[] = {
        {0, 0},
        {MDB_NOTFOUND, -ENOENT},
        {MDB_KEYEXIST, -EEXIST},
        {MDB_MAP_FULL, -ENOSPC},
        {MDB_TXN_FULL, -ENOSPC},
        {MDB_CORRUPTED, -EBADMSG},
        {MDB_PAGE_NOTFOUND, -EBADMSG},
        {MDB_INVALID, -EBADMSG},
        {MDB_INCOMPATIBLE, -EBADMSG},
        {MDB_VERSION_MISMATCH, -EPROTONOSUPPORT},
        {MDB_PANIC, -EIO},
        {MDB_BAD_TXN, -EIO},
        {ENOMEM, -ENOMEM},
        {EIO, -EIO},
        {ENOSPC, -ENOSPC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(tables_error(cases[i].lmdb), cases[i].expected);
}
END_TEST

static MDB_val site_key(const char *site, int64_t created_at, const char *key_id,
                        uint8_t buffer[static TABLES_SITE_KEY_MAX])
{
    size_t len = tables_site_key(text_of(site), created_at, text_of(key_id), buffer);
    return tables_val(buffer, len);
}

/* As LMDB orders keys. */
static int compare(MDB_val a, MDB_val b)
{
    size_t len = a.mv_size < b.mv_size ? a.mv_size : b.mv_size;
    int order = memcmp(a.mv_data, b.mv_data, len);
    return order != 0 ? order : a.mv_size < b.mv_size ? -1 : a.mv_size > b.mv_size;
}

START_TEST(site_keys_sort_by_site_then_age_then_key_id)
{
    static const struct {
        const char *site;
        int64_t created_at;
        const char *key_id;
    } sorted[] = {
        {"a", 0, "key_zzzzzzzzzzzzzzzz"},   {"a", 1, "key_0000000000000000"},
        {"a", 255, "key_0000000000000000"}, {"a", 256, "key_0000000000000000"},
        {"a", 256, "key_0000000000000001"}, {"a", INT64_MAX, "key_0000000000000000"},
        {"a.b", 0, "key_0000000000000000"}, {"aa", 0, "key_0000000000000000"},
        {"b", 0, "key_0000000000000000"},
    };
    for (size_t i = 1; i < sizeof sorted / sizeof sorted[0]; i++) {
        uint8_t one[TABLES_SITE_KEY_MAX], two[TABLES_SITE_KEY_MAX];
        MDB_val a =
            site_key(sorted[i - 1].site, sorted[i - 1].created_at, sorted[i - 1].key_id, one);
        MDB_val b = site_key(sorted[i].site, sorted[i].created_at, sorted[i].key_id, two);
        ck_assert_int_lt(compare(a, b), 0);
    }
}
END_TEST

START_TEST(site_keys_end_with_the_key_id)
{
    uint8_t buffer[TABLES_SITE_KEY_MAX + 1];
    char longest[SITE_MAX + 1] = {0};
    memset(longest, 's', SITE_MAX);
    MDB_val key = site_key(longest, INT64_MAX, "key_0123456789abcdef", buffer);
    ck_assert_uint_eq(key.mv_size, TABLES_SITE_KEY_MAX);
    struct text key_id;
    ck_assert_int_eq(tables_site_key_id(key, &key_id), 0);
    ck_assert(text_equal(key_id, TEXT("key_0123456789abcdef")));

    key.mv_size++;
    ck_assert_int_eq(tables_site_key_id(key, &key_id), -EBADMSG);
    key.mv_size = 1 + 8 + KEY_ID_LEN; /* no site */
    ck_assert_int_eq(tables_site_key_id(key, &key_id), -EBADMSG);
    key.mv_size = TABLES_SITE_KEY_MAX - 1; /* no NUL where one must be */
    ck_assert_int_eq(tables_site_key_id(key, &key_id), -EBADMSG);
}
END_TEST

START_TEST(audit_keys_sort_by_seq)
{
    static const uint64_t seqs[] = {0, 1, 255, 256, UINT64_C(1) << 40, UINT64_MAX};
    uint8_t before[TABLES_AUDIT_KEY_BYTES], key[TABLES_AUDIT_KEY_BYTES];
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
        tables_audit_key(seqs[i], key);
        uint64_t seq;
        ck_assert_int_eq(tables_audit_seq(tables_val(key, sizeof key), &seq), 0);
        ck_assert_uint_eq(seq, seqs[i]);
        if (i > 0)
            ck_assert_int_lt(memcmp(before, key, sizeof key), 0);
        memcpy(before, key, sizeof key);
    }
    uint64_t seq;
    ck_assert_int_eq(tables_audit_seq(tables_val(key, 7), &seq), -EBADMSG);
}
END_TEST

START_TEST(room_counts_what_is_not_committed_yet)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    uint64_t before, after, map;
    ck_assert_int_eq(tables_room(store, txn, &before, &map), 0);
    ck_assert_uint_eq(map, 256 << 20);
    static const char big[100000];
    ck_assert_int_eq(
        tables_put(store, txn, TABLE_TOKEN, tables_val("x", 1), tables_val(big, sizeof big), 0), 0);
    ck_assert_int_eq(tables_room(store, txn, &after, &map), 0);
    ck_assert_uint_ge(after - before, sizeof big);
    mdb_txn_abort(txn);
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(meta_values_of_the_wrong_length_are_damage)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    struct store *store = fixture_open(dir);
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    static const char *const names[] = {"schema", "seq", "scopes"};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(tables_put(store, txn, TABLE_META, tables_val(names[i], strlen(names[i])),
                                    tables_val("\1\2\3", 3), 0),
                         0);
    uint32_t schema = 9;
    uint64_t seq = 9;
    struct scope_registry registry;
    ck_assert_int_eq(tables_schema(store, txn, &schema), -EBADMSG);
    ck_assert_int_eq(tables_seq(store, txn, &seq), -EBADMSG);
    ck_assert_int_eq(tables_scopes(store, txn, &registry), -EBADMSG);
    ck_assert_uint_eq(schema, 9);
    ck_assert_uint_eq(seq, 9);
    mdb_txn_abort(txn);
    store_close(store);
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("tables", lmdb_errors_become_errno_values, site_keys_sort_by_site_then_age_then_key_id,
           site_keys_end_with_the_key_id, audit_keys_sort_by_seq,
           room_counts_what_is_not_committed_yet, meta_values_of_the_wrong_length_are_damage)
