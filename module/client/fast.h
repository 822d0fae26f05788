/* fast.h - decide about one query in this process, from the view
 *
 * With the daemon's own decide(), on the daemon's own buckets; no system call, no allocation, no
 * wait. What can't be decided here is asked.
 */
#ifndef STKGATE_CLIENT_FAST_H
#define STKGATE_CLIENT_FAST_H

#include "module/client/handle.h"

/* query has a well-formed credential. The caller has a seat. Whether it is decided: *ret is
 * complete then, else undefined, and the daemon is to be asked. */
bool fast_check(struct stkgate *gate, const struct query *query, struct verdict *ret);

/* The same, after the daemon was asked and could not be reached: no call fails for that while the
 * lease holds, or for as long beyond it as the service's policy goes by what was known last. */
bool fast_check_alone(struct stkgate *gate, const struct query *query, struct verdict *ret);

/* Whether there is no view, or only one that has to be handed out once more: it was superseded, its
 * lease is over, another daemon writes it now, or this process is a child that has inherited it.
 * The caller has a seat. */
bool fast_needs_view(const struct stkgate *gate);

#endif
