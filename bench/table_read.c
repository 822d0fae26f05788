#include "bench/table_read.h"

#include <err.h>
#include <stdlib.h>

#include "daemon/store/tables.h"

static void must(int r, const char *what)
{
    if (r != MDB_SUCCESS)
        errx(EXIT_FAILURE, "%s: %s", what, mdb_strerror(r));
}

void table_read_open(struct table_read *table, const char *dir)
{
    *table = (struct table_read){0};
    must(mdb_env_create(&table->env), "mdb_env_create");
    must(mdb_env_set_maxdbs(table->env, TABLE_COUNT), "mdb_env_set_maxdbs");
    must(mdb_env_open(table->env, dir, MDB_RDONLY | MDB_NOTLS, 0600), dir);
    must(mdb_txn_begin(table->env, NULL, MDB_RDONLY, &table->txn), "mdb_txn_begin");
    must(mdb_dbi_open(table->txn, tables_name(TABLE_DIGEST), 0, &table->by_digest), "mdb_dbi_open");
    must(mdb_dbi_open(table->txn, tables_name(TABLE_TOKEN), 0, &table->by_key_id), "mdb_dbi_open");
    must(mdb_txn_commit(table->txn), "mdb_txn_commit"); /* so that others may use the handles */
    must(mdb_txn_begin(table->env, NULL, MDB_RDONLY, &table->txn), "mdb_txn_begin");
    mdb_txn_reset(table->txn);
}

void table_read_call(void *state, const struct token_entry *token)
{
    struct table_read *table = state;
    uint8_t digest[DIGEST_BYTES];
    MDB_val key_id, record;

    digest_token((struct text){token->token, TOKEN_LEN}, digest);
    MDB_val key = tables_val(digest, sizeof digest);
    must(mdb_txn_renew(table->txn), "mdb_txn_renew");
    must(mdb_get(table->txn, table->by_digest, &key, &key_id), "a token's digest");
    must(mdb_get(table->txn, table->by_key_id, &key_id, &record), "a token's record");
    table->read |= *(const uint8_t *)record.mv_data;
    mdb_txn_reset(table->txn);
}

void table_read_close(struct table_read *table)
{
    mdb_txn_abort(table->txn);
    mdb_env_close(table->env);
}
