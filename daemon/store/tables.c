#include "daemon/store/tables.h"

#include <errno.h>

#include "lib/core/cursor.h"
#include "lib/core/uninitialized.h"

const char *tables_name(enum table table)
{
    static const char *const names[TABLE_COUNT] = {
        [TABLE_META] = "meta", [TABLE_TOKEN] = "token", [TABLE_DIGEST] = "digest",
        [TABLE_SITE] = "site", [TABLE_AUDIT] = "audit", [TABLE_USAGE] = "usage",
    };
    return names[table];
}

int tables_error(int lmdb_error)
{
    switch (lmdb_error) {
    case MDB_SUCCESS: return 0;
    case MDB_NOTFOUND: return -ENOENT;
    case MDB_KEYEXIST: return -EEXIST;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL: return -ENOSPC;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE: return -EBADMSG;
    case MDB_VERSION_MISMATCH: return -EPROTONOSUPPORT;
    default: return lmdb_error > 0 ? -lmdb_error : -EIO;
    }
}

void tables_abort(MDB_txn **txn)
{
    if (*txn)
        mdb_txn_abort(*txn);
    *txn = NULL;
}

void tables_close_cursor(MDB_cursor **cursor)
{
    if (*cursor)
        mdb_cursor_close(*cursor);
    *cursor = NULL;
}

int tables_get(const struct store *store, MDB_txn *txn, enum table table, MDB_val key, MDB_val *ret)
{
    return tables_error(mdb_get(txn, store->dbi[table], &key, ret));
}

int tables_put(const struct store *store, MDB_txn *txn, enum table table, MDB_val key,
               MDB_val value, unsigned flags)
{
    return tables_error(mdb_put(txn, store->dbi[table], &key, &value, flags));
}

int tables_delete(const struct store *store, MDB_txn *txn, enum table table, MDB_val key)
{
    return tables_error(mdb_del(txn, store->dbi[table], &key, NULL));
}

/* ---- keys --------------------------------------------------------------------------------------
 * Big-endian, so that LMDB's order of bytes is the order of numbers. */

static void put_be64(uint8_t *out, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_be64(const uint8_t *in)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | in[i];
    return v;
}

size_t tables_site_key(struct text site, int64_t created_at, struct text key_id,
                       uint8_t ret[static TABLES_SITE_KEY_MAX])
{
    size_t len = site.len;
    memcpy(ret, site.data, site.len);
    ret[len++] = 0;
    put_be64(ret + len, (uint64_t)created_at);
    len += 8;
    memcpy(ret + len, key_id.data, key_id.len);
    return len + key_id.len;
}

int tables_site_key_id(MDB_val key, struct text *ret)
{
    if (key.mv_size <= 1 + 8 + KEY_ID_LEN || key.mv_size > TABLES_SITE_KEY_MAX)
        return -EBADMSG;
    const char *bytes = key.mv_data;
    size_t key_id_at = key.mv_size - KEY_ID_LEN;
    if (bytes[key_id_at - 8 - 1] != '\0')
        return -EBADMSG;
    *ret = (struct text){bytes + key_id_at, KEY_ID_LEN};
    return 0;
}

void tables_audit_key(uint64_t seq, uint8_t ret[static TABLES_AUDIT_KEY_BYTES])
{
    put_be64(ret, seq);
}

int tables_audit_seq(MDB_val key, uint64_t *ret)
{
    if (key.mv_size != TABLES_AUDIT_KEY_BYTES)
        return -EBADMSG;
    *ret = get_be64(key.mv_data);
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

int tables_decode(MDB_val key, MDB_val value, struct record *ret)
{
    UNINITIALIZED struct record record;

    /* The record's own key_id is under its CRC: one that was put under another's key by accident
     * or by hand is caught here. */
    if (record_decode(value.mv_data, value.mv_size, &record) < 0 ||
        !text_equal(record.key_id, (struct text){key.mv_data, key.mv_size}))
        return -EBADMSG;
    *ret = record;
    return 0;
}

int tables_record(const struct store *store, MDB_txn *txn, struct text key_id, struct record *ret)
{
    if (!key_id_is_valid(key_id))
        return -ENOENT;
    MDB_val key = tables_val(key_id.data, key_id.len), value;
    int r = tables_get(store, txn, TABLE_TOKEN, key, &value);
    return r < 0 ? r : tables_decode(key, value, ret);
}

int tables_record_by_digest(const struct store *store, MDB_txn *txn,
                            const uint8_t digest[static DIGEST_BYTES], struct record *ret)
{
    MDB_val key_id;
    int r = tables_get(store, txn, TABLE_DIGEST, tables_val(digest, DIGEST_BYTES), &key_id);
    if (r < 0)
        return r;
    struct record record;
    r = tables_record(store, txn, (struct text){key_id.mv_data, key_id.mv_size}, &record);
    if (r < 0)
        return r == -ENOENT ? -EBADMSG : r;
    /* An index that points to the wrong record must not let one token pass for another. */
    if (!digest_equal(record.digest, digest))
        return -EBADMSG;
    *ret = record;
    return 0;
}

static int get_meta(const struct store *store, MDB_txn *txn, struct text name, struct reader *ret)
{
    MDB_val value;
    int r = tables_get(store, txn, TABLE_META, tables_val(name.data, name.len), &value);
    if (r < 0)
        return r == -ENOENT ? -EBADMSG : r;
    reader_init(ret, value.mv_data, value.mv_size);
    return 0;
}

static int put_meta(const struct store *store, MDB_txn *txn, struct text name,
                    const struct writer *w)
{
    if (w->failed)
        return -EINVAL;
    return tables_put(store, txn, TABLE_META, tables_val(name.data, name.len),
                      tables_val(w->start, w->len), 0);
}

int tables_schema(const struct store *store, MDB_txn *txn, uint32_t *ret)
{
    struct reader reader;
    int r = get_meta(store, txn, TEXT("schema"), &reader);
    if (r < 0)
        return r;
    uint32_t schema = reader_u32(&reader);
    if (!reader_finished(&reader))
        return -EBADMSG;
    *ret = schema;
    return 0;
}

int tables_seq(const struct store *store, MDB_txn *txn, uint64_t *ret)
{
    struct reader reader;
    int r = get_meta(store, txn, TEXT("seq"), &reader);
    if (r < 0)
        return r;
    uint64_t seq = reader_u64(&reader);
    if (!reader_finished(&reader))
        return -EBADMSG;
    *ret = seq;
    return 0;
}

int tables_clock(const struct store *store, MDB_txn *txn, int64_t *ret)
{
    MDB_val value;
    int r = tables_get(store, txn, TABLE_META, tables_val("clock", strlen("clock")), &value);
    if (r == -ENOENT) {
        *ret = 0;
        return 0;
    }
    if (r < 0)
        return r;
    struct reader reader;
    reader_init(&reader, value.mv_data, value.mv_size);
    uint64_t wall_s = reader_u64(&reader);
    if (!reader_finished(&reader) || wall_s > INT64_MAX)
        return -EBADMSG;
    *ret = (int64_t)wall_s;
    return 0;
}

int tables_scopes(const struct store *store, MDB_txn *txn, struct scope_registry *ret)
{
    struct reader reader;
    int r = get_meta(store, txn, TEXT("scopes"), &reader);
    if (r < 0)
        return r;
    struct scope_registry registry;
    scope_registry_read(&registry, &reader);
    if (!reader_finished(&reader))
        return -EBADMSG;
    *ret = registry;
    return 0;
}

int tables_put_schema(const struct store *store, MDB_txn *txn, uint32_t schema)
{
    uint8_t bytes[4];
    struct writer w;
    writer_init(&w, bytes, sizeof bytes);
    writer_u32(&w, schema);
    return put_meta(store, txn, TEXT("schema"), &w);
}

int tables_put_seq(const struct store *store, MDB_txn *txn, uint64_t seq)
{
    uint8_t bytes[8];
    struct writer w;
    writer_init(&w, bytes, sizeof bytes);
    writer_u64(&w, seq);
    return put_meta(store, txn, TEXT("seq"), &w);
}

int tables_put_clock(const struct store *store, MDB_txn *txn, int64_t wall_s)
{
    uint8_t bytes[8];
    struct writer w;
    writer_init(&w, bytes, sizeof bytes);
    writer_u64(&w, (uint64_t)wall_s);
    return put_meta(store, txn, TEXT("clock"), &w);
}

int tables_put_scopes(const struct store *store, MDB_txn *txn,
                      const struct scope_registry *registry)
{
    uint8_t bytes[1 + SCOPES_MAX * (1 + SCOPE_NAME_MAX)];
    struct writer w;
    writer_init(&w, bytes, sizeof bytes);
    scope_registry_write(registry, &w);
    return put_meta(store, txn, TEXT("scopes"), &w);
}

int tables_room(const struct store *store, MDB_txn *txn, uint64_t *ret_used_bytes,
                uint64_t *ret_map_bytes)
{
    /* LMDB's own two: the list of free pages and the directory of tables. */
    static const MDB_dbi own[] = {0, 1};
    MDB_dbi all[TABLE_COUNT + 2];
    memcpy(all, store->dbi, sizeof store->dbi);
    memcpy(all + TABLE_COUNT, own, sizeof own);

    uint64_t pages = 2; /* the meta pages */
    unsigned page_bytes = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        MDB_stat stat;
        int r = tables_error(mdb_stat(txn, all[i], &stat));
        if (r < 0)
            return r;
        pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        page_bytes = stat.ms_psize;
    }
    MDB_envinfo info;
    int r = tables_error(mdb_env_info(store->env, &info));
    if (r < 0)
        return r;
    *ret_used_bytes = pages * page_bytes;
    *ret_map_bytes = info.me_mapsize;
    return 0;
}
