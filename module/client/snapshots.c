#include "module/client/snapshots.h"

#include <errno.h>
#include <stdlib.h>

#define GENERATION_BYTES sizeof(uint64_t)

static struct snapshot *snapshot_new(const struct welcome *welcome, const uint8_t *content,
                                     size_t len)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot + len);
    if (snapshot == NULL)
        return NULL;
    snapshot->generation = welcome->generation;
    snapshot->direct = welcome->direct;
    snapshot->policy = welcome->policy;
    snapshot->registry = welcome->registry;
    snapshot->content_len = len;
    if (len > 0)
        memcpy(snapshot->content, content, len);
    return snapshot;
}

/* A second snapshot of the same content, added by another thread meanwhile, does no harm. */
static void add(struct snapshots *snapshots, struct snapshot *snapshot)
{
    snapshot->older = atomic_load(&snapshots->newest);
    while (!atomic_compare_exchange_weak(&snapshots->newest, &snapshot->older, snapshot))
        ;
}

static struct snapshot *find(struct snapshots *snapshots, const uint8_t *content, size_t len)
{
    struct snapshot *s = atomic_load(&snapshots->newest);
    while (s != NULL && (s->content_len != len || memcmp(s->content, content, len) != 0))
        s = s->older;
    return s;
}

int snapshots_init(struct snapshots *snapshots)
{
    struct welcome defaults = {0};
    policy_init(&defaults.policy);
    scope_registry_init(&defaults.registry);
    struct snapshot *snapshot = snapshot_new(&defaults, NULL, 0);
    if (snapshot == NULL)
        return -ENOMEM;
    snapshots->newest = NULL;
    add(snapshots, snapshot);
    snapshots->current = snapshot;
    return 0;
}

void snapshots_deinit(struct snapshots *snapshots)
{
    struct snapshot *s = snapshots->newest;
    while (s != NULL) {
        struct snapshot *older = s->older;
        free(s);
        s = older;
    }
    snapshots->newest = NULL;
    snapshots->current = NULL;
}

int snapshots_publish(struct snapshots *snapshots, struct frame *frame, uint64_t *ret_generation)
{
    const uint8_t *content = frame->payload.at;
    size_t len = frame->payload.left;
    struct welcome welcome;
    if (welcome_read(frame, &welcome) < 0)
        return -EPROTO;
    content += GENERATION_BYTES;
    len -= GENERATION_BYTES;
    struct snapshot *snapshot = find(snapshots, content, len);
    if (snapshot == NULL) {
        snapshot = snapshot_new(&welcome, content, len);
        if (snapshot == NULL)
            return -ENOMEM;
        add(snapshots, snapshot);
    }
    /* Two threads may get here in the other order than the daemon spoke. Then the older content
     * is current under its own generation, the next VERDICT names another, and HELLO is said
     * again. */
    atomic_store(&snapshot->generation, welcome.generation);
    atomic_store(&snapshots->current, snapshot);
    *ret_generation = welcome.generation;
    return 0;
}
