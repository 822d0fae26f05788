/* fast.h - decide about one query in this process, from the view
 *
 * With the daemon's own decide(), on the daemon's own buckets; no system call, no allocation, no
 * wait. What can't be decided here is asked.
 */
#ifndef STKGATE_CLIENT_FAST_H
#define STKGATE_CLIENT_FAST_H

#include "module/client/handle.h"

enum fast_answer {
    FAST_DECIDED = 0,
    FAST_ASK = 1,    /* the daemon alone knows, and there is nothing wrong with the view */
    FAST_ATTACH = 2, /* ask, and have the view handed out (again): there is none, or it is old */
};

/* query has a well-formed credential. The caller has a seat. *ret is complete when DECIDED, else
 * undefined. */
enum fast_answer fast_check(struct stkgate *gate, const struct query *query, struct verdict *ret);

/* The daemon was asked and could not be reached: no call fails for that while the lease holds, or
 * for as long beyond it as the service's policy wants what was known last. As above. */
enum fast_answer fast_check_alone(struct stkgate *gate, const struct query *query,
                                  struct verdict *ret);

#endif
