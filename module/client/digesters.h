/* digesters.h - contexts for SHA-256, one per thread at a time
 *
 * Making one costs more than using it, so they are kept; no thread-local storage, whose destructors
 * would be left dangling by dlclose(3). Lock-free. A child keeps those that were not in use when it
 * was forked.
 */
#ifndef STKGATE_CLIENT_DIGESTERS_H
#define STKGATE_CLIENT_DIGESTERS_H

#include <stdatomic.h>

#include "lib/core/digest.h"

#define DIGESTERS_MAX 16

struct digesters {
    _Atomic(struct digester *) idle[DIGESTERS_MAX];
};

/* Makes the first one, so that a lack of SHA-256 is found out early. 0, -ENOMEM, -EIO. */
int digesters_init(struct digesters *digesters);
void digesters_deinit(struct digesters *digesters);

/* 0, -ENOMEM, -EIO. Every take is followed by a put by the same thread. */
int digesters_take(struct digesters *digesters, struct digester **ret);
void digesters_put(struct digesters *digesters, struct digester *digester);

#endif
