#include "bench/place.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>

static void allowed(cpu_set_t *ret)
{
    if (sched_getaffinity(0, sizeof *ret, ret) < 0)
        err(EXIT_FAILURE, "sched_getaffinity");
}

static void place_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        err(EXIT_FAILURE, "sched_setaffinity");
}

void place_on_first(void)
{
    cpu_set_t set;
    int cpu = 0;

    allowed(&set);
    while (!CPU_ISSET((size_t)cpu, &set))
        cpu++;
    place_on(cpu);
}

void place_on_last(void)
{
    cpu_set_t set;
    int cpu = CPU_SETSIZE - 1;

    allowed(&set);
    while (!CPU_ISSET((size_t)cpu, &set))
        cpu--;
    place_on(cpu);
}
