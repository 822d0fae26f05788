/* table_read.h - the same tokens looked up in the table itself, in this process
 *
 * What a program could do without a view, if it might read the daemon's file: SHA-256, a read
 * transaction of LMDB, the key id by the digest, the record by the key id. It decides nothing and
 * spends nothing, nor does it decode the record.
 */
#ifndef STKGATE_BENCH_TABLE_READ_H
#define STKGATE_BENCH_TABLE_READ_H

#include <lmdb.h>

#include "bench/token_file.h"

struct table_read {
    MDB_env *env;
    MDB_txn *txn; /* of lookups, reset between them */
    MDB_dbi by_digest, by_key_id;
    uint8_t read; /* what the compiler may not leave out */
};

/* dir: a state directory that no daemon writes now. Ends the program on failure. */
void table_read_open(struct table_read *table, const char *dir);
void table_read_call(void *table, const struct token_entry *token); /* struct subject's call */
void table_read_close(struct table_read *table);

#endif
