#include "module/client/fast.h"

#include <time.h>

#include "lib/core/uninitialized.h"
#include "lib/view/lease.h"

#define NS_PER_S 1000000000

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

/* The lease was read after the call began, and not superseded. It is not read again: a revocation
 * that is acknowledged before the call began is in this view, or this view's lease was over, or it
 * was superseded, before it was acknowledged; and one that is acknowledged later may go either way,
 * however long this process is stopped between two instructions. */
static enum fast_answer decide_from(const struct view *view, const struct lease *lease,
                                    const struct snapshot *snapshot, const struct query *query,
                                    uint64_t now_ns, struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    struct clock_reading now = {.mono_ns = now_ns};

    switch (view_read(view, query->digest, &reading)) {
    case VIEW_FOUND: break;
    case VIEW_NONE:
        if (!lease->complete)
            return FAST_ASK;
        decide(&snapshot->policy, query, NULL, NULL, now, ret);
        return FAST_DECIDED;
    case VIEW_UNSURE:
    default: return FAST_ASK;
    }
    if (reading.record.strict)
        return FAST_ASK;
    if (depends_on_wall(&reading.record))
        now.wall_s = wall_clock_s(CLOCK_REALTIME, lease);
    struct view_bucket *bucket = &view->buckets[reading.slot];
    decide(&snapshot->policy, query, &reading.record, &bucket->tat, now, ret);
    /* The bucket has moved, or what is there is no limit. */
    if (ret->reason == REASON_UNAVAILABLE)
        return FAST_ASK;
    count(bucket, query, ret->reason, lease);
    return FAST_DECIDED;
}

static const struct mapping *current(const struct stkgate *gate, struct lease *ret)
{
    const struct mapping *mapping = mappings_current(&gate->mappings);
    if (mapping != NULL)
        lease_read(&mapping->view, ret);
    return mapping;
}

/* The policy that this handle knows is that of the view's generation. */
static bool has_policy(const struct snapshot *snapshot, const struct lease *lease)
{
    return snapshot->direct &&
           atomic_load_explicit(&snapshot->generation, memory_order_relaxed) == lease->generation;
}

/* A child that has not attached itself, and who attached to a daemon before this one, is not known
 * to the daemon as a user of its view. */
enum fast_answer fast_check(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    UNINITIALIZED struct lease lease;
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    const struct mapping *mapping = current(gate, &lease);

    if (mapping == NULL)
        return FAST_ATTACH;
    uint64_t now_ns = deadline_clock_ns();
    if (!lease_holds(&lease, now_ns) || !has_policy(snapshot, &lease) ||
        lease.incarnation != pool_attached(&gate->pool))
        return FAST_ATTACH;
    return decide_from(&mapping->view, &lease, snapshot, query, now_ns, ret);
}

enum fast_answer fast_check_alone(struct stkgate *gate, const struct query *query,
                                  struct verdict *ret)
{
    struct lease lease;
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    const struct mapping *mapping = current(gate, &lease);

    if (mapping == NULL || !has_policy(snapshot, &lease))
        return FAST_ASK;
    uint64_t now_ns = deadline_clock_ns();
    if (!lease_holds(&lease, now_ns) &&
        !lease_is_last_known(&lease, now_ns, snapshot->policy.last_known_ns))
        return FAST_ASK;
    return decide_from(&mapping->view, &lease, snapshot, query, now_ns, ret);
}
