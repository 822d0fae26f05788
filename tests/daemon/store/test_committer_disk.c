/* What a commit makes of the disk's errors: known to be not there, or unknown; never worse. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/store/committer.h"
#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

/* ---- the disk, in the test's hands -------------------------------------------------------------
 * LMDB finds these instead of the C library's. It writes data pages with any of the three, and the
 * meta page with a pwrite of less than a page. */

static _Atomic int data_error, meta_error, sync_error, allocation_error;
static _Atomic unsigned failures; /* so many times more */
static _Atomic bool cut_short, is_cramped;

static bool fails(int error)
{
    if (!error || atomic_load(&failures) == 0)
        return false;
    atomic_fetch_sub(&failures, 1);
    errno = error;
    return true;
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t len,
                                                      off_t at)
{
    if (fails(atomic_load(len < 512 ? &meta_error : &data_error)))
        return atomic_load(&cut_short) ? 1 : -1;
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

__attribute__((visibility("default"))) ssize_t pwritev(int fd, const struct iovec *iov, int count,
                                                       off_t at)
{
    if (fails(atomic_load(&data_error)))
        return atomic_load(&cut_short) ? 1 : -1;
    return syscall(SYS_pwritev, fd, iov, count, at, 0L);
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *iov, int count)
{
    if (fails(atomic_load(&data_error)))
        return atomic_load(&cut_short) ? 1 : -1;
    return syscall(SYS_writev, fd, iov, count);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return fails(atomic_load(&sync_error)) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t from, off_t len)
{
    errno = atomic_load(&allocation_error);
    return errno ? -1 : (int)syscall(SYS_fallocate, fd, mode, from, len);
}

__attribute__((visibility("default"))) int fstatvfs(int fd, struct statvfs *ret)
{
    *ret =
        (struct statvfs){.f_frsize = 4096, .f_bavail = atomic_load(&is_cramped) ? 100 : 1000000000};
    return 0;
}

static void fail_once(_Atomic int *which, int error)
{
    atomic_store(which, error);
    atomic_store(&failures, 1);
}

/* ---- a committer and what came back from it ---------------------------------------------------
 */

struct trial {
    char dir[FIXTURE_PATH_MAX];
    struct store *store;
    struct committer *committer;
    unsigned count;
    int errors[16];
};

static void begin(struct trial *t)
{
    *t = (struct trial){0};
    fixture_make_dir(t->dir);
    t->store = fixture_open(t->dir);
    ck_assert_int_eq(committer_new(t->store, &t->committer), 0);
}

static void reopen(struct trial *t)
{
    committer_free(t->committer);
    store_close(t->store);
    t->store = fixture_open(t->dir);
    ck_assert_int_eq(committer_new(t->store, &t->committer), 0);
}

static void end(struct trial *t)
{
    committer_free(t->committer);
    store_close(t->store);
    fixture_remove_dir(t->dir);
}

static void on_done(const struct change *change, const struct change_result *result, void *userdata)
{
    struct trial *t = userdata;
    ck_assert_uint_lt(t->count, 16);
    t->errors[t->count++] = result->error;
}

static void submit(struct trial *t, const struct change *change)
{
    ck_assert_int_eq(committer_submit(t->committer, change, on_done, t), 0);
}

static void await_event(struct trial *t)
{
    struct pollfd pollfd = {.fd = committer_fd(t->committer), .events = POLLIN};
    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
    committer_collect(t->committer);
}

static int outcome_of(struct trial *t, const struct change *change)
{
    t->count = 0;
    submit(t, change);
    while (t->count == 0)
        await_event(t);
    return t->errors[0];
}

static int mint(struct trial *t, unsigned n)
{
    struct change change;
    fixture_mint(n, &change);
    return outcome_of(t, &change);
}

static int outcome_of_revoke(struct trial *t, unsigned n)
{
    struct change change;
    fixture_revoke(n, "leaked", &change);
    return outcome_of(t, &change);
}

static bool is_there(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    struct record record;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    int r = store_find_key_id(t->store, fixture_key_id(n, key_id), &record);
    store_read_end(t->store);
    return r == 0;
}

/* ---- known ------------------------------------------------------------------------------------
 */

struct known {
    int injected, told;
};

START_TEST(an_error_before_the_meta_page_is_known_and_the_next_commit_tries_again)
{
    static const struct known table[] = {
        {ENOSPC, -EDQUOT}, {EDQUOT, -EDQUOT}, {EFBIG, -EDQUOT}, {ENOMEM, -ENOMEM}, {EROFS, -EROFS},
    };
    _Atomic int *const at[] = {&data_error, &sync_error};
    struct trial t;
    begin(&t);
    ck_assert_int_eq(mint(&t, 1), 0);
    unsigned n = 2;
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < 2; k++, n++) {
            atomic_store(at[k], table[i].injected);
            atomic_store(&failures, 2); /* also of the second try */
            ck_assert_int_eq(mint(&t, n), table[i].told);
            ck_assert(!is_there(&t, n));
            atomic_store(&failures, 0);
            atomic_store(at[k], 0);
            ck_assert_int_eq(committer_failure(t.committer), 0);
            ck_assert_int_eq(mint(&t, n), 0);
        }
    reopen(&t);
    for (unsigned i = 1; i < n; i++)
        ck_assert(is_there(&t, i));
    end(&t);
}
END_TEST

START_TEST(on_a_full_disk_a_mint_is_refused_and_a_revocation_beside_it_is_not)
{
    struct trial t;
    begin(&t);
    ck_assert_int_eq(mint(&t, 1), 0);
    struct change change;
    fail_once(&data_error, ENOSPC);
    /* Whether they share a batch or not, the outcome is the same. */
    fixture_mint(2, &change);
    submit(&t, &change);
    fixture_revoke(1, "leaked", &change);
    t.count = 0;
    submit(&t, &change);
    while (t.count < 2)
        await_event(&t);
    ck_assert_int_eq(t.errors[0], -EDQUOT);
    ck_assert_int_eq(t.errors[1], 0);
    ck_assert(!is_there(&t, 2));
    end(&t);
}
END_TEST

START_TEST(a_disk_that_has_no_blocks_to_reserve_lets_revocations_pass_alone)
{
    struct trial t;
    begin(&t);
    ck_assert_int_eq(mint(&t, 1), 0);
    ck_assert_int_eq(mint(&t, 2), 0);
    t.store->reserved_end = 0; /* as if the table had grown since */
    atomic_store(&allocation_error, ENOSPC);
    ck_assert_int_eq(mint(&t, 3), -EDQUOT);
    ck_assert_int_eq(outcome_of_revoke(&t, 1), 0);
    ck_assert_int_eq(mint(&t, 3), -EDQUOT);
    atomic_store(&allocation_error, 0);
    ck_assert_int_eq(mint(&t, 3), 0);
    end(&t);
}
END_TEST

START_TEST(a_write_cut_short_is_a_full_disk_where_little_is_free)
{
    struct trial t;
    begin(&t);
    atomic_store(&cut_short, true);
    atomic_store(&is_cramped, true);
    fail_once(&data_error, EIO);
    ck_assert_int_eq(mint(&t, 1), -EDQUOT);
    ck_assert_int_eq(mint(&t, 1), 0);
    atomic_store(&is_cramped, false);
    fail_once(&data_error, EIO);
    ck_assert_int_eq(mint(&t, 2), -EIO);
    ck_assert_int_eq(committer_failure(t.committer), -EIO);
    end(&t);
}
END_TEST

/* ---- unknown ----------------------------------------------------------------------------------
 */

START_TEST(an_error_at_the_meta_page_is_an_unknown_outcome_whatever_it_is)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS, ENOMEM};
    struct trial t;
    begin(&t);
    ck_assert_int_eq(mint(&t, 1), 0);
    for (unsigned i = 0; i < 5; i++) {
        atomic_store(&is_cramped, true); /* is no excuse */
        fail_once(&meta_error, errors[i]);
        ck_assert_int_eq(outcome_of_revoke(&t, 1), -EIO);
        ck_assert_int_eq(committer_failure(t.committer), -EIO);
        reopen(&t);
        ck_assert(is_there(&t, 1));
    }
    end(&t);
}
END_TEST

START_TEST(a_failure_with_use_counts_alone_is_told_too)
{
    struct trial t;
    begin(&t);
    char key_id[KEY_ID_LEN + 1];
    struct usage usage = {.allowed = 1};
    ck_assert_int_eq(mint(&t, 1), 0); /* what is not in the table has no counts */
    fail_once(&sync_error, EIO);
    ck_assert_int_eq(committer_submit_usage(t.committer, fixture_key_id(1, key_id), &usage), 0);
    await_event(&t);
    ck_assert_int_eq(committer_failure(t.committer), -EIO);
    end(&t);
}
END_TEST

START_TEST(nothing_is_committed_into_a_file_that_is_not_ours_any_more)
{
    struct trial t;
    char path[FIXTURE_PATH_MAX], aside[FIXTURE_PATH_MAX];
    begin(&t);
    ck_assert_int_eq(mint(&t, 1), 0);
    fixture_path(t.dir, "data.mdb", path);
    fixture_path(t.dir, "aside", aside);
    ck_assert_int_eq(rename(path, aside), 0);
    ck_assert_int_eq(outcome_of_revoke(&t, 1), -ESTALE);
    ck_assert_int_eq(committer_failure(t.committer), -ESTALE);
    struct change change;
    fixture_mint(2, &change);
    ck_assert_int_eq(committer_submit(t.committer, &change, on_done, &t), -ESHUTDOWN);
    ck_assert_int_eq(rename(aside, path), 0);
    reopen(&t);
    ck_assert(is_there(&t, 1));
    ck_assert_int_eq(outcome_of_revoke(&t, 1), 0); /* it was not, before */
    end(&t);
}
END_TEST

SUITE_MAIN("committer_disk", an_error_before_the_meta_page_is_known_and_the_next_commit_tries_again,
           on_a_full_disk_a_mint_is_refused_and_a_revocation_beside_it_is_not,
           a_disk_that_has_no_blocks_to_reserve_lets_revocations_pass_alone,
           a_write_cut_short_is_a_full_disk_where_little_is_free,
           an_error_at_the_meta_page_is_an_unknown_outcome_whatever_it_is,
           a_failure_with_use_counts_alone_is_told_too,
           nothing_is_committed_into_a_file_that_is_not_ours_any_more)
