#include "lib/view/lease.h"

#include "lib/core/moment.h"

/* A hostile or damaged view can't make more of it than this: longer leases are never given. */
static bool is_possible(const struct lease *lease, uint64_t now_ns)
{
    return lease->valid_until_ns <= now_ns || lease->valid_until_ns - now_ns <= LEASE_NS;
}

/* Acquire, so that what is looked up afterwards is no older. */
void lease_read(const struct view *view, struct lease *ret)
{
    const struct view_header *header = view->header;
    uint64_t flags = atomic_load_explicit(&header->flags, memory_order_acquire);
    uint64_t wall_floor_s = atomic_load_explicit(&header->wall_floor_s, memory_order_relaxed);

    *ret = (struct lease){
        .complete = (flags & VIEW_COMPLETE) != 0,
        .superseded = (flags & VIEW_SUPERSEDED) != 0,
        .valid_until_ns = atomic_load_explicit(&header->valid_until_ns, memory_order_acquire),
        .generation = atomic_load_explicit(&header->generation, memory_order_acquire),
        .incarnation = atomic_load_explicit(&header->incarnation, memory_order_relaxed),
        .wall_floor_s = wall_floor_s <= MOMENT_MAX_S ? (int64_t)wall_floor_s : MOMENT_MAX_S,
    };
}

bool lease_holds(const struct lease *lease, uint64_t now_ns)
{
    return !lease->superseded && now_ns < lease->valid_until_ns && is_possible(lease, now_ns);
}

bool lease_is_last_known(const struct lease *lease, uint64_t now_ns, uint64_t last_known_ns)
{
    if (lease->superseded || lease->valid_until_ns == 0 || !is_possible(lease, now_ns))
        return false;
    return now_ns < lease->valid_until_ns || now_ns - lease->valid_until_ns < last_known_ns;
}
