#include "daemon/store/committer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/durations.h"
#include "daemon/store/table_file.h"
#include "daemon/store/thread.h"
#include "daemon/store/usage.h"
#include "daemon/store/usage_queue.h"

/* One transaction takes at most so many. A change writes into five tables: at worst some 16 pages
 * with the branches and splits, a use count 3; so a batch stays below 11,000 pages, 43 MB, within
 * TABLE_FILE_AHEAD_BYTES and within what LMDB holds of a transaction in memory. */
#define COMMITTER_BATCH_MAX       256
#define COMMITTER_BATCH_USAGE_MAX 2048

/* Allocated on submission with all that it will need, so that no completion fails for memory. */
struct job {
    struct job *next;
    struct change change;
    struct change_result result;
    committer_done_fn done;
    void *userdata;
};

struct jobs {
    struct job *first, *last;
};

struct committer {
    struct store *store;
    pthread_t thread;
    int event_fd;

    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t wake;
    struct jobs queued;
    struct jobs finished;
    struct usage_queue usage; /* arriving */
    unsigned job_count;       /* submitted, and not collected yet */
    unsigned job_max;
    bool stopping;
    int failure; /* -EIO a commit's outcome is unknown, -ESTALE the file is not ours: the end */
    struct durations durations;

    struct usage_queue writing; /* the thread's own: what it took, and how far it is */
    size_t written;
};

/* ---- lists ------------------------------------------------------------------------------------
 */

static void jobs_append(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
}

static struct job *jobs_take(struct jobs *jobs)
{
    struct job *job = jobs->first;
    if (job)
        jobs->first = job->next;
    if (!jobs->first)
        jobs->last = NULL;
    return job;
}

static void jobs_move(struct jobs *from, struct jobs *to)
{
    for (struct job *job; (job = jobs_take(from));)
        jobs_append(to, job);
}

static void jobs_fail(struct jobs *jobs, int error)
{
    for (struct job *job = jobs->first; job; job = job->next) {
        job->result.error = error;
        job->result.seq = 0;
        job->result.record_len = 0;
    }
}

/* Rows of use counts written before the pages that they needed are given back. */
#define RELIEVE_EVERY 256

/* ---- one batch: on the thread, without the mutex ----------------------------------------------
 */

static int write_usage(struct committer *c, MDB_txn *txn, size_t end)
{
    for (size_t i = c->written; i < end; i++) {
        if (i % RELIEVE_EVERY == 0)
            table_map_relieve(&c->store->map);
        const struct usage_entry *entry = &c->writing.entries[i];
        MDB_val key_id = tables_val(entry->key_id, KEY_ID_LEN), record;
        uint8_t bytes[USAGE_BYTES];
        usage_encode(&entry->usage, bytes);
        /* Of a legacy key that was removed since, nothing may be left. */
        int r = tables_get(c->store, txn, TABLE_TOKEN, key_id, &record);
        if (r == 0)
            r = tables_put(c->store, txn, TABLE_USAGE, key_id, tables_val(bytes, sizeof bytes), 0);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

/* What time it was, for the next run to begin with: see daemon/wall_clock.h. */
static int write_clock(struct committer *c, MDB_txn *txn, const struct jobs *batch, size_t end)
{
    int64_t wall_s = 0;
    for (const struct job *job = batch->first; job; job = job->next)
        if (job->change.at > wall_s)
            wall_s = job->change.at;
    for (size_t i = c->written; i < end; i++) {
        int64_t saved_s = c->writing.entries[i].usage.saved_at_ns / 1000000000;
        if (saved_s > wall_s)
            wall_s = saved_s;
    }
    return wall_s > 0 ? tables_put_clock(c->store, txn, wall_s) : 0;
}

/* Use counts and the clock, in a child of their own: when they find no room, the changes beside
 * them must still pass. They are dropped then; the next flush brings newer ones. */
static int apply_rest(struct committer *c, MDB_txn *txn, const struct jobs *batch)
{
    size_t end = c->writing.count;
    if (end - c->written > COMMITTER_BATCH_USAGE_MAX)
        end = c->written + COMMITTER_BATCH_USAGE_MAX;
    __attribute__((cleanup(tables_abort))) MDB_txn *child = NULL;
    int r = tables_error(mdb_txn_begin(c->store->env, txn, 0, &child));
    if (r == 0 && !c->store->disk_full)
        r = write_usage(c, child, end);
    if (r == 0)
        r = write_clock(c, child, batch, end);
    c->written = end;
    if (r < 0)
        return r == -EIO ? r : 0;
    MDB_txn *complete = child;
    child = NULL;
    return tables_error(mdb_txn_commit(complete)) < 0 ? -EIO : 0;
}

/* What a failed commit means. LMDB writes the meta page last, and when that fails begins no further
 * transaction: as long as it does, the meta page was not touched, and the table is known to be as
 * it was. A disk that has no room says so in that way; any other that fails is not trusted. */
static int commit_error(struct store *store, int lmdb_error)
{
    __attribute__((cleanup(tables_abort))) MDB_txn *next = NULL;
    int error = tables_error(lmdb_error);
    if (mdb_txn_begin(store->env, NULL, 0, &next) != 0)
        return -EIO;
    switch (error) {
    case -ENOMEM:
    case -EROFS: return error;
    case -ENOSPC: return lmdb_error == ENOSPC ? -EDQUOT : -ENOSPC; /* the disk, or the map */
    case -EDQUOT:
    case -EFBIG: return -EDQUOT;
    default: return table_file_is_cramped(store) ? -EDQUOT : -EIO;
    }
}

static int try_batch(struct committer *c, struct jobs *batch)
{
    __attribute__((cleanup(tables_abort))) MDB_txn *txn = NULL;
    int r = tables_error(mdb_txn_begin(c->store->env, NULL, 0, &txn));
    if (r < 0)
        return r == -ENOMEM ? r : -EIO;
    for (struct job *job = batch->first; job; job = job->next)
        if (change_apply(c->store, txn, &job->change, &job->result) == -EIO)
            return -EIO;
    if (apply_rest(c, txn, batch) < 0)
        return -EIO;
    MDB_txn *complete = txn;
    txn = NULL;
    r = mdb_txn_commit(complete);
    return r == 0 ? 0 : commit_error(c->store, r);
}

static int commit_batch(struct committer *c, struct jobs *batch)
{
    int r = table_file_prepare(c->store);
    if (r < 0)
        return r;
    r = try_batch(c, batch);
    if (r == -EDQUOT && !c->store->disk_full) {
        /* Once more, without what adds to the table: a revocation shall not share a mint's fate. */
        c->store->disk_full = true;
        r = try_batch(c, batch);
    }
    if (r == 0)
        table_file_settle(c->store);
    return r;
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static bool has_work(const struct committer *c)
{
    return c->queued.first || c->usage.count > 0 || c->written < c->writing.count;
}

static void take_batch(struct committer *c, struct jobs *ret)
{
    for (unsigned i = 0; i < COMMITTER_BATCH_MAX && c->queued.first; i++)
        jobs_append(ret, jobs_take(&c->queued));
    if (c->written < c->writing.count)
        return;
    struct usage_queue emptied = c->writing;
    usage_queue_clear(&emptied);
    c->writing = c->usage;
    c->usage = emptied;
    c->written = 0;
}

static void notify(struct committer *c)
{
    uint64_t one = 1;
    /* Fails only at 2^64 - 1, when the descriptor is readable anyway. */
    if (write(c->event_fd, &one, sizeof one) < 0)
        return;
}

static void finish_batch(struct committer *c, struct jobs *batch, int error)
{
    if (error < 0)
        jobs_fail(batch, error);
    if (error == -EIO || error == -ESTALE) {
        jobs_fail(&c->queued, -ESHUTDOWN); /* never tried: these are known not to be there */
        jobs_move(&c->queued, batch);
        usage_queue_clear(&c->usage);
        usage_queue_clear(&c->writing);
        c->written = 0;
        c->failure = error;
    }
    jobs_move(batch, &c->finished);
    if (c->finished.first || c->failure < 0)
        notify(c);
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void *run(void *userdata)
{
    struct committer *c = userdata;
    pthread_mutex_lock(&c->mutex);
    for (;;) {
        while (!has_work(c) && !c->stopping)
            pthread_cond_wait(&c->wake, &c->mutex);
        if (!has_work(c))
            break;
        struct jobs batch = {NULL, NULL};
        take_batch(c, &batch);
        pthread_mutex_unlock(&c->mutex);
        if (c->written == 0 && !batch.first) /* no answer waits for it */
            usage_queue_sort(&c->writing);
        uint64_t start_ns = now_ns();
        int error = commit_batch(c, &batch);
        uint64_t took_ns = now_ns() - start_ns;
        pthread_mutex_lock(&c->mutex);
        if (error == 0)
            durations_add(&c->durations, took_ns);
        finish_batch(c, &batch, error);
        pthread_mutex_unlock(&c->mutex);
        table_map_relieve(&c->store->map); /* no answer waits for it */
        pthread_mutex_lock(&c->mutex);
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* ---- the loop's side --------------------------------------------------------------------------
 */

static void dispose(struct committer *c)
{
    if (c->event_fd >= 0)
        close(c->event_fd);
    usage_queue_deinit(&c->usage);
    usage_queue_deinit(&c->writing);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

int committer_new(struct store *store, struct committer **ret)
{
    struct committer *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->store = store;
    c->job_max = COMMITTER_QUEUE_MAX;
    table_file_settle(store);
    pthread_mutex_init(&c->mutex, NULL); /* neither can fail with default attributes on Linux */
    pthread_cond_init(&c->wake, NULL);
    c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = c->event_fd < 0 ? -errno : thread_start(&c->thread, run, c);
    if (r < 0) {
        dispose(c);
        return r;
    }
    *ret = c;
    return 0;
}

void committer_set_queue_max(struct committer *committer, unsigned max)
{
    pthread_mutex_lock(&committer->mutex);
    committer->job_max = max;
    pthread_mutex_unlock(&committer->mutex);
}

struct committer *committer_free(struct committer *committer)
{
    if (!committer)
        return NULL;
    pthread_mutex_lock(&committer->mutex);
    committer->stopping = true;
    pthread_cond_signal(&committer->wake);
    pthread_mutex_unlock(&committer->mutex);
    pthread_join(committer->thread, NULL);
    committer_collect(committer);
    dispose(committer);
    return NULL;
}

/* With the mutex. */
static int require_open(const struct committer *c)
{
    return c->failure < 0 || c->stopping ? -ESHUTDOWN : 0;
}

int committer_submit(struct committer *committer, const struct change *change,
                     committer_done_fn done, void *userdata)
{
    struct job *job = malloc(sizeof *job);
    if (!job)
        return -ENOMEM;
    job->change = *change;
    job->done = done;
    job->userdata = userdata;

    pthread_mutex_lock(&committer->mutex);
    int r = require_open(committer);
    if (r == 0 && committer->job_count >= committer->job_max)
        r = -EAGAIN;
    if (r == 0) {
        jobs_append(&committer->queued, job);
        committer->job_count++;
        pthread_cond_signal(&committer->wake);
    }
    pthread_mutex_unlock(&committer->mutex);
    if (r < 0)
        free(job);
    return r;
}

int committer_submit_usage(struct committer *committer, struct text key_id,
                           const struct usage *usage)
{
    pthread_mutex_lock(&committer->mutex);
    int r = require_open(committer);
    if (r == 0)
        r = usage_queue_put(&committer->usage, key_id, usage);
    if (r == 0)
        pthread_cond_signal(&committer->wake);
    pthread_mutex_unlock(&committer->mutex);
    return r;
}

int committer_failure(struct committer *committer)
{
    pthread_mutex_lock(&committer->mutex);
    int failure = committer->failure;
    pthread_mutex_unlock(&committer->mutex);
    return failure;
}

void committer_stats(struct committer *committer, struct committer_stats *ret)
{
    struct durations copy; /* sorted without the mutex: the thread needs it between commits */
    struct durations_summary summary;
    pthread_mutex_lock(&committer->mutex);
    copy = committer->durations;
    ret->queued = committer->job_count;
    pthread_mutex_unlock(&committer->mutex);
    durations_summarise(&copy, &summary);
    ret->commits = copy.count;
    ret->last_ns = summary.last_ns;
    ret->p50_ns = summary.p50_ns;
    ret->p99_ns = summary.p99_ns;
    ret->max_ns = summary.max_ns;
}

int committer_fd(const struct committer *committer)
{
    return committer->event_fd;
}

void committer_collect(struct committer *committer)
{
    uint64_t count;
    if (read(committer->event_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    struct jobs finished = {NULL, NULL};
    pthread_mutex_lock(&committer->mutex);
    jobs_move(&committer->finished, &finished);
    pthread_mutex_unlock(&committer->mutex);

    /* Without the mutex: done may submit. */
    for (struct job *job; (job = jobs_take(&finished));) {
        pthread_mutex_lock(&committer->mutex);
        committer->job_count--;
        pthread_mutex_unlock(&committer->mutex);
        job->done(&job->change, &job->result, job->userdata);
        free(job);
    }
}
