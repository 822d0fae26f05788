/* bucket.h - the one word of a token bucket that threads and processes share
 */
#ifndef STKGATE_CORE_BUCKET_H
#define STKGATE_CORE_BUCKET_H

#include <stdatomic.h>

#include "lib/core/rate.h"

/* Spend cost (1 to burst) at now_ns from *tat (see rate.h), or with peek see what would come of it:
 * *ret. A refusal spends nothing, but mends a *tat that lies more than a second beyond what the
 * limit allows, as otherwise the bucket would stay shut for as long as that word says. False: *tat
 * is above RATE_TAT_MAX, no state; nothing is changed. Any thread, no lock. */
bool bucket_spend(const struct rate *rate, _Atomic uint64_t *tat, uint64_t now_ns, uint64_t cost,
                  bool peek, struct rate_result *ret);

#endif
