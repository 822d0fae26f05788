#include "daemon/area.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/map/large.h"

/* Of the heap, whose pages take memory once they are written. */
#define HEAP_BYTES_PER_SLOT UINT64_C(256)

/* Bytes: a tenth of a millisecond. */
#define MAP_AT_ONCE ((size_t)256 * 1024)

/* A heap of which so much is written goes on, on large pages, so much ahead: where it is smaller,
 * what the last one has too much would be most of it. */
#define HEAP_LARGE LARGE_PAGE
#define HEAP_AHEAD MAP_AT_ONCE

enum part { PART_VIEW, PART_SHARED, PART_OWN, PART_COUNT };
static const char *const part_names[PART_COUNT] = {"", "-shared", "-own"};

static void name_of(uint64_t epoch, enum part part, char ret[static FDSTORE_NAME_MAX + 1])
{
    snprintf(ret, FDSTORE_NAME_MAX + 1, FDSTORE_PREFIX "%llu%s", (unsigned long long)epoch,
             part_names[part]);
}

static struct memory *part_of(struct area *area, enum part part)
{
    return part == PART_VIEW ? &area->view : part == PART_SHARED ? &area->shared : &area->own;
}

static struct area *area_alloc(uint64_t epoch)
{
    struct area *area = calloc(1, sizeof *area);

    if (!area)
        return NULL;
    area->view = area->shared = area->own = MEMORY_NONE;
    area->view_fd = -1;
    area->epoch = epoch;
    return area;
}

struct area *area_free(struct area *area)
{
    if (!area)
        return NULL;
    if (area->view_fd >= 0)
        close(area->view_fd);
    for (enum part part = 0; part < PART_COUNT; part++)
        memory_free(part_of(area, part));
    free(area);
    return NULL;
}

void area_keep(struct area *area)
{
    char name[FDSTORE_NAME_MAX + 1];

    for (enum part part = 0; part < PART_COUNT; part++) {
        name_of(area->epoch, part, name);
        fdstore_keep(name, part_of(area, part)->fd);
    }
}

struct area *area_drop(struct area *area)
{
    char name[FDSTORE_NAME_MAX + 1];

    for (enum part part = 0; area && part < PART_COUNT; part++) {
        name_of(area->epoch, part, name);
        fdstore_forget(name);
    }
    return area_free(area);
}

static int area_open(struct area *area)
{
    int r = publisher_open(area->view.bytes, area->view.len, area->shared.bytes, area->own.bytes,
                           &area->publisher);
    if (r < 0)
        return r;
    size_t bucket_bytes = (size_t)view_slots(&area->publisher.view) * sizeof(struct view_bucket);
    return area->shared.len < bucket_bytes || area->own.len < bucket_bytes ? -EBADMSG : 0;
}

/* The header is written with the first page of this; nothing else is looked at before all is there.
 */
static int make(struct area *area, uint64_t slots, unsigned heap_scale)
{
    uint64_t groups = (slots + VIEW_GROUP_SLOTS - 1) / VIEW_GROUP_SLOTS;

    groups = groups < VIEW_GROUPS_MAX ? groups : VIEW_GROUPS_MAX;
    slots = groups * VIEW_GROUP_SLOTS;
    uint64_t heap_bytes = slots * HEAP_BYTES_PER_SLOT * heap_scale;
    heap_bytes = heap_bytes < VIEW_HEAP_MAX ? heap_bytes : VIEW_HEAP_MAX;
    struct view_geometry g = view_geometry((uint32_t)groups, heap_bytes);
    size_t bucket_bytes = slots * sizeof(struct view_bucket);
    int r = memory_new("stkgate view", g.bytes, VIEW_PAGE, &area->view);
    if (r == 0)
        r = memory_new("stkgate buckets", bucket_bytes, 0, &area->shared);
    if (r == 0)
        r = memory_new("stkgate own buckets", bucket_bytes, 0, &area->own);
    if (r == 0)
        publisher_make(area->view.bytes, (uint32_t)groups, heap_bytes, area->epoch);
    return r;
}

int area_begin(uint64_t slots, unsigned heap_scale, uint64_t epoch, struct area **ret)
{
    struct area *area = area_alloc(epoch);

    if (!area)
        return -ENOMEM;
    int r = make(area, slots, heap_scale);
    if (r < 0) {
        area_free(area);
        return r;
    }
    *ret = area;
    return 0;
}

/* Where at, counted through the view as far as it exists from the start, and then the shared
 * buckets, lies: in which of them, and how much of that is left. Tags, slots and shared buckets
 * exist from the start; the heap and the daemon's own buckets come as they are written. */
static struct memory *part_at(struct area *area, size_t at, size_t *ret_from, size_t *ret_left)
{
    const struct view_header *header = area->view.bytes;
    size_t view_bytes = view_geometry(header->groups, header->heap_bytes).heap;
    bool is_view = at < view_bytes;

    *ret_from = is_view ? at : at - view_bytes;
    *ret_left = (is_view ? view_bytes : area->shared.len) - *ret_from;
    return is_view ? &area->view : &area->shared;
}

int area_provide_some(struct area *area, size_t len)
{
    size_t from, left;
    struct memory *memory = part_at(area, area->provided, &from, &left);

    len = len < left ? len : left;
    int r = memory_provide(memory, from, len);
    if (r < 0)
        return r;
    area->provided += len;
    if (len < left || memory == &area->view)
        return 1;
    return area_open(area);
}

int area_new(uint64_t slots, unsigned heap_scale, uint64_t epoch, struct area **ret)
{
    struct area *area;
    int r = area_begin(slots, heap_scale, epoch, &area);

    if (r < 0)
        return r;
    while ((r = area_provide_some(area, SIZE_MAX)) > 0)
        continue;
    if (r < 0) {
        area_free(area);
        return r;
    }
    *ret = area;
    return 0;
}

/* Of its pages each costs whoever writes to it first as much as twenty credentials. Where there is
 * none to be had ahead, that is what it does. */
static void provide_heap(struct area *area)
{
    size_t used = atomic_load(&area->publisher.header->heap_used);
    size_t at = (size_t)(area->publisher.heap - (const uint8_t *)area->view.bytes) + used;
    size_t next = (at + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;

    if (used < HEAP_LARGE || next - at > HEAP_AHEAD || next <= area->heap_large)
        return;
    /* Not beyond its end: that is refused. */
    if (memory_provide(&area->view, next, LARGE_PAGE) == 0)
        memory_map_ahead(&area->view, next, LARGE_PAGE);
    area->heap_large = next;
}

bool area_map_some(struct area *area)
{
    size_t from, left;
    const struct memory *memory = part_at(area, area->mapped, &from, &left);
    size_t len = left < MAP_AT_ONCE ? left : MAP_AT_ONCE;

    if (len == 0)
        provide_heap(area);
    memory_map_ahead(memory, from, len);
    area->mapped += len;
    return len < left || memory == &area->view;
}

/* The descriptor is the caller's then; -1: there is none. */
static int take(struct fdstore *inherited, const char *name)
{
    for (unsigned i = 0; i < inherited->count; i++) {
        struct fdstore_file *file = &inherited->files[i];
        int fd = file->fd;
        if (fd < 0 || strcmp(file->name, name) != 0)
            continue;
        file->fd = -1;
        return fd;
    }
    return -1;
}

static int take_parts(struct fdstore *inherited, struct area *area)
{
    char name[FDSTORE_NAME_MAX + 1];
    int r = 0;

    for (enum part part = 0; part < PART_COUNT; part++) {
        name_of(area->epoch, part, name);
        int fd = take(inherited, name);
        int adopted = fd < 0 ? -EBADMSG : memory_adopt(fd, part_of(area, part));
        if (adopted < 0 && fd >= 0)
            close(fd);
        r = r < 0 ? r : adopted;
    }
    return r;
}

int area_adopt(struct fdstore *inherited, uint64_t epoch, struct area **ret)
{
    struct area *area = area_alloc(epoch);

    if (!area)
        return -ENOMEM;
    int r = take_parts(inherited, area);
    if (r == 0)
        r = area_open(area);
    if (r == 0 && area->publisher.view.header->epoch != epoch)
        r = -EBADMSG;
    if (r < 0) {
        area_drop(area);
        return r;
    }
    *ret = area;
    return 0;
}

static bool parse_epoch(const char *name, uint64_t *ret)
{
    char *end;

    if (strncmp(name, FDSTORE_PREFIX, sizeof FDSTORE_PREFIX - 1) != 0)
        return false;
    errno = 0;
    *ret = strtoull(name + sizeof FDSTORE_PREFIX - 1, &end, 10);
    return errno == 0 && *end == '\0';
}

uint64_t area_epoch_below(const struct fdstore *inherited, uint64_t below)
{
    uint64_t best = 0, epoch;

    for (unsigned i = 0; i < inherited->count; i++)
        if (inherited->files[i].fd >= 0 && parse_epoch(inherited->files[i].name, &epoch) &&
            epoch > best && epoch < below)
            best = epoch;
    return best;
}

uint64_t area_resident(const struct area *area)
{
    return area ? memory_resident(&area->view) + memory_resident(&area->shared) +
                      memory_resident(&area->own)
                : 0;
}
