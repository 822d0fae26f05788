/* committer.h - the thread that commits
 *
 * Changes queue up; the thread takes all that are queued into one LMDB transaction, each in a child
 * transaction of its own so that one that fails takes no other with it, commits (fsync), and hands
 * the results back. The event loop polls committer_fd() and calls committer_collect(): done
 * functions run there, on the loop's thread, after the commit, in the order of submission.
 */
#ifndef STKGATE_DAEMON_STORE_COMMITTER_H
#define STKGATE_DAEMON_STORE_COMMITTER_H

#include "daemon/store/change.h"

struct committer;

typedef void (*committer_done_fn)(const struct change *change, const struct change_result *result,
                                  void *userdata);

/* Changes that may wait unless told otherwise; more are refused with -EAGAIN. */
#define COMMITTER_QUEUE_MAX 4096

/* Blocks all signals in the new thread but SIGBUS. */
int committer_new(struct store *store, struct committer **ret);

/* How many changes may wait, from now on. */
void committer_set_queue_max(struct committer *committer, unsigned max);

/* Commits what is queued, joins the thread, calls what done functions are left, frees. NULL is
 * allowed; returns NULL. */
struct committer *committer_free(struct committer *committer);

/* Copies change. done runs exactly once if and only if this returned 0. -EAGAIN: queue full;
 * -ESHUTDOWN: see committer_failure(). */
int committer_submit(struct committer *committer, const struct change *change,
                     committer_done_fn done, void *userdata);

/* Usage of one credential, written in the next commit, or in one of its own; without seq, audit
 * entry or answer. -EAGAIN as above. */
int committer_submit_usage(struct committer *committer, struct text key_id,
                           const struct usage *usage);

/* Commits that succeeded, with changes or use counts: how many since the start, and how long the
 * last of them took, fsync included (see durations.h). */
struct committer_stats {
    uint64_t commits;
    uint64_t last_ns, p50_ns, p99_ns, max_ns;
    unsigned queued; /* changes submitted, and not collected yet */
};
void committer_stats(struct committer *committer, struct committer_stats *ret);

/* 0, or why nothing is committed any more: -EIO the outcome of a commit is unknown; -ESTALE
 * data.mdb was replaced, cut or written by somebody else. */
int committer_failure(struct committer *committer);

/* Readable when there is something to collect, or after a failure. Owned by the committer. */
int committer_fd(const struct committer *committer);
void committer_collect(struct committer *committer);

#endif
