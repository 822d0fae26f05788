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
/* And before it is told to who reads ahead. */
#define FOLLOW_EVERY 128

/* Where they are others, less is fetched ahead than could be. */
#define PAGE_BYTES 4096
#define LINE_BYTES 64

/* Both tables are in the same order, and so walked side by side. */
struct walk {
    MDB_cursor *tokens, *usages;
    const void *token_page, *usage_page; /* rows in the pages that were fetched last */
    store_walk_fn fn;
    void *userdata;
};

/* Rows lie in a page in the order in which they came, which is none: it is fetched as a whole, and
 * not line by line as each is asked for. */
static void fetch_page(const void *row, const void **last)
{
    const char *page = (const char *)((uintptr_t)row / PAGE_BYTES * PAGE_BYTES);

    if ((uintptr_t)*last / PAGE_BYTES != (uintptr_t)page / PAGE_BYTES)
        for (size_t at = 0; at < PAGE_BYTES; at += LINE_BYTES)
            __builtin_prefetch(page + at);
    *last = row;
}

static int follow_usage(struct walk *walk, MDB_val key_id, struct usage *ret)
{
    MDB_val key = key_id, value;

    *ret = (struct usage){0};
    int rc = mdb_cursor_get(walk->usages, &key, &value, MDB_GET_CURRENT);
    if (rc == 0 && key.mv_size == key_id.mv_size &&
        memcmp(key.mv_data, key_id.mv_data, key.mv_size) < 0)
        rc = mdb_cursor_get(walk->usages, &key, &value, MDB_NEXT);
    /* Whenever it is not the very next: there are rows without a credential, and the reverse. */
    if (rc != 0 || key.mv_size != key_id.mv_size ||
        memcmp(key.mv_data, key_id.mv_data, key.mv_size) != 0) {
        key = key_id;
        rc = mdb_cursor_get(walk->usages, &key, &value, MDB_SET);
    }
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc != 0)
        return tables_error(rc);
    fetch_page(value.mv_data, &walk->usage_page);
    return usage_decode(value.mv_data, value.mv_size, ret);
}

static int visit_walked(struct walk *walk, MDB_val key, MDB_val value)
{
    struct text key_id = {key.mv_data, key.mv_size};
    UNINITIALIZED struct record record;
    struct usage usage;

    fetch_page(key.mv_data, &walk->token_page);
    int r = key_id_is_valid(key_id) ? tables_decode(key, value, &record) : -ENOENT;
    if (r == 0)
        r = follow_usage(walk, key, &usage);
    if (r < 0 && r != -EBADMSG && r != -EPROTONOSUPPORT)
        return r;
    return r == 0 ? walk->fn(key_id, &record, &usage, walk->userdata)
                  : walk->fn(key_id, NULL, NULL, walk->userdata);
}

static void count_walked(struct store *store, MDB_val key)
{
    store->walked++;
    if (store->ahead && store->walked % FOLLOW_EVERY == 0)
        read_ahead_follow(store->ahead, (struct text){key.mv_data, key.mv_size}, FOLLOW_EVERY);
    if (store->walked % RELIEVE_EVERY == 0)
        table_map_relieve(&store->map);
}

static int walk_on(struct store *store, struct walk *walk, struct text after)
{
    MDB_val key = tables_val(after.data, after.len), value;

    int r = tables_error(
        mdb_cursor_get(walk->tokens, &key, &value, after.len > 0 ? MDB_SET_RANGE : MDB_FIRST));
    if (r == 0 && key.mv_size == after.len && memcmp(key.mv_data, after.data, after.len) == 0)
        r = tables_error(mdb_cursor_get(walk->tokens, &key, &value, MDB_NEXT));
    while (r == 0) {
        r = visit_walked(walk, key, value);
        if (r != 0)
            return r;
        count_walked(store, key);
        r = tables_error(mdb_cursor_get(walk->tokens, &key, &value, MDB_NEXT));
    }
    return r == -ENOENT ? 0 : r;
}

int store_walk(struct store *store, struct text after, store_walk_fn fn, void *userdata)
{
    __attribute__((cleanup(tables_close_cursor))) MDB_cursor *tokens = NULL, *usages = NULL;

    int r = tables_error(mdb_cursor_open(store->read, store->dbi[TABLE_TOKEN], &tokens));
    if (r == 0)
        r = tables_error(mdb_cursor_open(store->read, store->dbi[TABLE_USAGE], &usages));
    if (r < 0)
        return r;
    struct walk walk = {.tokens = tokens, .usages = usages, .fn = fn, .userdata = userdata};
    return walk_on(store, &walk, after);
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
