/* data.mdb while it is open: what others do to it is seen before anything is committed into it. */
#include "daemon/store/table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

/* ---- a disk without room, in the test's hands: the store finds this instead of the C library's */

static int allocation_error;
static off_t allocated_end;

__attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t from, off_t len)
{
    if (allocation_error) {
        errno = allocation_error;
        return -1;
    }
    if (mode == FALLOC_FL_KEEP_SIZE) /* data.mdb, not lock.mdb */
        allocated_end = from + len;
    return 0;
}

struct open_table {
    char dir[FIXTURE_PATH_MAX];
    char path[FIXTURE_PATH_MAX];
    struct store *store;
};

static void mint(struct open_table *t, unsigned n)
{
    struct change change;
    fixture_mint(n, &change);
    fixture_must_apply(t->store, &change);
    table_file_settle(t->store);
}

static void begin(struct open_table *t)
{
    fixture_make_dir(t->dir);
    fixture_path(t->dir, "data.mdb", t->path);
    t->store = fixture_open(t->dir);
    mint(t, 1);
    ck_assert_int_eq(table_file_prepare(t->store), 0);
}

static void end(struct open_table *t)
{
    store_close(t->store);
    fixture_remove_dir(t->dir);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w"); /* the same inode, when there is one */
    ck_assert(in && out);
    size_t len = fread(bytes, 1, sizeof bytes, in);
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
    ck_assert_int_eq(fclose(in) | fclose(out), 0);
}

START_TEST(commits_of_its_own_leave_it_its_own)
{
    struct open_table t;
    begin(&t);
    for (unsigned n = 2; n < 50; n++) {
        mint(&t, n);
        ck_assert_int_eq(table_file_prepare(t.store), 0);
    }
    end(&t);
}
END_TEST

START_TEST(sees_that_it_was_replaced_or_removed)
{
    struct open_table t;
    char aside[FIXTURE_PATH_MAX];
    begin(&t);
    fixture_path(t.dir, "aside", aside);
    copy_file(t.path, aside);
    ck_assert_int_eq(rename(aside, t.path), 0);
    ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    ck_assert_int_eq(unlink(t.path), 0);
    ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    ck_assert_int_eq(symlink("elsewhere", t.path), 0);
    ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    end(&t);
}
END_TEST

START_TEST(sees_that_it_was_cut_or_made_longer)
{
    struct open_table t;
    struct stat st;
    begin(&t);
    ck_assert_int_eq(stat(t.path, &st), 0);
    static const off_t by[] = {1, -1, -4096};
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(truncate(t.path, st.st_size + by[i]), 0);
        ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    }
    ck_assert_int_eq(truncate(t.path, 0), 0); /* nothing of the map may be touched */
    ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    ck_assert_int_eq(stat(t.path, &st), 0);
    ck_assert_int_eq(st.st_size, 0); /* and nothing may be made of it */
    end(&t);
}
END_TEST

START_TEST(sees_another_table_written_into_it)
{
    struct open_table t;
    struct stat st;
    char backup[FIXTURE_PATH_MAX];
    begin(&t);
    fixture_path(t.dir, "backup", backup);
    copy_file(t.path, backup);
    ck_assert_int_eq(stat(t.path, &st), 0);
    mint(&t, 2);
    ck_assert_int_eq(table_file_prepare(t.store), 0);
    copy_file(backup, t.path); /* as cp does it */
    ck_assert_int_eq(truncate(t.path, st.st_size), 0);
    ck_assert_int_eq(table_file_prepare(t.store), -ESTALE);
    end(&t);
}
END_TEST

START_TEST(keeps_blocks_allocated_behind_its_last_page)
{
    struct open_table t;
    begin(&t);
    off_t first = allocated_end;
    ck_assert_int_ge(first, (off_t)TABLE_FILE_RESERVE_BYTES);
    allocated_end = 0;
    mint(&t, 2);
    ck_assert_int_eq(table_file_prepare(t.store), 0);
    ck_assert_int_eq(allocated_end, 0); /* not each time */
    for (unsigned n = 3; allocated_end == 0; n++) {
        ck_assert_uint_lt(n, 20000);
        mint(&t, n);
        ck_assert_int_eq(table_file_prepare(t.store), 0);
    }
    ck_assert_int_gt(allocated_end, first);
    end(&t);
}
END_TEST

START_TEST(knows_a_full_disk_until_there_is_room)
{
    struct open_table t;
    static const int full[] = {ENOSPC, EDQUOT};
    for (unsigned i = 0; i < 2; i++) {
        begin(&t);
        allocation_error = full[i];
        t.store->reserved_end = 0; /* as if the table had grown since */
        ck_assert_int_eq(table_file_prepare(t.store), 0);
        ck_assert(t.store->disk_full);
        struct change change;
        struct change_result result;
        fixture_mint(2, &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &result), -EDQUOT);
        fixture_revoke(1, "", &change);
        ck_assert_int_eq(fixture_apply(t.store, &change, &result), 0);
        table_file_settle(t.store);
        allocation_error = 0;
        ck_assert_int_eq(table_file_prepare(t.store), 0);
        ck_assert(!t.store->disk_full);
        mint(&t, 2);
        end(&t);
    }
}
END_TEST

START_TEST(a_file_system_that_can_t_allocate_is_not_full)
{
    struct open_table t;
    allocation_error = EOPNOTSUPP;
    begin(&t);
    t.store->disk_full = true; /* as a failed commit leaves it */
    ck_assert_int_eq(table_file_prepare(t.store), 0);
    ck_assert(!t.store->disk_full);
    mint(&t, 2);
    end(&t);
}
END_TEST

SUITE_MAIN("table_file", commits_of_its_own_leave_it_its_own, sees_that_it_was_replaced_or_removed,
           sees_that_it_was_cut_or_made_longer, sees_another_table_written_into_it,
           keeps_blocks_allocated_behind_its_last_page, knows_a_full_disk_until_there_is_room,
           a_file_system_that_can_t_allocate_is_not_full)
