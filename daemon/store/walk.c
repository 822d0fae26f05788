#include "daemon/store/walk.h"

#include <errno.h>

#include "daemon/store/usage.h"

/* Where they are others, less is fetched ahead than could be. */
#define PAGE_BYTES 4096
#define LINE_BYTES 64

int walk_open(const struct store *store, MDB_txn *txn, struct walk *ret)
{
    *ret = (struct walk){0};
    int r = tables_error(mdb_cursor_open(txn, store->dbi[TABLE_TOKEN], &ret->tokens));
    if (r == 0)
        r = tables_error(mdb_cursor_open(txn, store->dbi[TABLE_USAGE], &ret->usages));
    if (r < 0)
        walk_close(ret);
    return r;
}

void walk_close(struct walk *walk)
{
    tables_close_cursor(&walk->tokens);
    tables_close_cursor(&walk->usages);
}

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

static int read_row(struct walk *walk, MDB_val key, MDB_val value, struct walk_row *ret)
{
    ret->key_id = (struct text){key.mv_data, key.mv_size};
    fetch_page(key.mv_data, &walk->token_page);
    int r = key_id_is_valid(ret->key_id) ? tables_decode(key, value, &ret->record) : -EBADMSG;
    if (r == 0)
        r = follow_usage(walk, key, &ret->usage);
    ret->damaged = r < 0;
    return r == -EBADMSG || r == -EPROTONOSUPPORT ? 0 : r;
}

int walk_seek(struct walk *walk, struct text after, struct walk_row *ret)
{
    MDB_val key = tables_val(after.data, after.len), value;

    int rc = mdb_cursor_get(walk->tokens, &key, &value, after.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
    if (rc == 0 && text_equal((struct text){key.mv_data, key.mv_size}, after))
        rc = mdb_cursor_get(walk->tokens, &key, &value, MDB_NEXT);
    return rc == 0 ? read_row(walk, key, value, ret) : tables_error(rc);
}

int walk_next(struct walk *walk, struct walk_row *ret)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(walk->tokens, &key, &value, MDB_NEXT);

    return rc == 0 ? read_row(walk, key, value, ret) : tables_error(rc);
}

int walk_touch(struct walk *walk, struct text *ret_key_id)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(walk->tokens, &key, &value, MDB_NEXT);

    if (rc == 0)
        *ret_key_id = (struct text){key.mv_data, key.mv_size};
    return tables_error(rc);
}
