/* The thread that reads the table's rows ahead of a walk: which rows a walk may take from it, how
 * far it goes, and when it ends. */
#include "daemon/store/read_ahead.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "tests/daemon/store/fixture.h"
#include "tests/resident.h"
#include "tests/suite.h"

#define TOKENS (7 * READ_AHEAD_MAX)

static struct store *store;
static char dir[FIXTURE_PATH_MAX];
static struct read_ahead *ahead;

/* All at once: each by a commit of its own would take long. */
static void fill(void)
{
    MDB_txn *txn;
    struct fixture_token token;
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;

    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    for (unsigned n = 1; n <= TOKENS; n++) {
        fixture_token(n, &token);
        ck_assert_int_eq(record_encode(&token.record, bytes, &len), 0);
        ck_assert_int_eq(tables_put(store, txn, TABLE_TOKEN, tables_val(token.key_id, KEY_ID_LEN),
                                    tables_val(bytes, len), 0),
                         0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static void begin(void)
{
    fixture_make_dir(dir);
    store = fixture_open(dir);
    fill();
}

static void end(void)
{
    store_close(store);
    fixture_remove_dir(dir);
}

static void await_rest(void)
{
    while (!read_ahead_rests(ahead))
        sched_yield();
}

static int on_reader(const char *line, void *userdata)
{
    /* A line of each reader: process, thread, and the number of its transaction or "-". */
    if (strchr(line, '-') == NULL && strstr(line, "pid") == NULL)
        ++*(unsigned *)userdata;
    return 0;
}

static unsigned open_reads(void)
{
    unsigned count = 0;

    ck_assert_int_ge(mdb_reader_list(store->env, on_reader, &count), 0);
    return count;
}

static struct text key_id_of(unsigned n)
{
    static char key_id[KEY_ID_LEN + 1];

    return fixture_key_id(n, key_id);
}

/* Within a read. */
static const struct walk_row *take(unsigned after)
{
    return read_ahead_take(ahead, store->read, after > 0 ? key_id_of(after) : TEXT(""));
}

static void assert_row(const struct walk_row *row, unsigned n)
{
    struct record record;

    ck_assert_ptr_nonnull(row);
    ck_assert(!row->damaged);
    ck_assert(text_equal(row->key_id, key_id_of(n)));
    ck_assert_int_eq(store_find_key_id(store, row->key_id, &record), 0);
    ck_assert_mem_eq(row->record.digest, record.digest, DIGEST_BYTES);
    ck_assert(text_equal(row->record.name, record.name));
    ck_assert_uint_eq(row->usage.allowed, 0);
}

START_TEST(stays_ahead_of_the_walk_by_so_many_and_holds_no_read_while_it_waits)
{
    begin();
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await_rest();
    ck_assert_uint_eq(read_ahead_position(ahead), READ_AHEAD_MAX);
    ck_assert_uint_eq(open_reads(), 0);
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_uint_eq(open_reads(), 1); /* it is seen where there is one */
    for (unsigned n = 0; n < READ_AHEAD_MAX; n++)
        assert_row(take(n), n + 1);
    store_read_end(store);
    await_rest();
    ck_assert_uint_ge(read_ahead_position(ahead), 3 * READ_AHEAD_MAX / 2);
    ck_assert_uint_le(read_ahead_position(ahead), 2 * READ_AHEAD_MAX);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

START_TEST(maps_the_whole_table_before_it_reads_the_first_rows)
{
    MDB_envinfo info;
    MDB_stat stat;
    begin();
    ck_assert_int_eq(mdb_env_info(store->env, &info), 0);
    ck_assert_int_eq(mdb_env_stat(store->env, &stat), 0);
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    ck_assert_uint_lt(resident_bytes(store->map.start), used / 2);
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await_rest();
    ck_assert_uint_eq(resident_bytes(store->map.start), used);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

START_TEST(a_walk_may_stop_and_go_on_anywhere)
{
    begin();
    ck_assert_int_eq(read_ahead_new(store, key_id_of(100), &ahead), 0);
    await_rest();
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_ptr_null(take(0)); /* what comes next is not the first one that was read */
    ck_assert_ptr_null(take(99));
    assert_row(take(100), 101);
    store_read_end(store);
    ck_assert_int_eq(store_read_begin(store), 0);
    assert_row(take(100), 101);
    assert_row(take(140), 141);
    assert_row(take(900), 901);
    ck_assert_ptr_null(take(140)); /* it does not go back */
    store_read_end(store);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

/* As an edit by an administrator does. */
static void suspend(unsigned n)
{
    MDB_txn *txn;
    struct fixture_token token;
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;

    fixture_token(n, &token);
    token.record.suspended = true;
    ck_assert_int_eq(record_encode(&token.record, bytes, &len), 0);
    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(tables_put(store, txn, TABLE_TOKEN, tables_val(token.key_id, KEY_ID_LEN),
                                tables_val(bytes, len), 0),
                     0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

START_TEST(what_was_read_in_another_snapshot_is_not_taken)
{
    begin();
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await_rest();
    ck_assert_int_eq(store_read_begin(store), 0);
    assert_row(take(0), 1);
    store_read_end(store);
    suspend(2);
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_ptr_null(take(1));
    await_rest();
    assert_row(take(READ_AHEAD_MAX), READ_AHEAD_MAX + 1); /* it goes on in the new one */
    store_read_end(store);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

/* The thread reads on while the walk drops what it does not need: if the walk was interrupted just
 * then, the thread may be there first. */
START_TEST(where_the_walk_is_ahead_it_leaves_to_it_what_that_reads_by_itself)
{
    unsigned at = 0;

    begin();
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await_rest();
    ck_assert_int_eq(store_read_begin(store), 0);
    do {
        at += READ_AHEAD_MAX + 100;
        ck_assert_uint_lt(at + READ_AHEAD_LEAD, TOKENS);
    } while (take(at) != NULL);
    await_rest();
    ck_assert_ptr_null(take(at + READ_AHEAD_LEAD - 1));
    assert_row(take(at + READ_AHEAD_LEAD), at + READ_AHEAD_LEAD + 1);
    store_read_end(store);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

START_TEST(ends_with_the_table_and_can_be_asked_all_the_same)
{
    begin();
    ck_assert_int_eq(read_ahead_new(store, key_id_of(TOKENS - 100), &ahead), 0);
    await_rest();
    ck_assert_uint_eq(read_ahead_position(ahead), 100);
    ck_assert_int_eq(store_read_begin(store), 0);
    for (unsigned n = TOKENS - 100; n < TOKENS; n++)
        assert_row(take(n), n + 1);
    ck_assert_ptr_null(take(TOKENS));
    ck_assert_ptr_null(take(TOKENS));
    store_read_end(store);
    ck_assert_ptr_null(read_ahead_free(ahead));
    ck_assert_ptr_null(read_ahead_free(NULL));
    end();
}
END_TEST

/* ---- the store's walk --------------------------------------------------------------------------
 */

/* What a walk is to meet: each once, in order. */
struct expected {
    unsigned next, suspended, damaged;
    bool at_once; /* or it stops after each hundred */
};

static int on_walked(struct text key_id, const struct record *record, const struct usage *usage,
                     void *userdata)
{
    struct expected *expected = userdata;

    if (key_id.len == 1) { /* of break_some() */
        ck_assert_ptr_null(record);
        expected->damaged++;
        return 0;
    }
    ck_assert(text_equal(key_id, key_id_of(expected->next)));
    expected->next++;
    ck_assert_int_eq(record == NULL, usage == NULL);
    if (record == NULL)
        expected->damaged++;
    else
        expected->suspended += record->suspended;
    return !expected->at_once && expected->next % 100 == 0;
}

START_TEST(a_walk_of_the_store_takes_it_along_and_small_tables_need_none)
{
    struct expected expected = {.next = 1, .at_once = true};

    begin();
    ck_assert_int_eq(store_read_begin(store), 0);
    store_begin_walks(store, TEXT(""));
    ck_assert_ptr_nonnull(store->ahead);
    ck_assert_uint_eq(store->map.keep_bytes, TABLE_MAP_KEEP_WALKED_BYTES);
    ahead = store->ahead;
    store_begin_walks(store, TEXT("")); /* does nothing */
    ck_assert_ptr_eq(store->ahead, ahead);
    await_rest();
    ck_assert_int_eq(store_walk(store, TEXT(""), on_walked, &expected), 0);
    ck_assert_uint_eq(expected.next, TOKENS + 1);
    ck_assert_ptr_null(take(0)); /* it was taken */
    store_end_walks(store);
    ck_assert_ptr_null(store->ahead);
    ck_assert_uint_eq(store->map.keep_bytes, TABLE_MAP_KEEP_BYTES);
    store_end_walks(store);
    store_begin_walks(store, TEXT("")); /* and the store is closed with it */
    store_read_end(store);
    end();

    fixture_make_dir(dir);
    store = fixture_open(dir);
    ck_assert_int_eq(store_read_begin(store), 0);
    store_begin_walks(store, TEXT(""));
    ck_assert_ptr_null(store->ahead);
    store_read_end(store);
    end();
}
END_TEST

/* Its pieces are of other snapshots, and it must never meet what was read before a commit. */
START_TEST(a_walk_in_pieces_meets_each_change_that_was_committed_before_its_piece)
{
    struct expected expected = {.next = 1};
    unsigned changed = 0, since = 0;
    int r;

    begin();
    ck_assert_int_eq(store_read_begin(store), 0);
    store_begin_walks(store, TEXT(""));
    ahead = store->ahead;
    store_read_end(store);
    do {
        await_rest();
        if (expected.next > since) {
            suspend(expected.next + 3);
            changed++;
            since = expected.next + READ_AHEAD_MAX / 2;
        }
        ck_assert_int_eq(store_read_begin(store), 0);
        struct text after = expected.next > 1 ? key_id_of(expected.next - 1) : TEXT("");
        r = store_walk(store, after, on_walked, &expected);
        store_read_end(store);
        ck_assert_uint_eq(expected.suspended, changed);
    } while (r == 1);
    ck_assert_uint_eq(expected.next, TOKENS + 1);
    ck_assert_uint_gt(changed, 3);
    store_end_walks(store);
    end();
}
END_TEST

static void put_raw(const char *key, size_t len)
{
    MDB_txn *txn;

    ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    ck_assert_int_eq(
        tables_put(store, txn, TABLE_TOKEN, tables_val(key, len), tables_val("no record", 9), 0),
        0);
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

/* The thread can't tell what comes after it; the walk can. */
START_TEST(a_key_that_is_none_ends_the_thread)
{
    char longer[KEY_ID_LEN + 2];

    begin();
    snprintf(longer, sizeof longer, "%sx", key_id_of(62).data);
    put_raw(longer, KEY_ID_LEN + 1);
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await_rest();
    ck_assert_uint_eq(read_ahead_position(ahead), 62);
    ck_assert_int_eq(store_read_begin(store), 0);
    assert_row(take(61), 62);
    ck_assert_ptr_null(take(62));
    store_read_end(store);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

/* A row that is no record, and keys that are no key_ids, before all others and after them. */
START_TEST(what_is_damaged_is_met_and_ends_nothing)
{
    struct expected expected = {.next = 1, .at_once = true};

    begin();
    put_raw(key_id_of(700).data, KEY_ID_LEN);
    put_raw("a", 1);
    put_raw("z", 1);
    ck_assert_int_eq(store_read_begin(store), 0);
    store_begin_walks(store, TEXT(""));
    ck_assert_int_eq(store_walk(store, TEXT(""), on_walked, &expected), 0);
    ck_assert_uint_eq(expected.next, TOKENS + 1);
    ck_assert_uint_eq(expected.damaged, 3);
    store_read_end(store);
    end();
}
END_TEST

SUITE_MAIN("read_ahead", stays_ahead_of_the_walk_by_so_many_and_holds_no_read_while_it_waits,
           maps_the_whole_table_before_it_reads_the_first_rows, a_walk_may_stop_and_go_on_anywhere,
           what_was_read_in_another_snapshot_is_not_taken,
           where_the_walk_is_ahead_it_leaves_to_it_what_that_reads_by_itself,
           ends_with_the_table_and_can_be_asked_all_the_same,
           a_walk_of_the_store_takes_it_along_and_small_tables_need_none,
           a_walk_in_pieces_meets_each_change_that_was_committed_before_its_piece,
           a_key_that_is_none_ends_the_thread, what_is_damaged_is_met_and_ends_nothing)
