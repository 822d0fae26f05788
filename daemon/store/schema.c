#include "daemon/store/schema.h"

#include <errno.h>

/* A file that LMDB can read, and nothing of ours in it: another program's, or an empty one. */
static int complain_of_stranger(const char *dir, char message[static STORE_ERROR_MAX])
{
    return store_complain(message, -EBADMSG, dir,
                          "data.mdb is not a table of stkgate's: name another directory");
}

static int open_rest(struct store *store, MDB_txn *txn, unsigned flags)
{
    for (unsigned t = TABLE_META + 1; t < TABLE_COUNT; t++) {
        int r = tables_error(mdb_dbi_open(txn, tables_name((enum table)t), flags, &store->dbi[t]));
        if (r < 0)
            return r == -ENOENT ? -EBADMSG : r;
    }
    return 0;
}

static int open_meta(struct store *store, MDB_txn *txn, unsigned flags)
{
    return tables_error(mdb_dbi_open(txn, tables_name(TABLE_META), flags, &store->dbi[TABLE_META]));
}

/* The schema's number first: a newer one may have other tables than these. */
static int check_schema(struct store *store, MDB_txn *txn, const char *dir,
                        char message[static STORE_ERROR_MAX])
{
    uint32_t schema;
    int r = open_meta(store, txn, 0);
    if (r == 0)
        r = tables_schema(store, txn, &schema);
    if (r == -ENOENT || r == -EBADMSG || (r == 0 && schema == 0))
        return complain_of_stranger(dir, message);
    if (r != 0)
        return store_complain(message, r, dir, "can't read data.mdb: %s", strerror(-r));
    if (schema > STORE_SCHEMA)
        return store_complain(message, -EPROTONOSUPPORT, dir,
                              "the table was written by a newer stkgate (schema %u; this one knows "
                              "%u): run that one, or restore a backup that this one made",
                              (unsigned)schema, (unsigned)STORE_SCHEMA);
    return 0;
}

static int open_parts(struct store *store, MDB_txn *txn)
{
    uint64_t seq;
    struct scope_registry registry;
    int r = open_rest(store, txn, 0);
    if (r == 0)
        r = tables_seq(store, txn, &seq);
    if (r == 0)
        r = tables_scopes(store, txn, &registry);
    return r;
}

static int commit(MDB_txn **txn)
{
    MDB_txn *committed = *txn;
    *txn = NULL;
    return tables_error(mdb_txn_commit(committed));
}

int schema_open(struct store *store, const char *dir, char message[static STORE_ERROR_MAX])
{
    __attribute__((cleanup(tables_abort))) MDB_txn *txn = NULL;
    int r = tables_error(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn));
    if (r < 0)
        return store_complain(message, r, dir, "can't read data.mdb: %s", strerror(-r));
    r = check_schema(store, txn, dir, message);
    if (r < 0)
        return r;
    r = open_parts(store, txn);
    if (r == 0)
        r = commit(&txn); /* it has written nothing, but an abort would close the tables again */
    if (r < 0)
        return store_complain(message, r, dir,
                              "the table in data.mdb is damaged: restore it from a backup");
    return 0;
}

int schema_make(MDB_env *env)
{
    struct store fresh = {.env = env};
    __attribute__((cleanup(tables_abort))) MDB_txn *txn = NULL;
    int r = tables_error(mdb_txn_begin(env, NULL, 0, &txn));
    if (r == 0)
        r = open_meta(&fresh, txn, MDB_CREATE);
    if (r == 0)
        r = open_rest(&fresh, txn, MDB_CREATE);
    struct scope_registry registry;
    scope_registry_init(&registry);
    if (r == 0)
        r = tables_put_scopes(&fresh, txn, &registry);
    if (r == 0)
        r = tables_put_seq(&fresh, txn, 0);
    if (r == 0)
        r = tables_put_schema(&fresh, txn, STORE_SCHEMA);
    return r < 0 ? r : commit(&txn);
}
