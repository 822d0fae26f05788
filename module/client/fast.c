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
static bool decide_from(const struct view *view, const struct lease *lease,
                        const struct snapshot *snapshot, const struct query *query, uint64_t now_ns,
                        struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    struct clock_reading now = {.mono_ns = now_ns};
    enum view_answer answer = view_read(view, query->digest, &reading);

    if (answer == VIEW_NONE && lease->complete) {
        decide(&snapshot->policy, query, NULL, NULL, now, ret);
        return true;
    }
    if (answer != VIEW_FOUND || reading.record.strict)
        return false;
    if (depends_on_wall(&reading.record))
        now.wall_s = wall_clock_s(CLOCK_REALTIME, lease);
    struct view_bucket *bucket = &view->buckets[reading.slot];
    decide(&snapshot->policy, query, &reading.record, &bucket->tat, now, ret);
    /* The bucket has moved, or what is there is no limit. */
    if (ret->reason == REASON_UNAVAILABLE)
        return false;
    count(bucket, query, ret->reason, lease);
    return true;
}

/* The current mapping and its lease, read before the clock is: a lease that is put off meanwhile
 * would seem longer than any can be. */
static const struct mapping *current(const struct stkgate *gate, struct lease *ret,
                                     uint64_t *ret_now_ns)
{
    const struct mapping *mapping = mappings_current(&gate->mappings);
    if (mapping != NULL) {
        lease_read(&mapping->view, ret);
        *ret_now_ns = deadline_clock_ns();
    }
    return mapping;
}

static bool is_handed_out(const struct stkgate *gate, const struct lease *lease, uint64_t now_ns)
{
    return lease_holds(lease, now_ns) && lease->incarnation == pool_attached(&gate->pool);
}

/* The policy that this handle knows is that of the view's generation. */
static bool has_policy(const struct snapshot *snapshot, const struct lease *lease)
{
    return snapshot->direct &&
           atomic_load_explicit(&snapshot->generation, memory_order_relaxed) == lease->generation;
}

bool fast_check(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    UNINITIALIZED struct lease lease;
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    uint64_t now_ns;
    const struct mapping *mapping = current(gate, &lease, &now_ns);

    return mapping != NULL && is_handed_out(gate, &lease, now_ns) && has_policy(snapshot, &lease) &&
           decide_from(&mapping->view, &lease, snapshot, query, now_ns, ret);
}

bool fast_check_alone(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    struct lease lease;
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    uint64_t now_ns;
    const struct mapping *mapping = current(gate, &lease, &now_ns);

    return mapping != NULL && has_policy(snapshot, &lease) &&
           (lease_holds(&lease, now_ns) ||
            lease_is_last_known(&lease, now_ns, snapshot->policy.last_known_ns)) &&
           decide_from(&mapping->view, &lease, snapshot, query, now_ns, ret);
}

bool fast_needs_view(const struct stkgate *gate)
{
    struct lease lease;
    uint64_t now_ns;

    return current(gate, &lease, &now_ns) == NULL || !is_handed_out(gate, &lease, now_ns);
}
