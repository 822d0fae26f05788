/* fast.h - decide about one query in this process, from the view
 *
 * With the daemon's own decide(), on the daemon's own buckets; no system call, no allocation, no
 * wait. What can't be decided here is asked.
 */
#ifndef STKGATE_CLIENT_FAST_H
#define STKGATE_CLIENT_FAST_H

#include "lib/view/lease.h"
#include "module/client/handle.h"

/* What one call goes by: the view, until when, and the policy of its generation. */
struct fast {
    const struct mapping *mapping;
    const struct snapshot *snapshot;
    struct lease lease;
    uint64_t now_ns; /* once the clock was looked at */
};

/* Whether there is a view to decide from, if its lease is not over: *ret, for as long as the caller
 * has its seat. */
bool fast_begin(const struct stkgate *gate, struct fast *ret);

/* This token was allowed lately, and still is: *verdict, which is a refusal else and stays one.
 * What it does not allow is to be decided by the others. */
bool fast_pass(struct fast *fast, struct recent_token *token, const struct stkgate_request *request,
               struct stkgate_verdict *verdict);

/* The token was found lately: without its digest, if the lease holds. query lacks its digest, and
 * has it when true is returned; *ret is complete then, else undefined. */
bool fast_check_recent(struct fast *fast, struct recent_token *token, struct query *query,
                       struct verdict *ret);

/* query has a well-formed credential. Whether it is decided, and the lease holds: *ret is complete
 * then, else undefined, and the daemon is to be asked. What is found is noted in recent by its
 * hash, or not (NULL). */
bool fast_check(struct fast *fast, struct recent *recent, const struct universal *hash,
                const struct query *query, struct verdict *ret);

/* After the daemon was asked and could not be reached: no call fails for that while the
 * lease holds, or for as long beyond it as the service's policy goes by what was known last. */
bool fast_check_alone(struct stkgate *gate, const struct query *query, struct verdict *ret);

/* Whether there is no view, or only one that has to be handed out once more: it was superseded, its
 * lease is over, another daemon writes it now, or this process is a child that has inherited it.
 * The caller has a seat. */
bool fast_needs_view(const struct stkgate *gate);

#endif
