#include "daemon/publish_slots.h"

#include <errno.h>

#include "lib/core/uninitialized.h"

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

void publisher_make(void *memory, uint32_t groups, uint64_t heap_bytes, uint64_t epoch)
{
    struct view_header *header = memory;

    header->version = VIEW_VERSION;
    header->groups = groups;
    header->heap_bytes = heap_bytes;
    header->bytes = view_geometry(groups, heap_bytes).bytes;
    header->epoch = epoch;
    header->magic = VIEW_MAGIC; /* nobody else has it yet */
}

int publisher_open(void *memory, size_t len, struct view_bucket *shared, struct view_bucket *own,
                   struct publisher *ret)
{
    struct publisher publisher = {.header = memory, .own = own};

    int r = view_open(memory, len, &publisher.view);
    if (r < 0)
        return r;
    struct view_geometry g = view_geometry(publisher.view.groups, publisher.view.heap_bytes);
    uint8_t *start = memory;
    publisher.tags = (_Atomic uint64_t *)(void *)(start + g.tags);
    publisher.slots = (struct view_slot *)(void *)(start + g.slots);
    publisher.heap = start + g.heap;
    publisher.view.buckets = shared;
    if (load(&publisher.header->heap_used) > publisher.view.heap_bytes)
        return -EBADMSG;
    for (uint32_t slot = 0; slot < view_slots(&publisher.view); slot++)
        publisher.used += view_tag_at(&publisher.view, slot) != 0;
    *ret = publisher;
    return 0;
}

/* ---- the image of a record ---------------------------------------------------------------------
 */

struct image {
    uint64_t words[VIEW_SLOT_WORDS]; /* but HEAP's offset */
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
    words[VIEW_WORD_SHAPE] = (uint64_t)record->kind |
                             (record->missing_origin_allowed ? VIEW_MISSING_ORIGIN : 0) |
                             (record->strict ? VIEW_STRICT : 0) | (uint64_t)record->site.len << 8;
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
    ret->words[VIEW_WORD_SHAPE] = VIEW_WHOLE | (record->strict ? VIEW_STRICT : 0);
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

/* Whether the slot has all of it but for the state. */
static bool has_image(const struct publisher *publisher, uint32_t slot, const struct image *image)
{
    const struct view_slot *found = &publisher->slots[slot];

    for (unsigned i = VIEW_WORD_DIGEST; i <= VIEW_WORD_SHAPE; i++)
        if (load(&found->words[i]) != image->words[i])
            return false;
    uint64_t heap = load(&found->words[VIEW_WORD_HEAP]);
    uint64_t offset = heap & UINT32_MAX;
    return heap >> 32 == image->heap_len &&
           offset + image->heap_len <= publisher->view.heap_bytes &&
           (image->heap_len == 0 ||
            memcmp(publisher->heap + offset, image->heap, image->heap_len) == 0);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

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
    _Atomic uint64_t *word = &publisher->tags[slot / VIEW_WORD_TAGS];
    uint64_t tag = (uint64_t)view_tag(digest) << (slot % VIEW_WORD_TAGS * VIEW_TAG_BITS);
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

/* ---- buckets -----------------------------------------------------------------------------------
 */

static bool is_strict(const struct publisher *publisher, uint32_t slot)
{
    return (load(&publisher->slots[slot].words[VIEW_WORD_SHAPE]) & VIEW_STRICT) != 0;
}

struct view_bucket *publisher_bucket(const struct publisher *publisher, uint32_t slot)
{
    return &(is_strict(publisher, slot) ? publisher->own : publisher->view.buckets)[slot];
}

/* A slot whose limit is no limit was damaged: then its bucket can't be anything but empty. */
static void rate_of(const struct publisher *publisher, uint32_t slot, struct rate *ret)
{
    struct view_reading reading;

    if (view_read_slot(&publisher->view, slot, VIEW_LIVE, &reading) != VIEW_FOUND ||
        rate_init(ret, &reading.record.limit) != RATE_OK)
        *ret = (struct rate){.interval_ns = 1, .burst = 1, .tau_ns = 1};
}

/* What the bucket had, which from now on has nothing any more. The journal says where to, so that
 * whoever comes after a death here finds it. A bucket that is frozen and not in the journal was
 * frozen by a hostile client: it is taken as empty. */
static uint64_t take_tat(struct publisher *to, uint32_t to_slot, struct view_bucket *from,
                         const struct rate *rate, uint64_t now_ns)
{
    struct view_header *header = to->header;
    uint64_t tat = load(&from->tat);

    if (tat > RATE_TAT_MAX)
        return load(&header->journal_slot) == to_slot + UINT64_C(1) ? load(&header->journal_tat)
                                                                    : now_ns + rate->tau_ns;
    do {
        store(to, &header->journal_slot, 0, memory_order_release);
        store(to, &header->journal_tat, tat, memory_order_release);
        store(to, &header->journal_slot, to_slot + UINT64_C(1), memory_order_release);
    } while (!atomic_compare_exchange_strong(&from->tat, &tat, VIEW_TAT_FROZEN) &&
             tat <= RATE_TAT_MAX);
    stored(to);
    return load(&header->journal_tat);
}

static void move_counts(struct view_bucket *from, struct view_bucket *to)
{
    uint32_t last_used_s = atomic_load(&from->last_used_s);

    atomic_fetch_add(&to->allowed, atomic_exchange(&from->allowed, 0));
    atomic_fetch_add(&to->refused, atomic_exchange(&from->refused, 0));
    atomic_fetch_add(&to->saved, atomic_exchange(&from->saved, 0));
    if (atomic_load(&to->last_used_s) < last_used_s)
        atomic_store(&to->last_used_s, last_used_s);
}

static void move_bucket(struct publisher *to, uint32_t to_slot, struct publisher *from,
                        uint32_t from_slot, uint64_t now_ns)
{
    struct view_bucket *source = publisher_bucket(from, from_slot);
    struct view_bucket *target = publisher_bucket(to, to_slot);
    struct rate from_rate, to_rate;

    rate_of(from, from_slot, &from_rate);
    rate_of(to, to_slot, &to_rate);
    uint64_t tat = take_tat(to, to_slot, source, &from_rate, now_ns);
    move_counts(source, target);
    if (from_rate.interval_ns != to_rate.interval_ns || from_rate.burst != to_rate.burst) {
        tat = rate_convert(&from_rate, &to_rate, tat, now_ns);
        atomic_fetch_sub(&target->saved,
                         1); /* the debt is not what the table has, whatever the counts */
    }
    store(to, &target->tat, tat, memory_order_release);
    store(to, &to->header->journal_slot, 0, memory_order_release);
}

/* The newest slot that is there: later ones are met later. */
static bool find_newest(const struct publisher *publisher, const uint8_t digest[DIGEST_BYTES],
                        uint32_t *ret)
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;
    bool found = false;

    view_walk_begin(&publisher->view, digest, &walk);
    while (view_walk_next(&publisher->view, digest, &walk, &slot, &state)) {
        if (!is_there(state))
            continue;
        *ret = slot;
        found = true;
    }
    return found;
}

static void digest_of(const struct publisher *publisher, uint32_t slot,
                      uint8_t ret[static DIGEST_BYTES])
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t word = load(&publisher->slots[slot].words[VIEW_WORD_DIGEST + i]);
        memcpy(ret + (size_t)8 * i, &word, sizeof word);
    }
}

/* Where a bucket's state is. */
struct place {
    struct publisher *publisher; /* NULL: nowhere */
    uint32_t slot;
};

static void take_over(struct publisher *publisher, uint32_t slot, const struct place *from,
                      uint64_t now_ns)
{
    if (from->publisher)
        move_bucket(publisher, slot, from->publisher, from->slot, now_ns);
    else
        store(publisher, &publisher_bucket(publisher, slot)->tat, 0, memory_order_release);
}

/* Each older slot hands on to the next one, and the place to the oldest. It is where the state is
 * afterwards. */
static void settle_from(struct publisher *publisher, const uint8_t digest[DIGEST_BYTES],
                        uint64_t now_ns, struct place *place)
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(&publisher->view, digest, &walk);
    while (view_walk_next(&publisher->view, digest, &walk, &slot, &state)) {
        if (!is_there(state))
            continue;
        if (load(&publisher_bucket(publisher, slot)->tat) == VIEW_TAT_UNMOVED)
            take_over(publisher, slot, place, now_ns);
        *place = (struct place){publisher, slot};
    }
}

/* What an edit that was cut short, or growth, left elsewhere comes into the newest slot that is
 * there: in the previous view first, where an edit may have been cut short, too. False: none is. */
static bool settle(struct publisher *publisher, const uint8_t digest[DIGEST_BYTES], uint64_t now_ns,
                   uint32_t *ret_newest)
{
    struct place place = {NULL, 0};

    if (publisher->previous)
        settle_from(publisher->previous, digest, now_ns, &place);
    settle_from(publisher, digest, now_ns, &place);
    *ret_newest = place.slot;
    return place.publisher == publisher;
}

struct view_bucket *publisher_settled_bucket(struct publisher *publisher, uint32_t slot,
                                             uint64_t now_ns)
{
    struct view_bucket *bucket = publisher_bucket(publisher, slot);
    uint64_t tat = load(&bucket->tat);
    uint8_t digest[DIGEST_BYTES];
    uint32_t newest;

    if (tat <= RATE_TAT_MAX)
        return bucket;
    digest_of(publisher, slot, digest);
    (void)settle(publisher, digest, now_ns, &newest);
    tat = load(&bucket->tat);
    if (tat > RATE_TAT_MAX) {
        struct rate rate;
        rate_of(publisher, slot, &rate);
        (void)atomic_compare_exchange_strong(&bucket->tat, &tat, now_ns + rate.tau_ns);
    }
    return bucket;
}

static void begin_bucket(struct publisher *publisher, uint32_t slot, bool strict,
                         const struct bucket_start *start)
{
    struct view_bucket *bucket = &(strict ? publisher->own : publisher->view.buckets)[slot];

    /* In any order: nobody looks for it before the slot has a tag. */
    atomic_store_explicit(&bucket->allowed, start->allowed, memory_order_relaxed);
    atomic_store_explicit(&bucket->refused, start->refused, memory_order_relaxed);
    atomic_store_explicit(&bucket->last_used_s, start->last_used_s, memory_order_relaxed);
    atomic_store_explicit(&bucket->saved,
                          (uint32_t)(start->allowed + start->refused) - start->unsaved,
                          memory_order_relaxed);
    if (strict) /* so that who walks the shared buckets, and not these, looks here */
        atomic_store_explicit(&publisher->view.buckets[slot].saved, 1, memory_order_relaxed);
    store(publisher, &bucket->tat, start->tat, memory_order_release);
}

void publisher_begin_bucket(struct publisher *publisher, uint32_t slot,
                            const struct bucket_start *start)
{
    begin_bucket(publisher, slot, is_strict(publisher, slot), start);
}

/* ---- credentials -------------------------------------------------------------------------------
 */

static bool has_others(const struct publisher *publisher, const struct record *record,
                       uint32_t kept)
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(&publisher->view, record->digest, &walk);
    while (view_walk_next(&publisher->view, record->digest, &walk, &slot, &state))
        if (slot != kept && is_there(state))
            return true;
    return false;
}

/* No slot has this number. */
#define NO_SLOT UINT32_MAX

/* All that are there, but one. */
static void set_others(struct publisher *publisher, const uint8_t digest[DIGEST_BYTES],
                       uint32_t kept, uint64_t to)
{
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(&publisher->view, digest, &walk);
    while (view_walk_next(&publisher->view, digest, &walk, &slot, &state))
        if (slot != kept && is_there(state))
            set_state(publisher, slot, to);
}

void publisher_expect(const struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES])
{
    uint32_t slot;

    if (!view_free_slot(&publisher->view, digest, &slot))
        return;
    __builtin_prefetch(&publisher->slots[slot].words[0], 1);
    __builtin_prefetch(&publisher->slots[slot].words[VIEW_SLOT_WORDS / 2], 1);
    __builtin_prefetch(&publisher->view.buckets[slot], 1);
}

static int put_new(struct publisher *publisher, const struct record *record, struct image *image,
                   const struct bucket_start *start, uint32_t *ret)
{
    if (!view_free_slot(&publisher->view, record->digest, ret))
        return -ENOSPC;
    int r = put_heap(publisher, image);
    if (r < 0)
        return r;
    begin_bucket(publisher, *ret, record->strict, start);
    put_slot(publisher, *ret, image);
    return 0;
}

/* In the order that a reader who comes between needs: the new slot; the bucket's state in it; the
 * old one's end. Until the state is there, whoever meets either slot asks the daemon. States of
 * buckets go from older slots to newer ones, never back: an older slot that says the same is no
 * place for it. */
int publisher_put(struct publisher *publisher, const struct record *record,
                  const struct bucket_start *start, uint64_t now_ns, uint32_t *ret_slot)
{
    static const struct bucket_start zero, unmoved = {.tat = VIEW_TAT_UNMOVED};
    UNINITIALIZED struct image image;
    uint32_t slot, newest;

    int r = make_image(record, &image);
    if (r < 0)
        return r;
    bool there = find_newest(publisher, record->digest, &newest);
    if (there && has_image(publisher, newest, &image)) {
        slot = newest;
        set_state(publisher, slot, image.words[VIEW_WORD_STATE]);
    } else {
        r = put_new(publisher, record, &image, there ? &unmoved : start ? start : &zero, &slot);
        if (r < 0)
            return r;
    }
    /* One that is alone in a view that grew is left for when it is needed. */
    if (there && has_others(publisher, record, slot)) {
        if (!publisher->building)
            (void)settle(publisher, record->digest, now_ns, &newest);
        /* What an edit leaves behind, and what one that was cut short did. */
        set_others(publisher, record->digest, slot, VIEW_MOVED);
    }
    if (ret_slot)
        *ret_slot = slot;
    return 0;
}

void publisher_finish_move(struct publisher *publisher, uint64_t now_ns)
{
    uint64_t journal = load(&publisher->header->journal_slot);

    if (journal > 0 && journal <= view_slots(&publisher->view))
        (void)publisher_settled_bucket(publisher, (uint32_t)(journal - 1), now_ns);
    store(publisher, &publisher->header->journal_slot, 0, memory_order_release);
}

/* A slot that has moved has no bucket any more; this one's is needed by the next to come. */
void publisher_hide(struct publisher *publisher, const uint8_t digest[static DIGEST_BYTES])
{
    set_others(publisher, digest, NO_SLOT, VIEW_HIDDEN);
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
