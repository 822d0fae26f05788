#include "bench/quick.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARM_UP   1000
#define PIECES    40 /* of a loop without a clock */
#define NS_PER_US 1000.0

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* What a slice needs. */
struct scratch {
    struct token_entry entries[WARM_UP + QUICK_CALLS];
    unsigned count, next;
    uint64_t times_ns[QUICK_CALLS];
};

static const struct token_entry *take(struct scratch *scratch)
{
    if (scratch->next == scratch->count)
        scratch->next = 0;
    return &scratch->entries[scratch->next++];
}

static void prepare(const struct quick_subject *subject, struct scratch *scratch)
{
    scratch->count = subject->distinct > 0 ? subject->distinct : WARM_UP + QUICK_CALLS;
    scratch->next = 0;
    for (unsigned i = 0; i < scratch->count; i++)
        subject->draw(subject->source, &scratch->entries[i]);
    for (unsigned i = 0; i < WARM_UP; i++)
        subject->call(subject->state, take(scratch));
}

/* In pieces, of which the median counts: one that was interrupted by another program says nothing.
 */
static void measure_means(const struct quick_subject *subject, struct scratch *scratch,
                          double means_ns[static PIECES])
{
    prepare(subject, scratch);
    for (unsigned piece = 0; piece < PIECES; piece++) {
        uint64_t start_ns = clock_ns();
        for (unsigned i = 0; i < QUICK_CALLS / PIECES; i++)
            subject->call(subject->state, take(scratch));
        means_ns[piece] = (double)(clock_ns() - start_ns) / (QUICK_CALLS / PIECES);
    }
}

static void measure_each(const struct quick_subject *subject, struct scratch *scratch)
{
    prepare(subject, scratch);
    for (unsigned i = 0; i < QUICK_CALLS; i++) {
        const struct token_entry *token = take(scratch);
        uint64_t start_ns = clock_ns();
        subject->call(subject->state, token);
        scratch->times_ns[i] = clock_ns() - start_ns;
    }
}

static void measure_slice(const struct quick_subject *subject, struct scratch *scratch,
                          struct quick *quick)
{
    double means_ns[PIECES];
    unsigned slice = quick->series.slices;

    measure_means(subject, scratch, means_ns);
    quick->mean_ns[slice] = series_median_of(means_ns, PIECES);
    for (unsigned piece = 0; piece < PIECES; piece++)
        if (quick->least_ns == 0 || means_ns[piece] < quick->least_ns)
            quick->least_ns = means_ns[piece];
    measure_each(subject, scratch);
    series_add_slice(&quick->series, scratch->times_ns, QUICK_CALLS);
}

void quick_measure(const struct quick_subject *subjects, unsigned count, unsigned slices,
                   struct quick *ret)
{
    struct scratch *scratch = malloc(sizeof *scratch);

    if (!scratch || slices > SERIES_SLICES_MAX)
        errx(EXIT_FAILURE, "no room for %u slices", slices);
    memset(ret, 0, count * sizeof *ret);
    for (unsigned slice = 0; slice < slices; slice++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned turn = slice % 2 == 0 ? i : count - 1 - i;
            measure_slice(&subjects[turn], scratch, &ret[turn]);
        }
    }
    free(scratch);
}

void quick_print(const char *name, const struct quick *quick)
{
    printf("time\t%s\t%.3f\t%.3f\t%.3f\t%.1f\n", name,
           series_median_ns(&quick->series, QUANTILE_P50) / NS_PER_US,
           series_median_ns(&quick->series, QUANTILE_P99) / NS_PER_US,
           series_median_ns(&quick->series, QUANTILE_P999) / NS_PER_US,
           (double)quick->series.max_ns / NS_PER_US);
}

double quick_mean_ns(const struct quick *quick)
{
    return series_median_of(quick->mean_ns, quick->series.slices);
}

double quick_ratio(const struct quick *quick, const struct quick *base)
{
    double ratios[SERIES_SLICES_MAX];

    for (unsigned i = 0; i < quick->series.slices; i++)
        ratios[i] = quick->mean_ns[i] / base->mean_ns[i];
    return series_median_of(ratios, quick->series.slices);
}

void quick_print_goal(const struct quick_goal *goal)
{
    printf("ratio\t%s\t%.3g\t%s\t%s\t%.2f\t%s\n", goal->name, goal->ratio, goal->at, goal->sign,
           goal->target, goal->base_name);
}
