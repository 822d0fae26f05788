#include "module/client/digesters.h"

int digesters_init(struct digesters *digesters)
{
    struct digester *first;
    int r = digester_new(&first);
    if (r < 0)
        return r;
    digesters_put(digesters, first);
    return 0;
}

void digesters_deinit(struct digesters *digesters)
{
    for (size_t i = 0; i < DIGESTERS_MAX; i++)
        digester_free(atomic_exchange(&digesters->idle[i], NULL));
}

int digesters_take(struct digesters *digesters, struct digester **ret)
{
    for (size_t i = 0; i < DIGESTERS_MAX; i++) {
        if (atomic_load_explicit(&digesters->idle[i], memory_order_relaxed) == NULL)
            continue;
        struct digester *found =
            atomic_exchange_explicit(&digesters->idle[i], NULL, memory_order_acquire);
        if (found != NULL) {
            *ret = found;
            return 0;
        }
    }
    return digester_new(ret);
}

void digesters_put(struct digesters *digesters, struct digester *digester)
{
    for (size_t i = 0; i < DIGESTERS_MAX; i++) {
        struct digester *empty = NULL;
        if (atomic_load_explicit(&digesters->idle[i], memory_order_relaxed) == NULL &&
            atomic_compare_exchange_strong_explicit(&digesters->idle[i], &empty, digester,
                                                    memory_order_release, memory_order_relaxed))
            return;
    }
    digester_free(digester);
}
