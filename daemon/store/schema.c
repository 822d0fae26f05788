#include "daemon/store/schema.h"

#include <errno.h>

enum content {
    CONTENT_NOTHING, /* a new file, or one whose maker died before the first commit */
    CONTENT_OURS,
    CONTENT_FOREIGN,
};

static int find_content(struct store *store, MDB_txn *txn, enum content *ret)
{
    int r = tables_error(mdb_dbi_open(txn, tables_name(TABLE_META), 0, &store->dbi[TABLE_META]));
    if (r == 0) {
        *ret = CONTENT_OURS;
        return 0;
    }
    if (r != -ENOENT && r != -EBADMSG)
        return r;
    MDB_dbi directory;
    MDB_stat stat;
    int s = tables_error(mdb_dbi_open(txn, NULL, 0, &directory));
    if (s == 0)
        s = tables_error(mdb_stat(txn, directory, &stat));
    if (s < 0)
        return s;
    *ret = r == -ENOENT && stat.ms_entries == 0 ? CONTENT_NOTHING : CONTENT_FOREIGN;
    return 0;
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

static int open_ours(struct store *store, MDB_txn *txn, const char *dir,
                     char message[static STORE_ERROR_MAX])
{
    uint32_t schema;
    if (tables_schema(store, txn, &schema) < 0 || schema == 0)
        return store_complain(message, -EBADMSG, dir,
                              "data.mdb is not a table of stkgate's: name another directory");
    if (schema > STORE_SCHEMA)
        return store_complain(message, -EPROTONOSUPPORT, dir,
                              "the table was written by a newer stkgate (schema %u; this one knows "
                              "%u): run that one, or restore a backup that this one made",
                              (unsigned)schema, (unsigned)STORE_SCHEMA);
    uint64_t seq;
    struct scope_registry registry;
    int r = open_rest(store, txn, 0);
    if (r == 0)
        r = tables_seq(store, txn, &seq);
    if (r == 0)
        r = tables_scopes(store, txn, &registry);
    if (r < 0)
        return store_complain(message, r, dir,
                              "the table in data.mdb is damaged: restore it from a backup");
    return 0;
}

static int make_new(struct store *store, MDB_txn *txn)
{
    int r = tables_error(
        mdb_dbi_open(txn, tables_name(TABLE_META), MDB_CREATE, &store->dbi[TABLE_META]));
    if (r == 0)
        r = open_rest(store, txn, MDB_CREATE);
    struct scope_registry registry;
    scope_registry_init(&registry);
    if (r == 0)
        r = tables_put_scopes(store, txn, &registry);
    if (r == 0)
        r = tables_put_seq(store, txn, 0);
    if (r == 0)
        r = tables_put_schema(store, txn, STORE_SCHEMA);
    return r;
}

static int commit(MDB_txn **txn)
{
    MDB_txn *committed = *txn;
    *txn = NULL;
    return tables_error(mdb_txn_commit(committed));
}

int schema_open(struct store *store, const char *dir, bool create,
                char message[static STORE_ERROR_MAX])
{
    __attribute__((cleanup(tables_abort))) MDB_txn *txn = NULL;
    enum content content = CONTENT_FOREIGN;
    int r = tables_error(mdb_txn_begin(store->env, NULL, create ? 0 : MDB_RDONLY, &txn));
    if (r == 0)
        r = find_content(store, txn, &content);
    if (r < 0)
        return store_complain(message, r, dir, "can't read data.mdb: %s", strerror(-r));

    switch (content) {
    case CONTENT_OURS: r = open_ours(store, txn, dir, message); break;
    case CONTENT_FOREIGN:
        r = store_complain(message, -EBADMSG, dir,
                           "data.mdb is not a table of stkgate's: name another directory");
        break;
    case CONTENT_NOTHING:
        if (!create)
            return store_complain(message, -EBADMSG, dir, "data.mdb holds no table");
        r = make_new(store, txn);
        if (r < 0)
            return store_complain(message, r, dir, "can't make a table: %s", strerror(-r));
        break;
    }
    if (r < 0)
        return r;
    r = commit(&txn); /* of a transaction that only read, too: it keeps the handles open */
    if (r < 0)
        return store_complain(message, r, dir, "can't write data.mdb: %s", strerror(-r));
    return 0;
}
