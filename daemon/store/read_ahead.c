#include "daemon/store/read_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon/store/thread.h"

/* Read between two looks at where the walk is. */
#define AT_ONCE (READ_AHEAD_MAX / 8)
/* Times, before it is looked whether too much is mapped. */
#define RELIEVE_EVERY 4

struct read_ahead {
    const struct store *store;
    pthread_t thread;
    char after[KEY_ID_LEN + 1]; /* the thread's own; and how often it read some */
    unsigned times;
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t wake;
    uint64_t walked, read;
    char at[KEY_ID_LEN + 1]; /* where the walk is */
    bool waiting;
    _Atomic bool stop; /* also looked at without the mutex */
};

/* ---- the thread --------------------------------------------------------------------------------
 */

/* Some more of them; -ENOENT at the end. The read ends before the thread waits, so that the file
 * does not grow for it. */
static int read_some(struct read_ahead *ahead, MDB_txn *txn)
{
    const struct store *store = ahead->store;
    __attribute__((cleanup(tables_close_cursor))) MDB_cursor *cursor = NULL;
    MDB_val key = tables_val(ahead->after, strlen(ahead->after)), value;

    int r = tables_error(mdb_cursor_open(txn, store->dbi[TABLE_TOKEN], &cursor));
    if (r == 0)
        r = tables_error(
            mdb_cursor_get(cursor, &key, &value, key.mv_size > 0 ? MDB_SET_RANGE : MDB_FIRST));
    unsigned met = ahead->after[0] != '\0' ? 0 : 1; /* the last one is met again */
    for (; r == 0 && met < AT_ONCE && !atomic_load(&ahead->stop); met++)
        r = tables_error(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    if (r == 0)
        text_copy((struct text){key.mv_data, key.mv_size}, ahead->after, sizeof ahead->after);
    if (++ahead->times % RELIEVE_EVERY == 0)
        table_map_relieve(&store->map);
    return r;
}

/* Whether to go on. */
static bool await_walk(struct read_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->read += AT_ONCE;
    if (ahead->read < ahead->walked) { /* it was overtaken */
        ahead->read = ahead->walked;
        memcpy(ahead->after, ahead->at, sizeof ahead->after);
    }
    while (!atomic_load(&ahead->stop) && ahead->read + AT_ONCE > ahead->walked + READ_AHEAD_MAX) {
        ahead->waiting = true;
        pthread_cond_wait(&ahead->wake, &ahead->mutex);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return !atomic_load(&ahead->stop);
}

static void *run(void *userdata)
{
    struct read_ahead *ahead = userdata;
    MDB_txn *txn;

    if (mdb_txn_begin(ahead->store->env, NULL, MDB_RDONLY, &txn) != 0)
        return NULL;
    while (read_some(ahead, txn) == 0) {
        mdb_txn_reset(txn);
        if (!await_walk(ahead) || mdb_txn_renew(txn) != 0)
            break;
    }
    mdb_txn_abort(txn);
    return NULL;
}

/* ---- the other one -----------------------------------------------------------------------------
 */

void read_ahead_follow(struct read_ahead *ahead, struct text at, unsigned walked)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->walked += walked;
    text_copy(at, ahead->at, sizeof ahead->at);
    /* Not for each few: to wake somebody up takes as long as to walk by ten. */
    if (ahead->waiting && ahead->read < ahead->walked + READ_AHEAD_MAX / 2) {
        ahead->waiting = false;
        pthread_cond_signal(&ahead->wake);
    }
    pthread_mutex_unlock(&ahead->mutex);
}

uint64_t read_ahead_position(struct read_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    uint64_t read = ahead->read;
    pthread_mutex_unlock(&ahead->mutex);
    return read;
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
    text_copy(after, ahead->after, sizeof ahead->after);
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
