/* rate.h - token bucket as GCRA (generic cell rate algorithm) on integer nanoseconds
 *
 * The state of a bucket is one number: tat, the theoretical arrival time, when it will be full
 * again (CLOCK_MONOTONIC, ns; 0: never used). Exact from 0.01/s to 10^7/s. Pure.
 */
#ifndef STKGATE_CORE_RATE_H
#define STKGATE_CORE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* What an operator configures. */
struct rate_limit {
    uint64_t requests;
    uint64_t window_ns;
    uint64_t burst; /* units that a full bucket holds */
};

/* What the arithmetic needs. */
struct rate {
    uint64_t interval_ns; /* T = ceil(window / requests): one unit flows in per interval */
    uint64_t burst;
    uint64_t tau_ns; /* burst * T */
};

enum rate_error {
    RATE_OK = 0,
    RATE_NO_REQUESTS, /* requests is 0 */
    RATE_NO_WINDOW,   /* window is 0 */
    RATE_NO_BURST,    /* burst is 0 */
    RATE_TOO_SLOW,    /* burst * T above RATE_TAU_MAX_NS */
    RATE_TOO_FAST,    /* more than 10^7 requests a second */
};

/* A bucket that takes longer than this to fill is a mistake; it keeps tat far from overflow. */
#define RATE_TAU_MAX_NS (UINT64_C(1) << 61) /* 73 years */

/* The largest word that is a state of a bucket: what is above says that the state is elsewhere. */
#define RATE_TAT_MAX (UINT64_MAX - 2)

/* ret is untouched unless RATE_OK. */
enum rate_error rate_init(struct rate *ret, const struct rate_limit *limit);
const char *rate_error_string(enum rate_error error);

struct rate_result {
    bool allowed;
    uint64_t tat_ns;    /* the bucket's new state; of a refusal, the old one (clamped) */
    uint64_t remaining; /* units, rounded down */
    uint64_t full_in_ns;
    uint64_t next_in_ns; /* until one more unit is there; 0 when full */
    uint64_t retry_ns;   /* of a refusal: until this cost would pass, > 0; else 0 */
};

/* Spend cost (1 to burst) at now_ns from a bucket whose state is tat_ns. A tat beyond now + tau is
 * taken as now + tau: limit lowered, clock moved, a hostile writer. cost above burst: not allowed,
 * retry_ns UINT64_MAX. */
struct rate_result rate_spend(const struct rate *rate, uint64_t tat_ns, uint64_t now_ns,
                              uint64_t cost);

/* The state that a bucket has under a new limit: the same number of units left, at most the new
 * burst (a full bucket stays full). */
uint64_t rate_convert(const struct rate *from, const struct rate *to, uint64_t tat_ns,
                      uint64_t now_ns);

/* Nanoseconds -> whole seconds, rounded up. */
static inline uint64_t rate_seconds(uint64_t ns)
{
    return ns / UINT64_C(1000000000) + (ns % UINT64_C(1000000000) != 0);
}

#endif
