/* rate.c - see rate.h
 *
 * All arithmetic is on debt = tat - now, clamped to [0, tau]: what the bucket still has to regain.
 * tau is at most RATE_TAU_MAX_NS, so neither debt nor need can come near an overflow.
 */
#include "lib/core/rate.h"

/* 10^7 requests a second are one per 100 ns. */
#define INTERVAL_MIN_NS 100

enum rate_error rate_init(struct rate *ret, const struct rate_limit *limit)
{
    if (limit->requests == 0)
        return RATE_NO_REQUESTS;
    if (limit->window_ns == 0)
        return RATE_NO_WINDOW;
    if (limit->burst == 0)
        return RATE_NO_BURST;
    if (limit->requests > limit->window_ns / INTERVAL_MIN_NS)
        return RATE_TOO_FAST;
    uint64_t whole_ns = limit->window_ns / limit->requests;
    uint64_t interval_ns = whole_ns + (whole_ns * limit->requests != limit->window_ns);
    uint64_t tau_ns;
    if (__builtin_mul_overflow(limit->burst, interval_ns, &tau_ns) || tau_ns > RATE_TAU_MAX_NS)
        return RATE_TOO_SLOW;
    *ret = (struct rate){interval_ns, limit->burst, tau_ns};
    return RATE_OK;
}

const char *rate_error_string(enum rate_error error)
{
    switch (error) {
    case RATE_OK: return "the limit is in order";
    case RATE_NO_REQUESTS: return "the limit must be at least 1 request per window";
    case RATE_NO_WINDOW: return "the window must be longer than 0";
    case RATE_NO_BURST: return "the burst must be at least 1";
    case RATE_TOO_SLOW:
        return "an empty bucket would take more than 73 years to fill: give a smaller burst, a "
               "shorter window or a higher limit";
    case RATE_TOO_FAST:
        return "more than 10000000 requests a second: give a smaller limit or a longer window";
    }
    return "not a limit";
}

static uint64_t rate_debt(const struct rate *rate, uint64_t tat_ns, uint64_t now_ns)
{
    if (tat_ns <= now_ns)
        return 0;
    uint64_t debt_ns = tat_ns - now_ns;
    return debt_ns < rate->tau_ns ? debt_ns : rate->tau_ns;
}

/* now + debt; a clock that close to the end of time (584 years) only has to be harmless. */
static uint64_t rate_tat(uint64_t now_ns, uint64_t debt_ns)
{
    return now_ns > RATE_TAT_MAX - debt_ns ? RATE_TAT_MAX : now_ns + debt_ns;
}

struct rate_result rate_spend(const struct rate *rate, uint64_t tat_ns, uint64_t now_ns,
                              uint64_t cost)
{
    uint64_t debt_ns = rate_debt(rate, tat_ns, now_ns);
    uint64_t credit_ns = rate->tau_ns - debt_ns;
    struct rate_result result = {.allowed = false};

    if (cost > rate->burst) {
        result.retry_ns = UINT64_MAX;
    } else {
        uint64_t need_ns = cost * rate->interval_ns;
        if (need_ns > credit_ns) {
            result.retry_ns = need_ns - credit_ns;
        } else {
            result.allowed = true;
            debt_ns += need_ns;
        }
    }
    result.tat_ns = rate_tat(now_ns, debt_ns);
    /* One division: what is owed, in units, the last one begun; as tau is whole units, credit is
     * what is left of them. */
    uint64_t owed = debt_ns == 0 ? 0 : (debt_ns - 1) / rate->interval_ns + 1;
    result.remaining = rate->burst - owed;
    result.full_in_ns = debt_ns;
    result.next_in_ns = debt_ns == 0 ? 0 : debt_ns - (owed - 1) * rate->interval_ns;
    return result;
}

uint64_t rate_convert(const struct rate *from, const struct rate *to, uint64_t tat_ns,
                      uint64_t now_ns)
{
    uint64_t debt_ns = rate_debt(from, tat_ns, now_ns);
    if (debt_ns == 0)
        return tat_ns; /* full stays full */

    /* In units times both intervals: whole numbers, and no sum above 2^123. */
    __extension__ typedef unsigned __int128 wide;
    wide owed = (wide)debt_ns * to->interval_ns;
    wide from_size = (wide)from->tau_ns * to->interval_ns;
    wide to_size = (wide)to->tau_ns * from->interval_ns;
    /* units left = burst_from - debt / T_from; missing = burst_to - units left, from 0 on */
    if (owed + to_size <= from_size)
        return now_ns;
    wide missing = owed + to_size - from_size; /* at most to_size, as owed is at most from_size */
    /* Rounded up: a change of the limit never gives a fraction of a unit away. */
    uint64_t new_debt_ns = (uint64_t)((missing + from->interval_ns - 1) / from->interval_ns);
    return rate_tat(now_ns, new_debt_ns);
}
