#include "daemon/wall_clock.h"

void wall_clock_init(struct wall_clock *clock, uint64_t floor_ns, uint64_t mono_ns)
{
    *clock = (struct wall_clock){.wall_ns = floor_ns, .mono_ns = mono_ns};
}

bool wall_clock_advance(struct wall_clock *clock, uint64_t system_ns, uint64_t mono_ns)
{
    bool was_behind = clock->behind;

    if (mono_ns > clock->mono_ns) {
        clock->wall_ns += mono_ns - clock->mono_ns;
        clock->mono_ns = mono_ns;
    }
    if (system_ns > clock->wall_ns)
        clock->wall_ns = system_ns;
    clock->behind = clock->wall_ns - system_ns > WALL_CLOCK_TOLD_NS;
    return clock->behind && !was_behind;
}
