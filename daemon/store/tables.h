/* tables.h - what the files of this folder share: the open table, its keys, access to its rows
 *
 * Private to daemon/store. Texts and records found are borrowed from the transaction: valid until
 * its next write or its end.
 */
#ifndef STKGATE_DAEMON_STORE_TABLES_H
#define STKGATE_DAEMON_STORE_TABLES_H

#include <lmdb.h>

#include "daemon/store/store.h"
#include "daemon/store/table_map.h"

enum table {
    TABLE_META = 0,
    TABLE_TOKEN,
    TABLE_DIGEST,
    TABLE_SITE,
    TABLE_AUDIT,
    TABLE_USAGE,
    TABLE_COUNT,
};

struct store {
    int dir_fd;
    int lock_fd; /* holds the flock that makes this process the only one */
    MDB_env *env;
    MDB_dbi dbi[TABLE_COUNT]; /* never changes once open: both threads read it */
    MDB_txn *read;            /* the reading thread's; parked between store_read_end() and begin */
    bool reading;
    struct read_ahead *ahead; /* of the walk through all of it; NULL: none */
    unsigned walked;          /* credentials so far, in all walks; the reading thread's */
    /* Of table_file.c, for the writing thread alone once the store is open: */
    uint64_t file_bytes;   /* how long data.mdb was when last seen; 0: not yet */
    size_t last_txn;       /* LMDB's number of the last commit in it */
    uint64_t reserved_end; /* blocks are allocated up to here */
    bool disk_full;        /* only what needs the reserve may be written */
    struct table_map map;  /* never changes once open */
};

/* The name that a table has in the file. Static. */
const char *tables_name(enum table table);

/* What LMDB returned -> 0 or -errno: -ENOENT, -EEXIST, -ENOSPC (the map, or a transaction's own
 * limit), -EBADMSG (damaged), -EPROTONOSUPPORT (another version), -ENOMEM ..., else -EIO. */
int tables_error(int lmdb_error);

/* For __attribute__((cleanup)). */
void tables_abort(MDB_txn **txn);
void tables_close_cursor(MDB_cursor **cursor);

static inline MDB_val tables_val(const void *bytes, size_t len)
{
    return (MDB_val){len, (void *)bytes};
}

/* As tables_error(). */
int tables_get(const struct store *store, MDB_txn *txn, enum table table, MDB_val key,
               MDB_val *ret);
/* flags: 0, MDB_NOOVERWRITE or MDB_APPEND. */
int tables_put(const struct store *store, MDB_txn *txn, enum table table, MDB_val key,
               MDB_val value, unsigned flags);
/* -ENOENT. */
int tables_delete(const struct store *store, MDB_txn *txn, enum table table, MDB_val key);

/* site NUL created_at(BE) key_id. Longer texts than their limits are the caller's mistake. */
#define TABLES_SITE_KEY_MAX (SITE_MAX + 1 + 8 + KEY_ID_LEN)
size_t tables_site_key(struct text site, int64_t created_at, struct text key_id,
                       uint8_t ret[static TABLES_SITE_KEY_MAX]);
/* The key_id at the end of a site key; -EBADMSG. */
int tables_site_key_id(MDB_val key, struct text *ret);

#define TABLES_AUDIT_KEY_BYTES 8
void tables_audit_key(uint64_t seq, uint8_t ret[static TABLES_AUDIT_KEY_BYTES]);
/* -EBADMSG */
int tables_audit_seq(MDB_val key, uint64_t *ret);

/* ---- rows ------------------------------------------------------------------------------------ */

/* -ENOENT; -EBADMSG: damaged, of a version that this program does not know, or another's record. */
int tables_record(const struct store *store, MDB_txn *txn, struct text key_id, struct record *ret);
/* What stands under this key in TABLE_TOKEN. -EBADMSG. */
int tables_decode(MDB_val key, MDB_val value, struct record *ret);
int tables_record_by_digest(const struct store *store, MDB_txn *txn,
                            const uint8_t digest[static DIGEST_BYTES], struct record *ret);

/* Of "meta"; -EBADMSG also when it is not there. */
int tables_schema(const struct store *store, MDB_txn *txn, uint32_t *ret);
int tables_seq(const struct store *store, MDB_txn *txn, uint64_t *ret);
int tables_scopes(const struct store *store, MDB_txn *txn, struct scope_registry *ret);
/* 0 when it is not there. */
int tables_clock(const struct store *store, MDB_txn *txn, int64_t *ret);
int tables_put_schema(const struct store *store, MDB_txn *txn, uint32_t schema);
int tables_put_seq(const struct store *store, MDB_txn *txn, uint64_t seq);
int tables_put_clock(const struct store *store, MDB_txn *txn, int64_t wall_s);
int tables_put_scopes(const struct store *store, MDB_txn *txn,
                      const struct scope_registry *registry);

/* Bytes in use as the transaction sees it (pages that wait for re-use don't count), and the most
 * that there may ever be. */
int tables_room(const struct store *store, MDB_txn *txn, uint64_t *ret_used_bytes,
                uint64_t *ret_map_bytes);

/* Fill message with "path: " and the sentence; returns error. */
int store_complain(char message[static STORE_ERROR_MAX], int error, const char *path,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
