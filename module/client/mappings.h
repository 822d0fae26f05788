/* mappings.h - the view of one handle, and those that it replaced
 *
 * A table that grows is published in larger and larger views, and the memory of the old ones must
 * be given back while the program runs, with threads that read at that very time. A reader has a
 * seat (seats.h) and loads the current mapping; whoever replaces it counts who is seated, and it is
 * unmapped as soon as those have left: at once, mostly, else by one of the next calls. Nobody waits
 * for anybody, and there is no lock that a fork could leave locked. A child has its parent's
 * mappings; one that was just being unmapped when it was forked stays with it, unused.
 */
#ifndef STKGATE_CLIENT_MAPPINGS_H
#define STKGATE_CLIENT_MAPPINGS_H

#include "module/client/map.h"

struct mappings {
    _Atomic(struct mapping *) current;
    _Atomic(struct mapping *) retired; /* a list of those that are still to be unmapped */
    _Atomic uint64_t numbered;         /* so many were in use */
};

/* The current one, or NULL: for a thread that has a seat, and as long as it has that. Others may
 * look whether there is one. */
static inline const struct mapping *mappings_current(const struct mappings *mappings)
{
    return atomic_load(&mappings->current);
}

/* Take over next (NULL: there is none any more) in the place of the current one. The caller has no
 * seat. */
void mappings_replace(struct mappings *mappings, const struct seats *seats, struct mapping *next);

void mappings_unmap_retired(struct mappings *mappings, const struct seats *seats);

/* Unmap what was replaced and has no reader any more. To be called now and then, without a seat:
 * it is one load when there is nothing to do. */
static inline void mappings_tidy(struct mappings *mappings, const struct seats *seats)
{
    if (__builtin_expect(atomic_load_explicit(&mappings->retired, memory_order_relaxed) != NULL, 0))
        mappings_unmap_retired(mappings, seats);
}

/* No other thread may use them. */
void mappings_deinit(struct mappings *mappings);

#endif
