#include "module/client/fast.h"

#include <time.h>

#include "lib/core/uninitialized.h"

static int64_t wall_clock_s(clockid_t clock, const struct lease *lease)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec > lease->wall_floor_s ? ts.tv_sec : lease->wall_floor_s;
}

/* Whether the time of day has a say in what decide() says of it. */
static bool depends_on_wall(const struct record *record)
{
    return (record->expires_at | record->grace_until | record->sunset_at) != 0;
}

/* As the daemon counts its own (service.c). Each word is one that others write, too. */
static void count(struct view_bucket *bucket, const struct query *query, enum reason reason,
                  const struct lease *lease)
{
    if (query->peek)
        return;
    if (reason != REASON_OK) {
        atomic_fetch_add_explicit(&bucket->refused, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&bucket->allowed, 1, memory_order_relaxed);
    /* A tick of the kernel's clock more or less is nothing here; and once a second is enough to
     * take the line from those who only read it. */
    uint32_t now_s = (uint32_t)wall_clock_s(CLOCK_REALTIME_COARSE, lease);
    if (atomic_load_explicit(&bucket->last_used_s, memory_order_relaxed) != now_s)
        atomic_store_explicit(&bucket->last_used_s, now_s, memory_order_relaxed);
}

static bool decide_on(const struct fast *fast, const struct query *query,
                      const struct view_reading *reading, struct verdict *ret)
{
    struct clock_reading now = {.mono_ns = fast->now_ns};

    if (reading->record.strict)
        return false;
    if (depends_on_wall(&reading->record))
        now.wall_s = wall_clock_s(CLOCK_REALTIME, &fast->lease);
    struct view_bucket *bucket = &fast->mapping->view.buckets[reading->slot];
    decide(&fast->snapshot->policy, query, &reading->record, &bucket->tat, now, ret);
    /* The bucket has moved, or what is there is no limit. */
    if (ret->reason == REASON_UNAVAILABLE)
        return false;
    count(bucket, query, ret->reason, &fast->lease);
    return true;
}

static bool look_up(const struct fast *fast, struct recent *recent, const struct universal *hash,
                    const struct query *query, struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    enum view_answer answer = view_read(&fast->mapping->view, query->digest, &reading);

    if (answer == VIEW_NONE && fast->lease.complete) {
        const struct clock_reading now = {.mono_ns = fast->now_ns};
        decide(&fast->snapshot->policy, query, NULL, NULL, now, ret);
        return true;
    }
    if (answer != VIEW_FOUND)
        return false;
    if (recent != NULL) {
        const struct recent_place place = {.view = fast->mapping->number, .slot = reading.slot};
        recent_note(recent, hash, &place);
    }
    return decide_on(fast, query, &reading, ret);
}

/* The lease was read after the call began, and before the clock is: one that is put off meanwhile
 * would seem longer than any can be. It is not read again: a revocation that is acknowledged before
 * the call began is in this view, or this view's lease was over, or it was superseded, before it
 * was acknowledged; and one that is acknowledged later may go either way, however long this process
 * is stopped between two instructions. */
static bool is_in_time(struct fast *fast)
{
    fast->now_ns = deadline_clock_ns();
    return lease_holds(&fast->lease, fast->now_ns);
}

/* To look at the clock takes about as long as memory does to come. */
bool fast_check(struct fast *fast, struct recent *recent, const struct universal *hash,
                const struct query *query, struct verdict *ret)
{
    view_expect_reading(&fast->mapping->view, query->digest);
    return is_in_time(fast) && look_up(fast, recent, hash, query, ret);
}

/* A slot is one credential's for the life of its view. One that has moved on is looked up. */
bool fast_check_recent(struct fast *fast, struct recent *recent, const struct universal *hash,
                       struct query *query, struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    const struct view *view = &fast->mapping->view;
    struct recent_place place;

    if (!recent_find(recent, hash, fast->mapping->number, &place))
        return false;
    view_expect_slot(view, place.slot);
    if (!is_in_time(fast))
        return false;
    uint64_t state =
        atomic_load_explicit(&view->slots[place.slot].words[VIEW_WORD_STATE], memory_order_acquire);
    if (view_read_slot(view, place.slot, state, &reading) != VIEW_FOUND)
        return false;
    memcpy(query->digest, reading.record.digest, DIGEST_BYTES);
    return decide_on(fast, query, &reading, ret);
}

/* Whether there is a view, as it is now. */
static bool begin(const struct stkgate *gate, struct fast *ret)
{
    ret->snapshot = snapshots_current(&gate->snapshots);
    ret->mapping = mappings_current(&gate->mappings);
    if (ret->mapping == NULL)
        return false;
    lease_read(&ret->mapping->view, &ret->lease);
    return true;
}

static bool is_handed_out(const struct stkgate *gate, const struct fast *fast)
{
    return fast->lease.incarnation == pool_attached(&gate->pool);
}

/* The policy that this handle knows is that of the view's generation. */
static bool has_policy(const struct fast *fast)
{
    const struct snapshot *snapshot = fast->snapshot;
    return snapshot->direct && atomic_load_explicit(&snapshot->generation, memory_order_relaxed) ==
                                   fast->lease.generation;
}

bool fast_begin(const struct stkgate *gate, struct fast *ret)
{
    return begin(gate, ret) && is_handed_out(gate, ret) && has_policy(ret);
}

bool fast_check_alone(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    struct fast fast;

    if (!begin(gate, &fast) || !has_policy(&fast))
        return false;
    return (is_in_time(&fast) ||
            lease_is_last_known(&fast.lease, fast.now_ns, fast.snapshot->policy.last_known_ns)) &&
           look_up(&fast, NULL, NULL, query, ret);
}

bool fast_needs_view(const struct stkgate *gate)
{
    struct fast fast;

    return !begin(gate, &fast) || !is_in_time(&fast) || !is_handed_out(gate, &fast);
}
