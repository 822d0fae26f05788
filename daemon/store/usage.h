/* usage.h - a credential's use counts <-> bytes
 *
 * Private to daemon/store. A version byte, a CRC-32 of what follows it, seven numbers; of version 1
 * the first five. Pure.
 */
#ifndef STKGATE_DAEMON_STORE_USAGE_H
#define STKGATE_DAEMON_STORE_USAGE_H

#include "daemon/store/store.h"

#define USAGE_BYTES (1 + 4 + 7 * 8)

void usage_encode(const struct usage *usage, uint8_t ret[static USAGE_BYTES]);

/* -EBADMSG: also for a version that is not known. ret is untouched on failure. */
int usage_decode(const void *bytes, size_t len, struct usage *ret);

#endif
