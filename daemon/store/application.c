#include "daemon/store/application.h"

#include <errno.h>

/* The last part of the map is kept for what takes rights away or gives room back: a full table must
 * not keep a stolen token alive. */
#define GROWTH_ROOM_PERCENT 80

int application_require_room(struct application *a)
{
    if (a->store->disk_full)
        return -EDQUOT;
    uint64_t used_bytes, map_bytes;
    int r = tables_room(a->store, a->txn, &used_bytes, &map_bytes);
    if (r < 0)
        return r;
    return used_bytes >= map_bytes / 100 * GROWTH_ROOM_PERCENT ? -ENOSPC : 0;
}

int application_require_scopes(struct application *a, uint64_t scopes)
{
    struct scope_registry registry;
    int r = tables_scopes(a->store, a->txn, &registry);
    if (r < 0)
        return r;
    uint64_t registered =
        registry.count >= SCOPES_MAX ? UINT64_MAX : (UINT64_C(1) << registry.count) - 1;
    return scopes & ~registered ? -EINVAL : 0;
}

int application_read(struct application *a, struct record *ret)
{
    return tables_record(a->store, a->txn, text_of(a->change->key_id), ret);
}

int application_settle(struct application *a, const struct record *record, struct record *ret)
{
    struct record settled = *record;
    settled.seq = a->seq;
    int r = record_encode(&settled, a->result->record, &a->result->record_len);
    if (r == 0)
        r = record_decode(a->result->record, a->result->record_len, &settled);
    if (r < 0)
        return r;
    a->audit.key_id = settled.key_id;
    a->audit.site = settled.site;
    *ret = settled;
    return 0;
}

static int put_record(struct application *a, struct text key_id, const uint8_t *bytes, size_t len,
                      unsigned flags)
{
    return tables_put(a->store, a->txn, TABLE_TOKEN, tables_val(key_id.data, key_id.len),
                      tables_val(bytes, len), flags);
}

int application_replace(struct application *a, const struct record *record, struct text reason)
{
    struct record settled;
    int r = application_settle(a, record, &settled);
    if (r < 0)
        return r;
    a->audit.reason = reason;
    return put_record(a, settled.key_id, a->result->record, a->result->record_len, 0);
}

int application_put_other(struct application *a, struct text key_id, const uint8_t *bytes,
                          size_t len)
{
    return put_record(a, key_id, bytes, len, 0);
}

int application_add(struct application *a, const struct record *settled)
{
    int r =
        put_record(a, settled->key_id, a->result->record, a->result->record_len, MDB_NOOVERWRITE);
    if (r < 0)
        return r;
    MDB_val key_id = tables_val(settled->key_id.data, settled->key_id.len);
    r = tables_put(a->store, a->txn, TABLE_DIGEST, tables_val(settled->digest, DIGEST_BYTES),
                   key_id, MDB_NOOVERWRITE);
    if (r < 0)
        return r;
    uint8_t site_key[TABLES_SITE_KEY_MAX];
    size_t len = tables_site_key(settled->site, settled->created_at, settled->key_id, site_key);
    r = tables_put(a->store, a->txn, TABLE_SITE, tables_val(site_key, len), tables_val("", 0),
                   MDB_NOOVERWRITE);
    return r == -EEXIST ? -EBADMSG : r; /* a site's entry for a key_id that was not in token */
}

int application_remove(struct application *a, const struct record *settled)
{
    MDB_val key_id = tables_val(settled->key_id.data, settled->key_id.len);
    uint8_t site_key[TABLES_SITE_KEY_MAX];
    size_t len = tables_site_key(settled->site, settled->created_at, settled->key_id, site_key);

    int r = tables_delete(a->store, a->txn, TABLE_USAGE, key_id);
    if (r < 0 && r != -ENOENT) /* it may never have been used */
        return r;
    r = tables_delete(a->store, a->txn, TABLE_TOKEN, key_id);
    if (r == 0)
        r = tables_delete(a->store, a->txn, TABLE_DIGEST,
                          tables_val(settled->digest, DIGEST_BYTES));
    if (r == 0)
        r = tables_delete(a->store, a->txn, TABLE_SITE, tables_val(site_key, len));
    return r == -ENOENT ? -EBADMSG : r;
}
