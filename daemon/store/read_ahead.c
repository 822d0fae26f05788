#include "daemon/store/read_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon/store/thread.h"
#include "lib/core/uninitialized.h"

#define BATCH_ROWS 64
#define BATCHES    (READ_AHEAD_MAX / BATCH_ROWS)
/* Before it is looked whether too much is mapped. */
#define RELIEVE_EVERY 16
/* A row, as it lies in the table's page, and how many rows before it is taken it is fetched from
 * the other thread's processor. */
#define ROW_BYTES  320
#define LINE_BYTES 64
#define FETCH_LEAD 8

/* Rows that follow upon each other, and upon the key it began after, in one snapshot. */
struct batch {
    size_t snapshot; /* LMDB's number of it */
    char after[KEY_ID_LEN + 1];
    unsigned count;
    struct walk_row rows[BATCH_ROWS];
};

struct read_ahead {
    const struct store *store;
    pthread_t thread;
    struct batch *batch; /* the walk's: the oldest one, or NULL: not looked for; and rows of it */
    unsigned taken;
    unsigned times; /* the thread's, and what it comes after */
    char after[KEY_ID_LEN + 1];
    pthread_mutex_t mutex; /* over what follows, but for what is in the batches */
    pthread_cond_t wake;
    uint64_t position;
    uint64_t filled, emptied; /* batches: those between are the walk's, the next is the thread's */
    bool dry;                 /* the walk found none for it since this was false */
    char walk_at[KEY_ID_LEN + 1]; /* where that was */
    bool waiting, ended;
    _Atomic bool stop; /* also looked at without the mutex */
    struct batch batches[BATCHES];
};

static int compare(struct text a, struct text b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static void come_to(struct read_ahead *ahead, struct text key_id)
{
    text_copy(key_id, ahead->after, sizeof ahead->after);
}

/* Where the walk found none it reads the next ones by itself. Their pages can be here. */
static int leave_some_out(struct read_ahead *ahead, struct walk *walk)
{
    UNINITIALIZED struct walk_row first;
    char at[KEY_ID_LEN + 1];

    pthread_mutex_lock(&ahead->mutex);
    bool dry = ahead->dry;
    memcpy(at, ahead->walk_at, sizeof at);
    ahead->dry = false;
    pthread_mutex_unlock(&ahead->mutex);
    if (!dry)
        return 0;
    int r = walk_seek(walk, text_of(at), &first);
    struct text key_id = first.key_id;
    for (unsigned n = 1; r == 0 && n < READ_AHEAD_LEAD && !atomic_load(&ahead->stop); n++)
        r = walk_touch(walk, &key_id);
    if (r == 0 && compare(key_id, text_of(ahead->after)) > 0)
        come_to(ahead, key_id);
    return r;
}

/* The read ends before the thread waits, so that the file does not grow for it. */
static int fill(struct read_ahead *ahead, MDB_txn *txn, struct batch *batch)
{
    __attribute__((cleanup(walk_close))) struct walk walk = {0};

    batch->count = 0;
    batch->snapshot = mdb_txn_id(txn);
    int r = walk_open(ahead->store, txn, &walk);
    if (r == 0)
        r = leave_some_out(ahead, &walk);
    memcpy(batch->after, ahead->after, sizeof batch->after);
    while (r == 0 && batch->count < BATCH_ROWS && !atomic_load(&ahead->stop)) {
        struct walk_row *row = &batch->rows[batch->count];
        r = batch->count == 0 ? walk_seek(&walk, text_of(ahead->after), row)
                              : walk_next(&walk, row);
        if (r == 0 && !key_id_is_valid(row->key_id))
            r = -EBADMSG; /* what comes after it can't be said */
        batch->count += r == 0;
    }
    if (batch->count > 0)
        come_to(ahead, batch->rows[batch->count - 1].key_id);
    if (++ahead->times % RELIEVE_EVERY == 0)
        table_map_relieve(&ahead->store->map);
    return r;
}

/* Whether to go on. */
static bool hand_over(struct read_ahead *ahead, unsigned rows)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->position += rows;
    ahead->filled += rows > 0;
    ahead->waiting = ahead->filled - ahead->emptied == BATCHES;
    while (!atomic_load(&ahead->stop) && ahead->waiting)
        pthread_cond_wait(&ahead->wake, &ahead->mutex);
    pthread_mutex_unlock(&ahead->mutex);
    return !atomic_load(&ahead->stop);
}

static void *run(void *userdata)
{
    struct read_ahead *ahead = userdata;
    MDB_txn *txn;
    int r = 0;

    table_map_expect(&ahead->store->map, ahead->store->env, &ahead->stop);
    if (mdb_txn_begin(ahead->store->env, NULL, MDB_RDONLY, &txn) != 0)
        return NULL; /* the walk reads all of it by itself */
    while (r == 0) {
        struct batch *batch = &ahead->batches[ahead->filled % BATCHES];
        r = fill(ahead, txn, batch);
        mdb_txn_reset(txn);
        if (!hand_over(ahead, batch->count) || mdb_txn_renew(txn) != 0)
            break;
    }
    mdb_txn_abort(txn);
    pthread_mutex_lock(&ahead->mutex);
    ahead->ended = true;
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* ---- the other one -----------------------------------------------------------------------------
 */

/* The oldest one that is filled, or NULL. */
static struct batch *oldest(struct read_ahead *ahead)
{
    if (ahead->batch)
        return ahead->batch;
    pthread_mutex_lock(&ahead->mutex);
    if (ahead->emptied < ahead->filled)
        ahead->batch = &ahead->batches[ahead->emptied % BATCHES];
    pthread_mutex_unlock(&ahead->mutex);
    ahead->taken = 0;
    return ahead->batch;
}

/* Not for each: to wake somebody up takes as long as to walk by ten. */
static void drop_oldest(struct read_ahead *ahead)
{
    ahead->batch = NULL;
    pthread_mutex_lock(&ahead->mutex);
    ahead->emptied++;
    if (ahead->waiting && ahead->filled - ahead->emptied <= BATCHES / 2) {
        ahead->waiting = false;
        pthread_cond_signal(&ahead->wake);
    }
    pthread_mutex_unlock(&ahead->mutex);
}

static void fetch_later_row(const struct read_ahead *ahead, const struct batch *batch)
{
    if (ahead->taken + FETCH_LEAD >= batch->count)
        return;
    const char *row = batch->rows[ahead->taken + FETCH_LEAD].key_id.data;
    for (size_t at = 0; at < ROW_BYTES; at += LINE_BYTES)
        __builtin_prefetch(row + at);
}

/* The key of the row that was taken last is where it was: nobody has to look at it. */
static bool is_of_last(const struct read_ahead *ahead, const struct batch *batch, struct text after)
{
    return batch->rows[ahead->taken].key_id.data == after.data;
}

/* Rows follow upon each other without a gap: what comes after this key is the first one that is
 * greater, if the batch does not begin beyond it. */
static const struct walk_row *take_from(struct read_ahead *ahead, const struct batch *batch,
                                        struct text after)
{
    if (is_of_last(ahead, batch, after))
        ahead->taken++;
    else if (compare(text_of(batch->after), after) > 0)
        return NULL;
    else
        while (ahead->taken < batch->count && compare(batch->rows[ahead->taken].key_id, after) <= 0)
            ahead->taken++;
    if (ahead->taken == batch->count)
        return NULL;
    fetch_later_row(ahead, batch);
    return &batch->rows[ahead->taken];
}

const struct walk_row *read_ahead_take(struct read_ahead *ahead, MDB_txn *txn, struct text after)
{
    struct batch *batch;

    while ((batch = oldest(ahead)) != NULL) {
        if (batch->snapshot == mdb_txn_id(txn)) {
            const struct walk_row *row = take_from(ahead, batch, after);
            if (row)
                return row;
            if (ahead->taken < batch->count)
                break; /* it is beyond */
        }
        drop_oldest(ahead);
    }
    pthread_mutex_lock(&ahead->mutex);
    ahead->dry = batch == NULL;
    text_copy(after, ahead->walk_at, sizeof ahead->walk_at);
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

uint64_t read_ahead_position(struct read_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    uint64_t position = ahead->position;
    pthread_mutex_unlock(&ahead->mutex);
    return position;
}

bool read_ahead_rests(struct read_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    bool rests = ahead->waiting || ahead->ended;
    pthread_mutex_unlock(&ahead->mutex);
    return rests;
}

static struct read_ahead *dispose(struct read_ahead *ahead)
{
    pthread_cond_destroy(&ahead->wake);
    pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
    return NULL;
}

int read_ahead_new(const struct store *store, struct text after, struct read_ahead **ret)
{
    struct read_ahead *ahead = calloc(1, sizeof *ahead);

    if (!ahead)
        return -ENOMEM;
    ahead->store = store;
    come_to(ahead, after);
    pthread_mutex_init(&ahead->mutex, NULL); /* neither can fail with default attributes on Linux */
    pthread_cond_init(&ahead->wake, NULL);
    int r = thread_start(&ahead->thread, run, ahead);
    if (r < 0) {
        dispose(ahead);
        return r;
    }
    *ret = ahead;
    return 0;
}

struct read_ahead *read_ahead_free(struct read_ahead *ahead)
{
    if (!ahead)
        return NULL;
    pthread_mutex_lock(&ahead->mutex);
    atomic_store(&ahead->stop, true);
    pthread_cond_signal(&ahead->wake);
    pthread_mutex_unlock(&ahead->mutex);
    pthread_join(ahead->thread, NULL);
    return dispose(ahead);
}
