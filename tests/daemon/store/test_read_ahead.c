/* The thread that touches the table ahead of a walk: how far it goes, and when it ends. */
#include "daemon/store/read_ahead.h"

#include <sched.h>
#include <string.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

#define TOKENS (3 * READ_AHEAD_MAX)

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

static void await(uint64_t position)
{
    while (read_ahead_position(ahead) < position)
        sched_yield();
    ck_assert_uint_eq(read_ahead_position(ahead), position);
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

START_TEST(stays_ahead_of_the_walk_by_so_many_and_holds_no_read_while_it_waits)
{
    begin();
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await(READ_AHEAD_MAX);
    ck_assert_uint_eq(open_reads(), 0);
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_uint_eq(open_reads(), 1); /* it is seen where there is one */
    store_read_end(store);
    read_ahead_follow(ahead, TEXT("key_0000000000000001"), READ_AHEAD_MAX);
    await(2 * READ_AHEAD_MAX);
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

START_TEST(one_that_was_overtaken_goes_on_from_where_the_walk_is)
{
    char key_id[KEY_ID_LEN + 1];

    begin();
    ck_assert_int_eq(read_ahead_new(store, TEXT(""), &ahead), 0);
    await(READ_AHEAD_MAX);
    read_ahead_follow(ahead, fixture_key_id(TOKENS, key_id), 4 * READ_AHEAD_MAX);
    await(4 * READ_AHEAD_MAX); /* more than it would come to one by one */
    ck_assert_ptr_null(read_ahead_free(ahead));
    end();
}
END_TEST

START_TEST(ends_with_the_table_and_can_be_told_of_a_walk_all_the_same)
{
    char key_id[KEY_ID_LEN + 1];

    begin();
    ck_assert_int_eq(
        read_ahead_new(store, fixture_key_id(TOKENS - READ_AHEAD_MAX / 2, key_id), &ahead), 0);
    for (unsigned i = 0; i < 2 * READ_AHEAD_MAX; i++)
        read_ahead_follow(ahead, text_of(key_id), 1);
    ck_assert_ptr_null(read_ahead_free(ahead));
    ck_assert_ptr_null(read_ahead_free(NULL));
    end();
}
END_TEST

static int on_walked(struct text key_id, const struct record *record, const struct usage *usage,
                     void *userdata)
{
    ck_assert_ptr_nonnull(record);
    ck_assert(text_equal(record->key_id, key_id));
    ++*(unsigned *)userdata;
    return 0;
}

START_TEST(a_walk_of_the_store_takes_it_along_and_small_tables_need_none)
{
    unsigned walked = 0;

    begin();
    ck_assert_int_eq(store_read_begin(store), 0);
    store_begin_walks(store, TEXT(""));
    ck_assert_ptr_nonnull(store->ahead);
    ck_assert_uint_eq(store->map.keep_bytes, TABLE_MAP_KEEP_WALKED_BYTES);
    ahead = store->ahead;
    store_begin_walks(store, TEXT("")); /* does nothing */
    ck_assert_ptr_eq(store->ahead, ahead);
    await(READ_AHEAD_MAX);
    ck_assert_int_eq(store_walk(store, TEXT(""), on_walked, &walked), 0);
    ck_assert_uint_eq(walked, TOKENS);
    while (read_ahead_position(ahead) <= READ_AHEAD_MAX)
        sched_yield();
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

SUITE_MAIN("read_ahead", stays_ahead_of_the_walk_by_so_many_and_holds_no_read_while_it_waits,
           one_that_was_overtaken_goes_on_from_where_the_walk_is,
           ends_with_the_table_and_can_be_told_of_a_walk_all_the_same,
           a_walk_of_the_store_takes_it_along_and_small_tables_need_none)
