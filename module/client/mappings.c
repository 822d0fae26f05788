#include "module/client/mappings.h"

static void push(struct mappings *mappings, struct mapping *mapping)
{
    mapping->next = atomic_load_explicit(&mappings->retired, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&mappings->retired, &mapping->next, mapping,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

void mappings_replace(struct mappings *mappings, const struct seats *seats, struct mapping *next)
{
    if (next != NULL)
        next->number = atomic_fetch_add_explicit(&mappings->numbered, 1, memory_order_relaxed) + 1;
    /* Sequentially consistent and before the count, see seats_count(): who is not in the count
     * loads next, or a later one. */
    struct mapping *old = atomic_exchange(&mappings->current, next);
    if (old == NULL)
        return;
    seats_count(seats, &old->readers);
    push(mappings, old);
    mappings_unmap_retired(mappings, seats);
}

/* Takes the whole list, so that each mapping has one thread at a time that looks after it; there is
 * no ABA in a list that is only ever emptied as a whole. */
void mappings_unmap_retired(struct mappings *mappings, const struct seats *seats)
{
    struct mapping *mapping =
        atomic_exchange_explicit(&mappings->retired, NULL, memory_order_acquire);
    while (mapping != NULL) {
        struct mapping *next = mapping->next;
        if (seats_have_left(seats, &mapping->readers))
            map_free(mapping);
        else
            push(mappings, mapping);
        mapping = next;
    }
}

void mappings_deinit(struct mappings *mappings)
{
    map_free(atomic_exchange(&mappings->current, NULL));
    struct mapping *mapping = atomic_exchange(&mappings->retired, NULL);
    while (mapping != NULL) {
        struct mapping *next = mapping->next;
        map_free(mapping);
        mapping = next;
    }
}
