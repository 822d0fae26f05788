#include "daemon/store/schema.h"

#include <errno.h>
#include <unistd.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

/* An LMDB file as another program would make it. */
static MDB_env *open_raw(const char *dir)
{
    MDB_env *env;
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, 8), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(env, 256 << 20), 0);
    ck_assert_int_eq(mdb_env_open(env, dir, 0, 0600), 0);
    return env;
}

static void put_raw(MDB_env *env, const char *table, const char *key, const void *value, size_t len)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
    MDB_val k = tables_val(key, strlen(key)), v = tables_val(value, len);
    ck_assert_int_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static void drop_raw(MDB_env *env, const char *table)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
    ck_assert_int_eq(mdb_drop(txn, dbi, 1), 0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static int try_open(const char *dir, char message[static STORE_ERROR_MAX])
{
    struct store_options options = {.dir = dir, .map_size_bytes = 256 << 20, .create = true};
    struct store *store = NULL;
    message[0] = '\0';
    int r = store_open(&options, &store, message);
    if (r < 0)
        ck_assert_ptr_null(store);
    store_close(store);
    return r;
}

static void assert_refused(const char *dir, int error, const char *because)
{
    char message[STORE_ERROR_MAX];
    ck_assert_int_eq(try_open(dir, message), error);
    ck_assert_msg(strstr(message, because) && strstr(message, dir), "%s", message);
}

START_TEST(a_new_table_has_schema_seq_0_and_the_built_in_scopes)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    for (unsigned round = 0; round < 2; round++) { /* made, then opened again */
        struct store *store = fixture_open(dir);
        ck_assert_int_eq(store_read_begin(store), 0);
        uint32_t schema;
        uint64_t seq;
        struct scope_registry registry;
        ck_assert_int_eq(tables_schema(store, store->read, &schema), 0);
        ck_assert_uint_eq(schema, STORE_SCHEMA);
        ck_assert_int_eq(store_seq(store, &seq), 0);
        ck_assert_uint_eq(seq, 0);
        ck_assert_int_eq(store_scopes(store, &registry), 0);
        ck_assert_uint_eq(registry.count, SCOPES_BUILTIN);
        ck_assert_str_eq(registry.names[3], "customer:auth");
        store_read_end(store);
        store_close(store);
    }
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_newer_schema_and_leaves_it_alone)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    store_close(fixture_open(dir));
    MDB_env *env = open_raw(dir);
    put_raw(env, "meta", "schema", "\2\0\0\0", 4);
    drop_raw(env, "usage"); /* schema 2 may well have none */
    mdb_env_close(env);
    assert_refused(dir, -EPROTONOSUPPORT, "newer stkgate (schema 2; this one knows 1)");
    assert_refused(dir, -EPROTONOSUPPORT, "newer stkgate"); /* still as it was */
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_a_file_of_another_program)
{
    char dir[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    MDB_env *env = open_raw(dir);
    put_raw(env, "accounts", "alice", "1", 1);
    mdb_env_close(env);
    assert_refused(dir, -EBADMSG, "not a table of stkgate's");
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(refuses_another_program_s_meta)
{
    static const struct {
        const char *table, *key, *value;
        size_t len;
    } foreign[] = {
        {NULL, "meta", "a plain value", 13},       /* no table at all */
        {"meta", "version", "\1\0\0\0", 4},        /* without schema */
        {"meta", "schema", "1", 1},                /* of another form */
        {"meta", "schema", "\0\0\0\0", 4},         /* none that there ever was */
        {"meta", "schema", "\1\0\0\0\0\0\0\0", 8}, /* too long */
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        char dir[FIXTURE_PATH_MAX];
        fixture_make_dir(dir);
        MDB_env *env = open_raw(dir);
        put_raw(env, foreign[i].table, foreign[i].key, foreign[i].value, foreign[i].len);
        mdb_env_close(env);
        assert_refused(dir, -EBADMSG, "not a table of stkgate's");
        fixture_remove_dir(dir);
    }
}
END_TEST

START_TEST(refuses_a_table_that_lacks_a_part)
{
    static const char *const parts[] = {"token", "digest", "site", "audit", "usage"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char dir[FIXTURE_PATH_MAX];
        fixture_make_dir(dir);
        store_close(fixture_open(dir));
        MDB_env *env = open_raw(dir);
        drop_raw(env, parts[i]);
        mdb_env_close(env);
        assert_refused(dir, -EBADMSG, "damaged");
        fixture_remove_dir(dir);
    }
}
END_TEST

START_TEST(refuses_a_damaged_seq_or_registry)
{
    static const char *const keys[] = {"seq", "scopes"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char dir[FIXTURE_PATH_MAX];
        fixture_make_dir(dir);
        store_close(fixture_open(dir));
        MDB_env *env = open_raw(dir);
        put_raw(env, "meta", keys[i], "\3", 1);
        mdb_env_close(env);
        assert_refused(dir, -EBADMSG, "damaged");
        fixture_remove_dir(dir);
    }
}
END_TEST

START_TEST(an_empty_file_is_not_filled)
{
    /* A table comes into being whole: one that is empty has lost what was in it. */
    char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];
    fixture_make_dir(dir);
    mdb_env_close(open_raw(dir)); /* LMDB's two pages and nothing in them */
    assert_refused(dir, -EBADMSG, "not a table of stkgate's");
    fixture_path(dir, "data.mdb", path);
    ck_assert_int_eq(truncate(path, 0), 0); /* not even those */
    assert_refused(dir, -EBADMSG, "not a table of stkgate's");
    fixture_remove_dir(dir);
}
END_TEST

SUITE_MAIN("schema", a_new_table_has_schema_seq_0_and_the_built_in_scopes,
           refuses_a_newer_schema_and_leaves_it_alone, refuses_a_file_of_another_program,
           refuses_another_program_s_meta, refuses_a_table_that_lacks_a_part,
           refuses_a_damaged_seq_or_registry, an_empty_file_is_not_filled)
