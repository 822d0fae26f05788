/* series.h - the times of one subject, slice by slice
 *
 * A machine's mood changes within seconds (a neighbour on the same host, a clock that rises), so
 * subjects are measured in turns, in short slices, and two of them are compared slice by slice: the
 * ratio that is reported is the median of the pairs' ratios. Quantiles are the medians of the
 * slices' quantiles; the maximum is that of all calls.
 */
#ifndef STKGATE_BENCH_SERIES_H
#define STKGATE_BENCH_SERIES_H

#include <stdint.h>

#include "bench/token_file.h"

enum quantile {
    QUANTILE_P50,
    QUANTILE_P99,
    QUANTILE_P999,
    QUANTILE_COUNT,
};

/* What is measured: one call, which must have been answered as expected; else it ends the program.
 */
struct subject {
    const char *name;
    void (*call)(void *state, const struct token_entry *token);
    void *state;
};

#define SERIES_SLICES_MAX 200

struct series {
    unsigned slices;
    uint64_t quantiles_ns[SERIES_SLICES_MAX][QUANTILE_COUNT];
    uint64_t max_ns;
};

/* How to measure: slices in turns, calls in each, after warm_up calls that don't count. */
struct series_plan {
    unsigned slices; /* at most SERIES_SLICES_MAX */
    unsigned calls;
    unsigned warm_up;
};

/* One series for each of the subjects; the order within a turn is reversed from turn to turn. */
void series_measure(const struct series_plan *plan, const struct subject *subjects, unsigned count,
                    struct token_file *tokens, struct series *series);

/* One slice more: the times of so many calls, which are sorted here. */
void series_add_slice(struct series *series, uint64_t *times_ns, unsigned calls);

/* Print the line "time NAME p50 p99 p99.9 max", in microseconds, separated by tabs. */
void series_print(const char *name, const struct series *series);

/* The median of the slices' quantiles. */
double series_median_ns(const struct series *series, enum quantile quantile);

/* The median of at most SERIES_SLICES_MAX values. */
double series_median_of(const double *values, unsigned count);

/* The median of the pairs' ratios at this quantile: what series takes, in units of base. */
double series_ratio(const struct series *series, const struct series *base, enum quantile quantile);

/* Print the line "ratio NAME value quantile sign target BASE": sign is "<=" or "<". */
struct series_goal {
    const char *name, *base_name;
    const struct series *series, *base;
    enum quantile quantile;
    const char *sign;
    double target;
};
void series_print_goal(const struct series_goal *goal);

#endif
