#include "daemon/publish_slots.h"

#include <errno.h>

/* ---- stores ------------------------------------------------------------------------------------
 */

static void stored(const struct publisher *publisher)
{
    if (publisher->after_store)
        publisher->after_store(publisher->userdata);
}

static void store(const struct publisher *publisher, _Atomic uint64_t *word, uint64_t value,
                  memory_order order)
{
    atomic_store_explicit(word, value, order);
    stored(publisher);
}

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* ---- a view of one's own -----------------------------------------------------------------------
 */

void publisher_make(void *memory, uint32_t groups, uint64_t heap_bytes)
{
    struct view_header *header = memory;

    header->version = VIEW_VERSION;
    header->groups = groups;
    header->heap_bytes = heap_bytes;
    header->bytes = view_geometry(groups, heap_bytes).bytes;
    header->magic = VIEW_MAGIC; /* nobody else has it yet */
}

static unsigned tags_in(uint64_t word)
{
    unsigned count = 0;

    for (; word != 0; word >>= 8)
        count += (word & 0xff) != 0;
    return count;
}

int publisher_open(void *memory, size_t len, struct publisher *ret)
{
    struct publisher publisher = {.header = memory};

    int r = view_open(memory, len, &publisher.view);
    if (r < 0)
        return r;
    struct view_geometry g = view_geometry(publisher.view.groups, publisher.view.heap_bytes);
    uint8_t *start = memory;
    publisher.tags = (_Atomic uint64_t *)(void *)(start + g.tags);
    publisher.slots = (struct view_slot *)(void *)(start + g.slots);
    publisher.heap = start + g.heap;
    if (load(&publisher.header->heap_used) > publisher.view.heap_bytes)
        return -EBADMSG;
    for (size_t i = 0; i < (size_t)publisher.view.groups * VIEW_GROUP_WORDS; i++)
        publisher.used += tags_in(load(&publisher.tags[i]));
    *ret = publisher;
    return 0;
}

/* ---- the image of a record ---------------------------------------------------------------------
 */

struct image {
    uint64_t words[VIEW_SLOT_WORDS]; /* but HEAP's offset, and the bucket */
    const uint8_t *heap;
    size_t heap_len;
    uint8_t whole[RECORD_BYTES_MAX];
};

static uint64_t pair(uint64_t lower, uint64_t higher)
{
    return lower | higher << 32;
}

static bool fits_inline(const struct record *record)
{
    return record->kind != KIND_LEGACY && record->limit.requests <= UINT32_MAX &&
           record->limit.burst <= UINT32_MAX && record->expires_at <= UINT32_MAX &&
           record->grace_until <= UINT32_MAX && record->site.len <= VIEW_SITE_INLINE;
}

static uint64_t state_of(const struct record *record)
{
    return record->revoked ? VIEW_REVOKED : record->suspended ? VIEW_SUSPENDED : VIEW_LIVE;
}

static void make_inline(const struct record *record, struct image *ret)
{
    uint64_t *words = ret->words;

    memcpy(&words[VIEW_WORD_DIGEST], record->digest, DIGEST_BYTES);
    words[VIEW_WORD_SCOPES] = record->scopes;
    words[VIEW_WORD_WINDOW] = record->limit.window_ns;
    words[VIEW_WORD_LIMIT] = pair(record->limit.requests, record->limit.burst);
    words[VIEW_WORD_TIMES] = pair((uint64_t)record->expires_at, (uint64_t)record->grace_until);
    memcpy(&words[VIEW_WORD_KEY_ID], record->key_id.data + 4, KEY_ID_LEN - 4);
    memcpy(&words[VIEW_WORD_SITE], record->site.data, record->site.len);
    words[VIEW_WORD_SHAPE] = pair(
        0, (uint64_t)record->kind | (record->missing_origin_allowed ? VIEW_MISSING_ORIGIN : 0) |
               (record->strict ? VIEW_STRICT : 0) | record->site.len << 8);
    ret->heap = record->origins.data;
    ret->heap_len = record->origins.len;
}

/* What decide() wants of it, and nothing that its readers need not know. */
static int make_whole(const struct record *record, struct image *ret)
{
    struct record shown = *record;

    shown.suspended = shown.revoked = false;
    shown.created_at = shown.revoked_at = 0;
    shown.created_by = 0;
    shown.seq = 0;
    shown.name = TEXT("-");
    shown.reason = shown.rotated_from = shown.rotated_to = TEXT("");
    shown.secret_prefix = record->kind == KIND_LEGACY ? TEXT("")
                          : record->kind == KIND_LIVE ? TEXT("stk_live_0000")
                                                      : TEXT("stk_test_0000");
    int r = record_encode(&shown, ret->whole, &ret->heap_len);
    if (r < 0)
        return r;
    memcpy(&ret->words[VIEW_WORD_DIGEST], record->digest, DIGEST_BYTES);
    ret->words[VIEW_WORD_SHAPE] = pair(0, VIEW_WHOLE | (record->strict ? VIEW_STRICT : 0));
    ret->heap = ret->whole;
    return 0;
}

static int make_image(const struct record *record, struct image *ret)
{
    memset(ret->words, 0, sizeof ret->words);
    ret->words[VIEW_WORD_STATE] = state_of(record);
    if (!fits_inline(record))
        return make_whole(record, ret);
    make_inline(record, ret);
    return 0;
}

/* Whether the slot has all of it but for the state and the bucket. */
static bool has_image(const struct publisher *publisher, uint32_t slot, const struct image *image)
{
    const struct view_slot *found = &publisher->slots[slot];

    for (unsigned i = VIEW_WORD_DIGEST; i < VIEW_WORD_SHAPE; i++)
        if (load(&found->words[i]) != image->words[i])
            return false;
    uint64_t shape = load(&found->words[VIEW_WORD_SHAPE]);
    uint64_t heap = load(&found->words[VIEW_WORD_HEAP]);
    uint64_t offset = heap & UINT32_MAX;
    return shape >> 32 == image->words[VIEW_WORD_SHAPE] >> 32 && heap >> 32 == image->heap_len &&
           offset + image->heap_len <= publisher->view.heap_bytes &&
           (image->heap_len == 0 ||
            memcmp(publisher->heap + offset, image->heap, image->heap_len) == 0);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

/* The first free slot that a lookup of digest meets. */
static bool find_free(const struct publisher *publisher, const uint8_t digest[DIGEST_BYTES],
                      uint32_t *ret)
{
    struct view_walk walk;

    view_walk_begin(&publisher->view, digest, &walk);
    for (uint32_t left = walk.groups_left + 1, group = walk.group; left > 0; left--) {
        for (uint32_t i = 0; i < VIEW_GROUP_SLOTS; i++) {
            uint32_t slot = group * VIEW_GROUP_SLOTS + i;
            if ((load(&publisher->tags[slot / 8]) >> (slot % 8 * 8) & 0xff) == 0) {
                *ret = slot;
                return true;
            }
        }
        group = group + 1 == publisher->view.groups ? 0 : group + 1;
    }
    return false;
}

/* Space that is taken and not used is lost until the next view: that is all a crash here does. */
static int put_heap(struct publisher *publisher, struct image *image)
{
    uint64_t at = load(&publisher->header->heap_used);

    if (image->heap_len == 0)
        return 0;
    if (image->heap_len > publisher->view.heap_bytes - at)
        return -ENOSPC;
    store(publisher, &publisher->header->heap_used, at + image->heap_len, memory_order_relaxed);
    memcpy(publisher->heap + at, image->heap, image->heap_len);
    stored(publisher);
    image->words[VIEW_WORD_HEAP] = pair(at, image->heap_len);
    return 0;
}

static void put_slot(struct publisher *publisher, uint32_t slot, const struct image *image)
{
    for (unsigned i = 0; i < VIEW_SLOT_WORDS; i++)
        store(publisher, &publisher->slots[slot].words[i], image->words[i], memory_order_relaxed);
    uint8_t digest[DIGEST_BYTES];
    memcpy(digest, &image->words[VIEW_WORD_DIGEST], sizeof digest);
    _Atomic uint64_t *word = &publisher->tags[slot / 8];
    uint64_t tag = (uint64_t)view_tag(digest) << (slot % 8 * 8);
    store(publisher, word, load(word) | tag, memory_order_release);
    publisher->used++;
}

static void set_state(struct publisher *publisher, uint32_t slot, uint64_t state)
{
    _Atomic uint64_t *word = &publisher->slots[slot].words[VIEW_WORD_STATE];

    if (load(word) != state)
        store(publisher, word, state, memory_order_release);
}

static bool is_there(uint64_t state)
{
    return state != VIEW_MOVED && state != VIEW_REMOVED;
}

/* The slot that has this record but for its state; or else the newest that is there, whose bucket
 * is to be kept on. */
struct places {
    bool has_same, has_old;
    uint32_t same, old_bucket;
};

static struct places find_places(const struct publisher *publisher, const struct record *record,
                                 const struct image *image)
{
    struct places places = {0};
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(&publisher->view, record->digest, &walk);
    while (view_walk_next(&publisher->view, record->digest, &walk, &slot, &state)) {
        if (!is_there(state))
            continue;
        places.has_old = true;
        places.old_bucket = (uint32_t)load(&publisher->slots[slot].words[VIEW_WORD_SHAPE]);
        if (!places.has_same && has_image(publisher, slot, image)) {
            places.has_same = true;
            places.same = slot;
        }
    }
    return places;
}

/* All but one: what an edit leaves behind, and what one that was cut short did. */
static void retire_others(struct publisher *publisher, const struct record *record, uint32_t kept)
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(&publisher->view, record->digest, &walk);
    while (view_walk_next(&publisher->view, record->digest, &walk, &slot, &state))
        if (slot != kept && is_there(state))
            set_state(publisher, slot, VIEW_MOVED);
}

int publisher_put(struct publisher *publisher, const struct record *record)
{
    struct image image;
    uint32_t slot;

    int r = make_image(record, &image);
    if (r < 0)
        return r;
    struct places places = find_places(publisher, record, &image);
    if (places.has_same) {
        set_state(publisher, places.same, image.words[VIEW_WORD_STATE]);
        retire_others(publisher, record, places.same);
        return 0;
    }
    if (!find_free(publisher, record->digest, &slot))
        return -ENOSPC;
    r = put_heap(publisher, &image);
    if (r < 0)
        return r;
    image.words[VIEW_WORD_SHAPE] |= places.has_old ? places.old_bucket : slot;
    put_slot(publisher, slot, &image);
    retire_others(publisher, record, slot);
    return 0;
}

void publisher_remove(struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES])
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    /* What has moved first: nobody shall look for where it went, and find nothing. */
    for (int there = 0; there <= 1; there++) {
        view_walk_begin(&publisher->view, digest, &walk);
        while (view_walk_next(&publisher->view, digest, &walk, &slot, &state))
            if (is_there(state) == (there == 1))
                set_state(publisher, slot, VIEW_REMOVED);
    }
}
