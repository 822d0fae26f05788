/* quick.h - the times of calls so short that a look at the clock shows
 *
 * As series.h, but each slice is two loops: one without a clock between its calls, whose mean is
 * what ratios are made of; and one that times each call, clock included, for the quantiles. Tokens
 * are made before the loops and stand one after the other in memory, as a request does that has
 * just been read; no call of a slice sees one again unless the subject is about few tokens.
 */
#ifndef STKGATE_BENCH_QUICK_H
#define STKGATE_BENCH_QUICK_H

#include "bench/series.h"

struct quick_subject {
    const char *name;
    void (*call)(void *state, const struct token_entry *token);
    void *state;
    void (*draw)(void *source, struct token_entry *ret);
    void *source;
    unsigned distinct; /* so many tokens are drawn, and gone through again and again; 0: each call
                        * has one of its own */
};

#define QUICK_CALLS 20000

struct quick {
    struct series series;
    double mean_ns[SERIES_SLICES_MAX]; /* of the loop without a clock */
    /* The quickest of its pieces, beside the median: what else runs on the same core comes and goes
     * within microseconds, and a call can take twice as long meanwhile. */
    double least_ns;
};

/* slices at most SERIES_SLICES_MAX. */
void quick_measure(const struct quick_subject *subjects, unsigned count, unsigned slices,
                   struct quick *ret);

/* The line "time NAME p50 p99 p99.9 max", in microseconds. */
void quick_print(const char *name, const struct quick *quick);

double quick_mean_ns(const struct quick *quick); /* the median of the slices' */
/* The median of the pairs' ratios of their means. */
double quick_ratio(const struct quick *quick, const struct quick *base);

/* The line "ratio NAME value at sign target BASE". sign: "<=", "<", ">=", or "-" without a target.
 */
struct quick_goal {
    const char *name, *base_name;
    double ratio;
    const char *at, *sign;
    double target;
};
void quick_print_goal(const struct quick_goal *goal);

#endif
