#include "daemon/store/durations.h"

#include <stdlib.h>
#include <string.h>

void durations_add(struct durations *durations, uint64_t ns)
{
    durations->last_ns[durations->count++ % DURATIONS_MAX] = ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void durations_summarise(const struct durations *durations, struct durations_summary *ret)
{
    uint64_t sorted[DURATIONS_MAX];
    size_t count = durations->count < DURATIONS_MAX ? (size_t)durations->count : DURATIONS_MAX;
    *ret = (struct durations_summary){0};
    if (count == 0)
        return;
    memcpy(sorted, durations->last_ns, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare);
    ret->last_ns = durations->last_ns[(durations->count - 1) % DURATIONS_MAX];
    ret->p50_ns = sorted[(count * 50 + 99) / 100 - 1]; /* nearest rank */
    ret->p99_ns = sorted[(count * 99 + 99) / 100 - 1];
    ret->max_ns = sorted[count - 1];
}
