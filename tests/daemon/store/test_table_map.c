/* The table's pages in this process: none stays that nobody needs, and each comes back. */
#include "daemon/store/table_map.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/committer.h"
#include "tests/daemon/store/fixture.h"
#include "tests/resident.h"
#include "tests/suite.h"

#define TOKENS 500

static struct store *store;
static char dir[FIXTURE_PATH_MAX];

static void read_all(void)
{
    ck_assert_int_eq(store_read_begin(store), 0);
    for (unsigned n = 1; n <= TOKENS; n++) {
        char key_id[KEY_ID_LEN + 1];
        struct record record;
        ck_assert_int_eq(store_find_key_id(store, fixture_key_id(n, key_id), &record), 0);
        ck_assert(text_equal(record.key_id, text_of(key_id)));
    }
    store_read_end(store);
}

static void begin(void)
{
    fixture_make_dir(dir);
    store = fixture_open(dir);
    for (unsigned n = 1; n <= TOKENS; n++) {
        struct change change;
        fixture_mint(n, &change);
        fixture_must_apply(store, &change);
    }
    read_all();
}

static void end(void)
{
    store_close(store);
    fixture_remove_dir(dir);
}

START_TEST(knows_where_the_table_is)
{
    begin();
    MDB_envinfo info;
    ck_assert_int_eq(mdb_env_info(store->env, &info), 0);
    ck_assert_ptr_nonnull(store->map.start);
    ck_assert_uint_eq(store->map.len, info.me_mapsize);
    /* A record lies in it: it is LMDB's, and not another map of the file. */
    struct record record;
    char key_id[KEY_ID_LEN + 1];
    ck_assert_int_eq(store_read_begin(store), 0);
    ck_assert_int_eq(store_find_key_id(store, fixture_key_id(1, key_id), &record), 0);
    ck_assert_uint_lt((uintptr_t)record.key_id.data - (uintptr_t)store->map.start, store->map.len);
    store_read_end(store);
    end();
}
END_TEST

START_TEST(keeps_what_is_little)
{
    begin();
    size_t before = resident_bytes(store->map.start);
    ck_assert_uint_gt(before, 0);
    table_map_relieve(&store->map);
    ck_assert_uint_eq(resident_bytes(store->map.start), before);
    end();
}
END_TEST

START_TEST(gives_back_what_is_much_and_reads_it_again)
{
    begin();
    struct table_map map = store->map;
    map.keep_bytes = 0;
    table_map_relieve(&map);
    ck_assert_uint_eq(resident_bytes(map.start), 0);
    read_all();
    ck_assert_uint_gt(resident_bytes(map.start), 0);
    end();
}
END_TEST

START_TEST(never_unmaps_what_it_did_not_find)
{
    begin();
    const struct table_map map = {0};
    size_t before = resident_bytes(store->map.start);
    table_map_relieve(&map);
    ck_assert_uint_eq(resident_bytes(store->map.start), before);
    end();
}
END_TEST

static size_t used_bytes(void)
{
    MDB_envinfo info;
    MDB_stat stat;

    ck_assert_int_eq(mdb_env_info(store->env, &info), 0);
    ck_assert_int_eq(mdb_env_stat(store->env, &stat), 0);
    return (info.me_last_pgno + 1) * stat.ms_psize;
}

/* Mapped by nothing but this: a page that is met brings its neighbours along. */
static void unmap_all(void)
{
    struct table_map map = store->map;

    map.keep_bytes = 0;
    table_map_relieve(&map);
    ck_assert_uint_eq(resident_bytes(map.start), 0);
}

START_TEST(maps_all_that_the_table_has_and_no_more)
{
    static const _Atomic bool stop = false;

    begin();
    unmap_all();
    store->map.keep_bytes = used_bytes();
    table_map_expect(&store->map, store->env, &stop);
    ck_assert_uint_eq(resident_bytes(store->map.start), used_bytes());
    end();
}
END_TEST

START_TEST(maps_nothing_of_a_table_that_is_too_large_or_when_it_is_to_stop)
{
    static const _Atomic bool go_on = false, stop = true;
    const struct table_map unknown = {.keep_bytes = UINT64_MAX};

    begin();
    unmap_all();
    size_t used = used_bytes(), asked = resident_bytes(store->map.start); /* for LMDB's own page */
    ck_assert_uint_lt(asked, used);
    table_map_expect(&unknown, store->env, &go_on);
    table_map_expect(&store->map, store->env, &stop);
    store->map.keep_bytes = used - 1;
    table_map_expect(&store->map, store->env, &go_on);
    ck_assert_uint_eq(resident_bytes(store->map.start), asked);
    end();
}
END_TEST

static void on_done(const struct change *change, const struct change_result *result, void *userdata)
{
    ck_assert_int_eq(result->error, 0);
}

START_TEST(the_committer_gives_back_after_a_batch)
{
    begin();
    store->map.keep_bytes = 0;
    ck_assert_uint_gt(resident_bytes(store->map.start), 0);
    struct committer *committer;
    struct change change;
    ck_assert_int_eq(committer_new(store, &committer), 0);
    fixture_mint(TOKENS + 1, &change);
    ck_assert_int_eq(committer_submit(committer, &change, on_done, NULL), 0);
    struct pollfd pollfd = {.fd = committer_fd(committer), .events = POLLIN};
    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
    committer_collect(committer);
    committer_free(committer); /* which waits for its thread */
    ck_assert_uint_eq(resident_bytes(store->map.start), 0);
    end();
}
END_TEST

SUITE_MAIN("table_map", knows_where_the_table_is, keeps_what_is_little,
           gives_back_what_is_much_and_reads_it_again, never_unmaps_what_it_did_not_find,
           maps_all_that_the_table_has_and_no_more,
           maps_nothing_of_a_table_that_is_too_large_or_when_it_is_to_stop,
           the_committer_gives_back_after_a_batch)
