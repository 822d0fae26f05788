/* snapshots.h - what the daemon said last about this service: its policy, and the scope names
 *
 * Immutable once published, but for its generation: threads read it without a lock while another
 * publishes the next. What was replaced lives until the handle is closed, since somebody may be
 * reading it; the same content is never kept twice, and content changes when an operator edits the
 * service's file or registers a scope.
 */
#ifndef STKGATE_CLIENT_SNAPSHOTS_H
#define STKGATE_CLIENT_SNAPSHOTS_H

#include <stdatomic.h>

#include "lib/wire/message.h"

struct snapshot {
    _Atomic uint64_t generation; /* one under which the daemon sent this content */
    bool direct;                 /* the view may be had */
    struct policy policy;
    struct scope_registry registry;
    struct snapshot *older;
    size_t content_len; /* 0: the defaults, before the first WELCOME */
    uint8_t content[];  /* bytes of the WELCOME after its generation: what "the same" is told by */
};

struct snapshots {
    _Atomic(struct snapshot *) current;
    _Atomic(struct snapshot *) newest; /* head of the list of all */
};

/* Begin with the defaults of policy_init() and the built-in scopes. 0, -ENOMEM. */
int snapshots_init(struct snapshots *snapshots);
/* No other thread may use them. */
void snapshots_deinit(struct snapshots *snapshots);

/* Never NULL; good until snapshots_deinit(). */
static inline const struct snapshot *snapshots_current(const struct snapshots *snapshots)
{
    return atomic_load_explicit(&snapshots->current, memory_order_acquire);
}

/* Take over what a WELCOME says. 0 and its generation; -EPROTO: it is none; -ENOMEM. */
int snapshots_publish(struct snapshots *snapshots, struct frame *welcome, uint64_t *ret_generation);

#endif
