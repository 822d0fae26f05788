#include "bench/series.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_US 1000.0

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void series_add_slice(struct series *series, uint64_t *times_ns, unsigned calls)
{
    static const unsigned per_mille[QUANTILE_COUNT] = {500, 990, 999};
    uint64_t *quantiles = series->quantiles_ns[series->slices++];

    qsort(times_ns, calls, sizeof *times_ns, compare_ns);
    for (unsigned q = 0; q < QUANTILE_COUNT; q++)
        quantiles[q] = times_ns[(uint64_t)(calls - 1) * per_mille[q] / 1000];
    if (times_ns[calls - 1] > series->max_ns)
        series->max_ns = times_ns[calls - 1];
}

static void measure_slice(const struct series_plan *plan, const struct subject *subject,
                          struct token_file *tokens, uint64_t *times_ns)
{
    for (unsigned i = 0; i < plan->warm_up; i++) {
        const struct token_entry token = token_file_pick(tokens);
        subject->call(subject->state, &token);
    }
    for (unsigned i = 0; i < plan->calls; i++) {
        const struct token_entry token = token_file_pick(tokens);
        uint64_t start_ns = clock_ns();
        subject->call(subject->state, &token);
        times_ns[i] = clock_ns() - start_ns;
    }
}

void series_measure(const struct series_plan *plan, const struct subject *subjects, unsigned count,
                    struct token_file *tokens, struct series *series)
{
    uint64_t *times_ns = calloc(plan->calls, sizeof *times_ns);

    if (!times_ns || plan->slices > SERIES_SLICES_MAX)
        errx(EXIT_FAILURE, "no room for %u slices of %u calls", plan->slices, plan->calls);
    for (unsigned i = 0; i < count; i++)
        series[i] = (struct series){0};
    for (unsigned slice = 0; slice < plan->slices; slice++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned turn = slice % 2 == 0 ? i : count - 1 - i;
            measure_slice(plan, &subjects[turn], tokens, times_ns);
            series_add_slice(&series[turn], times_ns, plan->calls);
        }
    }
    free(times_ns);
}

double series_median_ns(const struct series *series, enum quantile quantile)
{
    uint64_t sorted[SERIES_SLICES_MAX];

    for (unsigned i = 0; i < series->slices; i++)
        sorted[i] = series->quantiles_ns[i][quantile];
    qsort(sorted, series->slices, sizeof *sorted, compare_ns);
    return (double)sorted[series->slices / 2];
}

static double median_us(const struct series *series, enum quantile quantile)
{
    return series_median_ns(series, quantile) / NS_PER_US;
}

void series_print(const char *name, const struct series *series)
{
    printf("time\t%s\t%.1f\t%.1f\t%.1f\t%.1f\n", name, median_us(series, QUANTILE_P50),
           median_us(series, QUANTILE_P99), median_us(series, QUANTILE_P999),
           (double)series->max_ns / NS_PER_US);
}

double series_median_of(const double *values, unsigned count)
{
    double sorted[SERIES_SLICES_MAX];

    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare_values);
    return sorted[count / 2];
}

double series_ratio(const struct series *series, const struct series *base, enum quantile quantile)
{
    double ratios[SERIES_SLICES_MAX];
    unsigned count = series->slices;

    for (unsigned i = 0; i < count; i++)
        ratios[i] =
            (double)series->quantiles_ns[i][quantile] / (double)base->quantiles_ns[i][quantile];
    return series_median_of(ratios, count);
}

void series_print_goal(const struct series_goal *goal)
{
    static const char *const names[QUANTILE_COUNT] = {"p50", "p99", "p99.9"};

    printf("ratio\t%s\t%.2f\t%s\t%s\t%.2f\t%s\n", goal->name,
           series_ratio(goal->series, goal->base, goal->quantile), names[goal->quantile],
           goal->sign, goal->target, goal->base_name);
}
