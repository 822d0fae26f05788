/* bucket.c - see bucket.h */
#include "lib/core/bucket.h"

/* A tat that is further than this beyond what the bucket allows was not written by a thread whose
 * clock reading is a little newer than ours, but by an older limit, an earlier boot or a hostile
 * writer. Only such a one is mended: mending the first kind would give units back. */
#define TAT_SKEW_NS UINT64_C(1000000000)

/* One word, read once per turn; whoever loses the race tries again with what the winner left.
 * Relaxed: nothing but the word itself is shared. */
bool bucket_spend(const struct rate *rate, _Atomic uint64_t *tat, uint64_t now_ns, uint64_t cost,
                  bool peek, struct rate_result *ret)
{
    uint64_t seen_ns = atomic_load_explicit(tat, memory_order_relaxed);
    do {
        if (seen_ns > RATE_TAT_MAX)
            return false;
        *ret = rate_spend(rate, seen_ns, now_ns, cost);
        bool stray = seen_ns > ret->tat_ns && seen_ns - ret->tat_ns > TAT_SKEW_NS;
        if (peek || (!ret->allowed && !stray))
            break;
    } while (!atomic_compare_exchange_weak_explicit(tat, &seen_ns, ret->tat_ns,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}
