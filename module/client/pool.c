#include "module/client/pool.h"

#include "module/client/wiped.h"

enum life {
    LIFE_FORKED = 0, /* what the kernel leaves in a child's page */
    LIFE_CLEANING,   /* one thread closes what was inherited */
    LIFE_READY,
};

enum place_state {
    PLACE_EMPTY = 0,
    PLACE_BUSY, /* one thread's */
    PLACE_IDLE,
};

struct pool_page {
    _Atomic uint32_t life;
    _Atomic uint32_t states[POOL_PLACES];
    _Atomic uint64_t attached;
};

int pool_init(struct pool *pool)
{
    void *page;
    int r = wiped_new(sizeof(struct pool_page), sizeof(struct pool_page), &page);
    if (r < 0)
        return r;
    pool->page = page;
    atomic_store(&pool->page->life, LIFE_READY);
    for (int i = 0; i < POOL_PLACES; i++)
        pool->places[i].place = i;
    return 0;
}

/* Whether the places may be used. In a child, the first thread to come closes what was inherited;
 * another that comes meanwhile does without the pool rather than wait. */
static bool enter(struct pool *pool)
{
    uint32_t life = atomic_load_explicit(&pool->page->life, memory_order_acquire);
    if (life == LIFE_READY)
        return true;
    if (life != LIFE_FORKED ||
        !atomic_compare_exchange_strong(&pool->page->life, &life, LIFE_CLEANING))
        return false;
    for (size_t i = 0; i < POOL_PLACES; i++)
        connection_abandon(&pool->places[i]);
    atomic_store_explicit(&pool->page->life, LIFE_READY, memory_order_release);
    return true;
}

static bool move_state(struct pool *pool, int place, uint32_t from, uint32_t to)
{
    _Atomic uint32_t *state = &pool->page->states[place];
    return atomic_load_explicit(state, memory_order_relaxed) == from &&
           atomic_compare_exchange_strong_explicit(state, &from, to, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

void pool_deinit(struct pool *pool)
{
    if (pool->page == NULL)
        return;
    enter(pool);
    for (int i = 0; i < POOL_PLACES; i++)
        connection_close(&pool->places[i]);
    wiped_free(pool->page, sizeof(struct pool_page));
    pool->page = NULL;
}

struct connection *pool_take(struct pool *pool)
{
    if (!enter(pool))
        return NULL;
    for (int i = 0; i < POOL_PLACES; i++) {
        if (!move_state(pool, i, PLACE_IDLE, PLACE_BUSY))
            continue;
        if (connection_is_ours(&pool->places[i]))
            return &pool->places[i];
        pool_drop(pool, &pool->places[i]);
    }
    return NULL;
}

struct connection *pool_place(struct pool *pool, struct connection *spare)
{
    if (enter(pool))
        for (int i = 0; i < POOL_PLACES; i++)
            if (move_state(pool, i, PLACE_EMPTY, PLACE_BUSY))
                return &pool->places[i];
    *spare = (struct connection){.place = -1};
    return spare;
}

void pool_put(struct pool *pool, struct connection *connection)
{
    /* A place that is not busy any more: a signal handler forked in the middle of a call, this is
     * the child, and the connection the parent's. */
    if (connection->place < 0 || !move_state(pool, connection->place, PLACE_BUSY, PLACE_IDLE))
        pool_drop(pool, connection);
}

void pool_drop(struct pool *pool, struct connection *connection)
{
    if (connection->place < 0) {
        connection_close(connection);
        return;
    }
    _Atomic uint32_t *state = &pool->page->states[connection->place];
    if (atomic_load_explicit(state, memory_order_relaxed) != PLACE_BUSY) {
        connection_abandon(connection);
        return;
    }
    connection_close(connection);
    atomic_store_explicit(state, PLACE_EMPTY, memory_order_release);
}

uint64_t pool_attached(const struct pool *pool)
{
    return atomic_load_explicit(&pool->page->attached, memory_order_relaxed);
}

void pool_set_attached(struct pool *pool, uint64_t incarnation)
{
    atomic_store_explicit(&pool->page->attached, incarnation, memory_order_relaxed);
}
