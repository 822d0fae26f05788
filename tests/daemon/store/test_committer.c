#include "daemon/store/committer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

/* ---- the disk, in the test's hands -------------------------------------------------------------
 * LMDB finds these instead of the C library's: fdatasync for the data, then pwrite of less than a
 * page for the meta page. A disk that hangs says so on hung, and goes on as the byte in go says. */

enum disk { DISK_WORKS, DISK_FAILS, DISK_HANGS, DISK_FAILS_META };

static _Atomic int disk;
static _Atomic unsigned syncs;
static int hung[2], go[2];
static sigset_t signals_of_thread;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    int now = atomic_load(&disk);
    if (now == DISK_HANGS) {
        char byte = 'h';
        pthread_sigmask(SIG_SETMASK, NULL, &signals_of_thread);
        if (write(hung[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1 || byte == 'f')
            now = DISK_FAILS;
    }
    if (now == DISK_FAILS) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t len,
                                                      off_t at)
{
    if (atomic_load(&disk) == DISK_FAILS_META && len < 512) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

static void wait_until_hung(void)
{
    char byte;
    ck_assert_int_eq(read(hung[0], &byte, 1), 1);
}

static void let_go(char how)
{
    atomic_store(&disk, how == 'f' ? DISK_FAILS : DISK_WORKS);
    ck_assert_int_eq(write(go[1], &how, 1), 1);
}

/* ---- a committer and what came back from it ---------------------------------------------------
 */

#define DONE_MAX (COMMITTER_QUEUE_MAX + 10)

struct trial {
    char dir[FIXTURE_PATH_MAX];
    struct store *store;
    struct committer *committer;
    unsigned count; /* of results */
    int errors[DONE_MAX];
    uint64_t seqs[DONE_MAX];
    uintptr_t tags[DONE_MAX];
};

static struct trial trial; /* too large for the stack */

/* Numbers 1 to count: before there is a committer, which would take them for a stranger's. */
static void mint_before(struct trial *t, unsigned count)
{
    MDB_txn *txn;
    ck_assert_int_eq(mdb_txn_begin(t->store->env, NULL, 0, &txn), 0);
    for (unsigned n = 1; n <= count; n++) {
        struct change change;
        struct change_result result;
        fixture_mint(n, &change);
        ck_assert_int_eq(change_apply(t->store, txn, &change, &result), 0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static struct trial *begin_with(unsigned minted)
{
    struct trial *t = &trial;
    ck_assert_int_eq(pipe2(hung, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
    fixture_make_dir(t->dir);
    t->store = fixture_open(t->dir);
    mint_before(t, minted);
    ck_assert_int_eq(committer_new(t->store, &t->committer), 0);
    atomic_store(&syncs, 0);
    return t;
}

static struct trial *begin(void)
{
    return begin_with(0);
}

static void end(struct trial *t)
{
    atomic_store(&disk, DISK_WORKS);
    ck_assert_ptr_null(committer_free(t->committer));
    store_close(t->store);
    fixture_remove_dir(t->dir);
}

struct tag {
    uintptr_t value;
};
static struct tag tag_space[2 * DONE_MAX]; /* userdata are addresses in here: n is &tag_space[n] */

static void on_done(const struct change *change, const struct change_result *result, void *userdata)
{
    struct trial *t = &trial;
    ck_assert_uint_lt(t->count, DONE_MAX);
    t->errors[t->count] = result->error;
    t->seqs[t->count] = result->seq;
    t->tags[t->count] = (uintptr_t)((struct tag *)userdata - tag_space);
    t->count++;
}

static int try_submit(struct trial *t, const struct change *change, unsigned tag)
{
    return committer_submit(t->committer, change, on_done, &tag_space[tag]);
}

static void submit(struct trial *t, const struct change *change, unsigned tag)
{
    ck_assert_int_eq(try_submit(t, change, tag), 0);
}

static void submit_mint(struct trial *t, unsigned n)
{
    struct change change;
    fixture_mint(n, &change);
    submit(t, &change, n);
}

static void collect_until(struct trial *t, unsigned count)
{
    while (t->count < count) {
        struct pollfd pollfd = {.fd = committer_fd(t->committer), .events = POLLIN};
        ck_assert_int_eq(poll(&pollfd, 1, -1), 1);
        committer_collect(t->committer);
    }
    ck_assert_uint_eq(t->count, count);
}

static bool is_readable(struct trial *t)
{
    struct pollfd pollfd = {.fd = committer_fd(t->committer), .events = POLLIN};
    return poll(&pollfd, 1, 0) == 1;
}

static bool is_there(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    struct record record;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    int r = store_find_key_id(t->store, fixture_key_id(n, key_id), &record);
    store_read_end(t->store);
    ck_assert(r == 0 || r == -ENOENT);
    return r == 0;
}

/* ---- results ----------------------------------------------------------------------------------
 */

START_TEST(commits_and_tells)
{
    struct trial *t = begin();
    ck_assert_int_eq(fcntl(committer_fd(t->committer), F_GETFD), FD_CLOEXEC);
    ck_assert(!is_readable(t));
    submit_mint(t, 1);
    collect_until(t, 1);
    ck_assert(!is_readable(t));
    ck_assert_int_eq(t->errors[0], 0);
    ck_assert_uint_eq(t->seqs[0], 1);
    ck_assert_uint_eq(t->tags[0], 1);
    ck_assert(is_there(t, 1));
    committer_collect(t->committer); /* with nothing there */
    ck_assert_uint_eq(t->count, 1);
    end(t);
}
END_TEST

START_TEST(what_queues_during_a_commit_shares_the_next_ones_in_order)
{
    struct trial *t = begin();
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 1);
    wait_until_hung();
    for (unsigned n = 2; n <= 301; n++)
        submit_mint(t, n);
    ck_assert(!is_readable(t));
    let_go('g');
    collect_until(t, 301);
    for (unsigned i = 0; i < 301; i++) {
        ck_assert_int_eq(t->errors[i], 0);
        ck_assert_uint_eq(t->tags[i], i + 1);
        ck_assert_uint_eq(t->seqs[i], i + 1);
    }
    ck_assert_uint_eq(atomic_load(&syncs), 3); /* 1, 256, 44 */
    end(t);
}
END_TEST

START_TEST(a_failing_change_takes_no_other_of_its_batch_with_it)
{
    struct trial *t = begin();
    struct change change;
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 1);
    wait_until_hung();
    submit_mint(t, 2);
    submit_mint(t, 2);
    fixture_revoke(9, "", &change);
    submit(t, &change, 9);
    submit_mint(t, 3);
    fixture_rotate(3, 4, 0, &change); /* of the batch's own */
    submit(t, &change, 4);
    let_go('g');
    collect_until(t, 6);
    static const int expected[] = {0, 0, -EEXIST, -ENOENT, 0, 0};
    static const uint64_t seqs[] = {1, 2, 0, 0, 3, 4};
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_int_eq(t->errors[i], expected[i]);
        ck_assert_uint_eq(t->seqs[i], seqs[i]);
    }
    ck_assert_uint_eq(atomic_load(&syncs), 2);
    ck_assert(is_there(t, 2) && is_there(t, 3) && is_there(t, 4));
    end(t);
}
END_TEST

static void submit_again(const struct change *change, const struct change_result *result,
                         void *userdata)
{
    struct trial *t = userdata;
    on_done(change, result, &tag_space[1]);
    submit_mint(t, 2);
}

START_TEST(done_may_submit)
{
    struct trial *t = begin();
    struct change change;
    fixture_mint(1, &change);
    ck_assert_int_eq(committer_submit(t->committer, &change, submit_again, t), 0);
    memset(&change, 0, sizeof change); /* it was copied */
    collect_until(t, 2);
    ck_assert_uint_eq(t->tags[1], 2);
    ck_assert_int_eq(t->errors[1], 0);
    end(t);
}
END_TEST

START_TEST(the_queue_is_bounded_until_results_are_collected)
{
    struct trial *t = begin();
    struct change change;
    fixture_change((enum change_verb)99, &change); /* cheap: there is no such verb */
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 7);
    wait_until_hung();
    for (unsigned i = 1; i < COMMITTER_QUEUE_MAX; i++)
        submit(t, &change, 0);
    ck_assert_int_eq(try_submit(t, &change, 0), -EAGAIN);
    let_go('g');
    collect_until(t, COMMITTER_QUEUE_MAX);
    ck_assert_int_eq(t->errors[COMMITTER_QUEUE_MAX - 1], -EINVAL);
    submit(t, &change, 0);
    collect_until(t, COMMITTER_QUEUE_MAX + 1);
    end(t);
}
END_TEST

/* ---- the disk's ways --------------------------------------------------------------------------
 */

START_TEST(reads_go_on_while_a_commit_hangs)
{
    struct trial *t = begin();
    submit_mint(t, 1);
    collect_until(t, 1);
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 2);
    wait_until_hung();
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert(is_there(t, 1));
        ck_assert(!is_there(t, 2)); /* not before it is durable */
    }
    ck_assert(!is_readable(t));
    let_go('g');
    collect_until(t, 2);
    ck_assert(is_there(t, 2));
    end(t);
}
END_TEST

/* One is committed; then one is in a batch that fails, and another has queued up behind it. */
static void fail_a_commit(struct trial *t)
{
    struct change change;
    submit_mint(t, 1);
    collect_until(t, 1);
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 2);
    wait_until_hung();
    submit_mint(t, 3);
    let_go('f');
    collect_until(t, 3);
    ck_assert_int_eq(t->errors[1], -EIO);
    ck_assert_uint_eq(t->seqs[1], 0);
    ck_assert_int_eq(t->errors[2], -ESHUTDOWN); /* known: it was never tried */

    atomic_store(&disk, DISK_WORKS); /* a disk that works again proves nothing */
    fixture_mint(4, &change);
    ck_assert_int_eq(try_submit(t, &change, 4), -ESHUTDOWN);
    struct usage usage = {.allowed = 1};
    ck_assert_int_eq(committer_submit_usage(t->committer, TEXT("key_0000000000000001"), &usage),
                     -ESHUTDOWN);
}

START_TEST(nothing_is_committed_after_a_commit_that_failed)
{
    struct trial *t = begin();
    fail_a_commit(t);
    ck_assert(is_there(t, 1)); /* checks go on until the daemon has ended */
    ck_assert(!is_there(t, 3));
    committer_free(t->committer);
    store_close(t->store);

    t->store = fixture_open(t->dir);
    ck_assert(is_there(t, 1));
    ck_assert(!is_there(t, 3));
    ck_assert_int_eq(committer_new(t->store, &t->committer), 0);
    submit_mint(t, 5);
    collect_until(t, 4);
    ck_assert_int_eq(t->errors[3], 0);
    end(t);
}
END_TEST

START_TEST(a_meta_page_that_can_t_be_written_is_an_unknown_outcome)
{
    struct trial *t = begin();
    submit_mint(t, 1);
    collect_until(t, 1);
    atomic_store(&disk, DISK_FAILS_META);
    submit_mint(t, 2);
    collect_until(t, 2);
    ck_assert_int_eq(t->errors[1], -EIO);
    struct change change;
    fixture_mint(3, &change);
    ck_assert_int_eq(try_submit(t, &change, 3), -ESHUTDOWN);
    end(t);
}
END_TEST

START_TEST(a_change_that_fails_by_itself_shares_the_fate_of_its_batch)
{
    struct trial *t = begin();
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 1);
    wait_until_hung();
    submit_mint(t, 2);
    submit_mint(t, 2); /* -EEXIST, if there was a 2 */
    atomic_store(&disk, DISK_FAILS);
    char byte = 'g';
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    collect_until(t, 3);
    ck_assert_int_eq(t->errors[0], 0);
    ck_assert_int_eq(t->errors[1], -EIO);
    ck_assert_int_eq(t->errors[2], -EIO);
    end(t);
}
END_TEST

START_TEST(the_thread_takes_no_signals)
{
    struct trial *t = begin();
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 1);
    wait_until_hung();
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        ck_assert_int_eq(sigismember(&signals_of_thread, signals[i]), 1);
    let_go('g');
    collect_until(t, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &after); /* and ours are as they were */
    ck_assert_int_eq(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
    end(t);
}
END_TEST

/* ---- the end ----------------------------------------------------------------------------------
 */

START_TEST(free_commits_what_is_queued_and_tells)
{
    struct trial *t = begin();
    for (unsigned n = 1; n <= 60; n++)
        submit_mint(t, n);
    struct usage usage = {.allowed = 5};
    ck_assert_int_eq(committer_submit_usage(t->committer, TEXT("key_0000000000000001"), &usage), 0);
    t->committer = committer_free(t->committer);
    ck_assert_uint_eq(t->count, 60);
    for (unsigned i = 0; i < 60; i++)
        ck_assert_int_eq(t->errors[i], 0);
    ck_assert(is_there(t, 60));
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_usage(t->store, TEXT("key_0000000000000001"), &usage), 0);
    store_read_end(t->store);
    ck_assert_uint_eq(usage.allowed, 5);
    end(t); /* with a committer of NULL */
}
END_TEST

/* ---- usage ------------------------------------------------------------------------------------
 */

static void submit_usage(struct trial *t, unsigned n, uint64_t allowed)
{
    char key_id[KEY_ID_LEN + 1];
    struct usage usage = {.allowed = allowed};
    ck_assert_int_eq(committer_submit_usage(t->committer, fixture_key_id(n, key_id), &usage), 0);
}

static uint64_t usage_of(struct trial *t, unsigned n)
{
    char key_id[KEY_ID_LEN + 1];
    struct usage usage;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_usage(t->store, fixture_key_id(n, key_id), &usage), 0);
    store_read_end(t->store);
    return usage.allowed;
}

START_TEST(usage_alone_causes_a_commit_without_a_result)
{
    struct trial *t = begin_with(1);
    atomic_store(&disk, DISK_HANGS);
    submit_usage(t, 1, 11);
    wait_until_hung(); /* nothing else was submitted */
    let_go('g');
    committer_free(t->committer);
    t->committer = NULL;
    ck_assert_uint_eq(usage_of(t, 1), 11);
    ck_assert_uint_eq(t->count, 0);
    uint64_t seq;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(store_seq(t->store, &seq), 0);
    store_read_end(t->store);
    ck_assert_uint_eq(seq, 1);
    end(t);
}
END_TEST

START_TEST(usage_of_one_credential_is_written_once_with_the_last_value)
{
    struct trial *t = begin();
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 1);
    wait_until_hung();
    for (unsigned i = 1; i <= 5000; i++)
        submit_usage(t, 1, i);
    let_go('g');
    committer_free(t->committer);
    t->committer = NULL;
    ck_assert_uint_eq(usage_of(t, 1), 5000);
    ck_assert_uint_eq(atomic_load(&syncs), 2);
    end(t);
}
END_TEST

START_TEST(much_usage_goes_in_slices_beside_changes)
{
    struct trial *t = begin_with(5000);
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 5001);
    wait_until_hung();
    for (unsigned n = 1; n <= 5000; n++)
        submit_usage(t, n, n);
    submit_mint(t, 5002);
    let_go('g');
    collect_until(t, 2);
    ck_assert(is_there(t, 5002));
    committer_free(t->committer);
    t->committer = NULL;
    for (unsigned n = 1; n <= 5000; n++)
        ck_assert_uint_eq(usage_of(t, n), n);
    ck_assert_uint_eq(atomic_load(&syncs), 4); /* 1; then 2048, 2048, 904 */
    end(t);
}
END_TEST

/* A legacy key may be removed between a check and the saving of its counts. */
START_TEST(usage_of_what_is_not_in_the_table_leaves_no_row)
{
    struct trial *t = begin_with(1);
    submit_usage(t, 2, 7);
    submit_usage(t, 1, 8);
    committer_free(t->committer);
    t->committer = NULL;
    ck_assert_uint_eq(usage_of(t, 1), 8);
    MDB_stat stat;
    ck_assert_int_eq(store_read_begin(t->store), 0);
    ck_assert_int_eq(mdb_stat(t->store->read, t->store->dbi[TABLE_USAGE], &stat), 0);
    store_read_end(t->store);
    ck_assert_uint_eq(stat.ms_entries, 1);
    end(t);
}
END_TEST

START_TEST(tells_how_long_commits_took)
{
    struct trial *t = begin();
    struct committer_stats stats;
    committer_stats(t->committer, &stats);
    ck_assert_uint_eq(stats.commits, 0);
    ck_assert_uint_eq(stats.max_ns, 0);
    ck_assert_uint_eq(stats.queued, 0);
    for (unsigned n = 1; n <= 3; n++) {
        submit_mint(t, n);
        collect_until(t, n);
    }
    atomic_store(&disk, DISK_HANGS);
    submit_mint(t, 4);
    wait_until_hung();
    submit_mint(t, 5);
    committer_stats(t->committer, &stats); /* waits for no disk */
    ck_assert_uint_eq(stats.commits, 3);
    ck_assert_uint_eq(stats.queued, 2);
    ck_assert_uint_gt(stats.p50_ns, 0);
    ck_assert_uint_le(stats.p50_ns, stats.p99_ns);
    ck_assert_uint_le(stats.p99_ns, stats.max_ns);
    ck_assert_uint_le(stats.last_ns, stats.max_ns);
    let_go('g');
    collect_until(t, 5);
    committer_stats(t->committer, &stats);
    ck_assert_uint_eq(stats.commits, 5);
    ck_assert_uint_eq(stats.queued, 0);
    end(t);
}
END_TEST

START_TEST(usage_refuses_what_is_no_key_id)
{
    struct trial *t = begin();
    struct usage usage = {.allowed = 1};
    ck_assert_int_eq(committer_submit_usage(t->committer, TEXT("nonsense"), &usage), -EINVAL);
    end(t);
    ck_assert_uint_eq(atomic_load(&syncs), 0);
}
END_TEST

SUITE_MAIN("committer", commits_and_tells,
           what_queues_during_a_commit_shares_the_next_ones_in_order,
           a_failing_change_takes_no_other_of_its_batch_with_it, done_may_submit,
           the_queue_is_bounded_until_results_are_collected, reads_go_on_while_a_commit_hangs,
           nothing_is_committed_after_a_commit_that_failed,
           a_meta_page_that_can_t_be_written_is_an_unknown_outcome,
           a_change_that_fails_by_itself_shares_the_fate_of_its_batch, the_thread_takes_no_signals,
           free_commits_what_is_queued_and_tells, usage_alone_causes_a_commit_without_a_result,
           usage_of_one_credential_is_written_once_with_the_last_value,
           much_usage_goes_in_slices_beside_changes, usage_refuses_what_is_no_key_id,
           usage_of_what_is_not_in_the_table_leaves_no_row, tells_how_long_commits_took)
