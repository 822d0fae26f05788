#include "daemon/store/store.h"

#include <errno.h>

#include "daemon/store/audit.h"
#include "daemon/store/read_ahead.h"
#include "daemon/store/tables.h"
#include "daemon/store/usage.h"
#include "lib/core/uninitialized.h"

int store_read_begin(struct store *store)
{
    if (store->reading)
        return -EBUSY;
    int r = tables_error(mdb_txn_renew(store->read));
    if (r == 0)
        store->reading = true;
    return r;
}

void store_read_end(struct store *store)
{
    if (store->reading)
        mdb_txn_reset(store->read);
    store->reading = false;
}

int store_find_digest(struct store *store, const uint8_t digest[static DIGEST_BYTES],
                      struct record *ret)
{
    return tables_record_by_digest(store, store->read, digest, ret);
}

int store_find_key_id(struct store *store, struct text key_id, struct record *ret)
{
    return tables_record(store, store->read, key_id, ret);
}

int store_seq(struct store *store, uint64_t *ret)
{
    return tables_seq(store, store->read, ret);
}

int store_scopes(struct store *store, struct scope_registry *ret)
{
    return tables_scopes(store, store->read, ret);
}

int store_clock(struct store *store, int64_t *ret)
{
    return tables_clock(store, store->read, ret);
}

int store_usage(struct store *store, struct text key_id, struct usage *ret)
{
    MDB_val value;
    int r = -ENOENT;
    if (key_id_is_valid(key_id))
        r = tables_get(store, store->read, TABLE_USAGE, tables_val(key_id.data, key_id.len),
                       &value);
    if (r == -ENOENT) {
        *ret = (struct usage){0};
        return 0;
    }
    if (r < 0)
        return r;
    return usage_decode(value.mv_data, value.mv_size, ret);
}

/* ---- walking ----------------------------------------------------------------------------------
 */

static bool key_begins(MDB_val key, const uint8_t *prefix, size_t len)
{
    return key.mv_size >= len && memcmp(key.mv_data, prefix, len) == 0;
}

static int read_listed(struct store *store, MDB_val key, struct record *ret)
{
    struct text key_id;
    int r = tables_site_key_id(key, &key_id);
    if (r == 0)
        r = tables_record(store, store->read, key_id, ret);
    if (r != 0)
        return r == -ENOENT ? -EBADMSG : r;
    /* The index and the record must agree, or a site would be shown another's credential. */
    uint8_t expected[TABLES_SITE_KEY_MAX];
    size_t len = tables_site_key(ret->site, ret->created_at, ret->key_id, expected);
    return len == key.mv_size && memcmp(expected, key.mv_data, len) == 0 ? 0 : -EBADMSG;
}

static int visit_listed(struct store *store, MDB_val key, store_list_fn fn, void *userdata)
{
    struct record record;
    int r = read_listed(store, key, &record);
    if (r < 0 && r != -EBADMSG)
        return r;
    return fn(r == 0 ? &record : NULL, (struct text){key.mv_data, key.mv_size}, userdata);
}

struct text store_position_key_id(struct text position)
{
    struct text key_id;
    if (tables_site_key_id(tables_val(position.data, position.len), &key_id) < 0 ||
        !key_id_is_valid(key_id))
        return TEXT("");
    return key_id;
}

int store_list(struct store *store, struct text site, struct text after, store_list_fn fn,
               void *userdata)
{
    uint8_t prefix[SITE_MAX + 1];
    size_t prefix_len = 0;
    if (site.len > 0) {
        if (!text_is_site(site))
            return -EINVAL;
        memcpy(prefix, site.data, site.len);
        prefix[site.len] = 0;
        prefix_len = site.len + 1;
    }
    MDB_val start = tables_val(after.data, after.len);
    if (after.len > TABLES_SITE_KEY_MAX ||
        (after.len > 0 && prefix_len > 0 && !key_begins(start, prefix, prefix_len)))
        return -EINVAL;
    if (after.len == 0)
        start = tables_val(prefix, prefix_len);

    __attribute__((cleanup(tables_close_cursor))) MDB_cursor *cursor = NULL;
    int r = tables_error(mdb_cursor_open(store->read, store->dbi[TABLE_SITE], &cursor));
    if (r < 0)
        return r;
    MDB_val key = start, value;
    r = tables_error(
        mdb_cursor_get(cursor, &key, &value, start.mv_size > 0 ? MDB_SET_RANGE : MDB_FIRST));
    if (r == 0 && after.len > 0 && key.mv_size == after.len &&
        memcmp(key.mv_data, after.data, after.len) == 0)
        r = tables_error(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    while (r == 0 && key_begins(key, prefix, prefix_len)) {
        r = visit_listed(store, key, fn, userdata);
        if (r != 0)
            return r;
        r = tables_error(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    }
    return r == -ENOENT ? 0 : r;
}

/* Credentials walked by, in however many walks, before it is looked whether the pages that they
 * needed are too many: that takes as long as reading thirty of them. */
#define RELIEVE_EVERY 2048

/* A walk of the caller's: where it is, and who is told. */
struct visits {
    struct text after;
    store_walk_fn fn;
    void *userdata;
    bool ended; /* there is no more */
};

static int visit(struct store *store, struct visits *visits, const struct walk_row *row)
{
    visits->after = row->key_id;
    if (++store->walked % RELIEVE_EVERY == 0)
        table_map_relieve(&store->map);
    return row->damaged ? visits->fn(row->key_id, NULL, NULL, visits->userdata)
                        : visits->fn(row->key_id, &row->record, &row->usage, visits->userdata);
}

static int visit_what_was_read(struct store *store, struct visits *visits)
{
    const struct walk_row *row;
    int r = 0;

    while (r == 0 && (row = read_ahead_take(store->ahead, store->read, visits->after)) != NULL)
        r = visit(store, visits, row);
    return r;
}

/* At most so many. */
static int visit_some(struct store *store, struct visits *visits, uint64_t most)
{
    __attribute__((cleanup(walk_close))) struct walk walk;
    UNINITIALIZED struct walk_row row;

    int r = walk_open(store, store->read, &walk);
    if (r < 0)
        return r;
    for (uint64_t n = 0; n < most; n++) {
        r = n == 0 ? walk_seek(&walk, visits->after, &row) : walk_next(&walk, &row);
        visits->ended = r == -ENOENT;
        if (r < 0)
            return visits->ended ? 0 : r;
        r = visit(store, visits, &row);
        if (r != 0)
            return r;
    }
    return 0;
}

int store_walk(struct store *store, struct text after, store_walk_fn fn, void *userdata)
{
    struct visits visits = {.after = after, .fn = fn, .userdata = userdata};
    int r = 0;

    while (r == 0 && !visits.ended) {
        if (store->ahead)
            r = visit_what_was_read(store, &visits);
        if (r == 0)
            r = visit_some(store, &visits, store->ahead ? READ_AHEAD_LEAD : UINT64_MAX);
    }
    return r;
}

/* A small table is mapped as a whole in no time. Without the thread all that is lost is time. */
void store_begin_walks(struct store *store, struct text after)
{
    MDB_stat stat;

    if (!store->ahead && mdb_stat(store->read, store->dbi[TABLE_TOKEN], &stat) == 0 &&
        stat.ms_entries > READ_AHEAD_MAX) {
        atomic_store(&store->map.keep_bytes, TABLE_MAP_KEEP_WALKED_BYTES);
        (void)read_ahead_new(store, after, &store->ahead);
    }
}

void store_end_walks(struct store *store)
{
    store->ahead = read_ahead_free(store->ahead);
    if (atomic_load(&store->map.keep_bytes) == TABLE_MAP_KEEP_WALKED_BYTES) {
        atomic_store(&store->map.keep_bytes, TABLE_MAP_KEEP_BYTES);
        table_map_relieve(&store->map);
    }
}

/* Place the cursor on the newest entry below before. */
static int seek_below(MDB_cursor *cursor, uint64_t before, MDB_val *key, MDB_val *value)
{
    if (before == 0)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    uint8_t start[TABLES_AUDIT_KEY_BYTES];
    tables_audit_key(before, start);
    *key = tables_val(start, sizeof start);
    int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    return rc == 0 ? mdb_cursor_get(cursor, key, value, MDB_PREV) : rc;
}

static int visit_audit(MDB_val key, MDB_val value, store_audit_fn fn, void *userdata)
{
    uint64_t seq;
    struct audit_entry entry;
    int r = tables_audit_seq(key, &seq);
    if (r == 0)
        r = audit_decode(seq, value.mv_data, value.mv_size, &entry);
    return r < 0 ? r : fn(&entry, userdata);
}

int store_audit(struct store *store, uint64_t before, store_audit_fn fn, void *userdata)
{
    __attribute__((cleanup(tables_close_cursor))) MDB_cursor *cursor = NULL;
    int r = tables_error(mdb_cursor_open(store->read, store->dbi[TABLE_AUDIT], &cursor));
    if (r < 0)
        return r;
    MDB_val key, value;
    r = tables_error(seek_below(cursor, before, &key, &value));
    while (r == 0) {
        r = visit_audit(key, value, fn, userdata);
        if (r != 0)
            return r;
        r = tables_error(mdb_cursor_get(cursor, &key, &value, MDB_PREV));
    }
    return r == -ENOENT ? 0 : r;
}

int store_stats(struct store *store, struct store_stats *ret)
{
    struct store_stats stats;
    MDB_stat stat;
    int r = tables_error(mdb_stat(store->read, store->dbi[TABLE_TOKEN], &stat));
    if (r == 0)
        r = tables_room(store, store->read, &stats.used_bytes, &stats.map_bytes);
    if (r == 0)
        r = tables_seq(store, store->read, &stats.seq);
    if (r < 0)
        return r;
    stats.credentials = stat.ms_entries;
    *ret = stats;
    return 0;
}
