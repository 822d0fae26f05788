#include "lib/view/view.h"

#include <errno.h>

#define READ_ATTEMPTS 4

/* Slots from the home on: in a full view half of all credentials are in the first, three quarters
 * in the first three. */
#define NEAR_HOME 3

#define LOWS      UINT64_C(0x0101010101010101)

/* ---- the mapping -------------------------------------------------------------------------------
 */

int view_open(const void *bytes, size_t len, struct view *ret)
{
    const struct view_header *header = bytes;
    const uint8_t *start = bytes;

    if (len < VIEW_PAGE)
        return -EBADMSG;
    /* One copy: what is checked is what is used. */
    const volatile struct view_header *shared = header;
    uint32_t groups = shared->groups, version = shared->version;
    uint64_t heap_bytes = shared->heap_bytes;
    if (shared->magic != VIEW_MAGIC)
        return -EBADMSG;
    if (version != VIEW_VERSION)
        return -EPROTONOSUPPORT;
    if (groups == 0 || groups > VIEW_GROUPS_MAX || heap_bytes > VIEW_HEAP_MAX)
        return -EBADMSG;
    struct view_geometry g = view_geometry(groups, heap_bytes);
    if (g.bytes != len)
        return -EBADMSG;
    *ret = (struct view){
        .header = header,
        .tags = (const _Atomic uint64_t *)(const void *)(start + g.tags),
        .slots = (const struct view_slot *)(const void *)(start + g.slots),
        .heap = start + g.heap,
        .groups = groups,
        .heap_bytes = heap_bytes,
    };
    return 0;
}

/* ---- looking up --------------------------------------------------------------------------------
 *
 * A digest is as good as random, so its first bytes are its hash: the first eight choose the group,
 * the next the tag.
 */

static uint64_t digest_word(const uint8_t digest[static DIGEST_BYTES], unsigned i)
{
    uint64_t word;

    memcpy(&word, digest + (size_t)8 * i, sizeof word);
    return word;
}

uint8_t view_tag(const uint8_t digest[static DIGEST_BYTES])
{
    return digest[8] != 0 ? digest[8] : 1;
}

/* Sixteen tags at a time, of two words that were read. */
typedef uint8_t tags __attribute__((vector_size(16)));
typedef uint64_t words __attribute__((vector_size(16)));

/* A bit for each tag that is like the pattern's, the first in the lowest one. */
static inline uint64_t bits_of_equal(words these, words pattern)
{
    words equal = (words)((tags)these == (tags)pattern);
#ifdef __SSE2__
    return (uint64_t)__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))equal);
#else
    /* The product has the lowest bits of all eight bytes side by side in its highest byte. */
    const uint64_t lows = UINT64_C(0x0101010101010101), gather = UINT64_C(0x0102040810204080);
    return (equal[0] & lows) * gather >> 56 | ((equal[1] & lows) * gather >> 56) << 8;
#endif
}

/* Whether a lookup begins at slot 0 of a group or elsewhere, its turn ends at the slot before. */
static inline uint64_t from_home(uint64_t bits, unsigned home)
{
    return bits >> home | bits << (-home & (VIEW_GROUP_SLOTS - 1));
}

static void look_at_group(const struct view *view, struct view_walk *walk)
{
    const _Atomic uint64_t *group = view->tags + (size_t)walk->group * VIEW_GROUP_WORDS;
    const words pattern = {walk->pattern, walk->pattern}, none = {0, 0};
    uint64_t matches = 0, free_slots = 0;

    for (unsigned i = 0; i < VIEW_GROUP_WORDS; i += 2) {
        words these = {atomic_load_explicit(&group[i], memory_order_acquire),
                       atomic_load_explicit(&group[i + 1], memory_order_acquire)};
        matches |= bits_of_equal(these, pattern) << (8 * i);
        free_slots |= bits_of_equal(these, none);
    }
    walk->matches = from_home(matches, walk->home);
    walk->last = free_slots != 0;
}

/* The bucket, and a slot's second line. The first is left to whoever reads it, but for the home's:
 * fetched for all that are expected, it came later, measured, and a check of any of a million
 * tokens took 6 % longer. */
void view_expect_slot(const struct view *view, uint32_t slot)
{
    if (view->buckets)
        __builtin_prefetch(&view->buckets[slot], 1);
    __builtin_prefetch(&view->slots[slot].words[VIEW_SLOT_WORDS / 2]);
}

void view_expect_state(const struct view *view, uint32_t slot)
{
    if (view->buckets)
        __builtin_prefetch(&view->buckets[slot], 1);
    __builtin_prefetch(&view->slots[slot].words[VIEW_WORD_STATE]);
}

static uint32_t home_group(const struct view *view, const uint8_t digest[static DIGEST_BYTES])
{
    __extension__ typedef unsigned __int128 wide;

    return (uint32_t)(((wide)digest_word(digest, 0) * view->groups) >> 64);
}

static unsigned home_slot(const uint8_t digest[static DIGEST_BYTES])
{
    return digest[9] % VIEW_GROUP_SLOTS;
}

static uint32_t groups_of_a_walk(const struct view *view)
{
    return view->groups < VIEW_PROBE_GROUPS ? view->groups : VIEW_PROBE_GROUPS;
}

static uint32_t next_group(const struct view *view, uint32_t group)
{
    return group + 1 == view->groups ? 0 : group + 1;
}

void view_walk_begin(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                     struct view_walk *ret)
{
    ret->pattern = LOWS * view_tag(digest);
    ret->home = home_slot(digest);
    ret->group = home_group(view, digest);
    ret->groups_left = groups_of_a_walk(view) - 1;
    look_at_group(view, ret);
}

/* As from_home(); the lowest one is the first that is free. */
static uint64_t free_slots(const struct view *view, const struct view_walk *walk)
{
    const _Atomic uint64_t *group = view->tags + (size_t)walk->group * VIEW_GROUP_WORDS;
    const words none = {0, 0};
    uint64_t free_ones = 0;

    for (unsigned i = 0; i < VIEW_GROUP_WORDS; i += 2) {
        words these = {atomic_load_explicit(&group[i], memory_order_relaxed),
                       atomic_load_explicit(&group[i + 1], memory_order_relaxed)};
        free_ones |= bits_of_equal(these, none) << (8 * i);
    }
    return from_home(free_ones, walk->home);
}

bool view_free_slot(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                    uint32_t *ret)
{
    struct view_walk walk = {.group = home_group(view, digest), .home = home_slot(digest)};

    for (uint32_t left = groups_of_a_walk(view); left > 0; left--) {
        uint64_t free_ones = free_slots(view, &walk);
        if (free_ones != 0) {
            *ret = view_walk_slot(&walk, (unsigned)__builtin_ctzll(free_ones));
            return true;
        }
        walk.group = next_group(view, walk.group);
    }
    return false;
}

void view_expect(const struct view *view, const uint8_t digest[static DIGEST_BYTES])
{
    __builtin_prefetch(view->tags + (size_t)home_group(view, digest) * VIEW_GROUP_WORDS);
}

void view_expect_reading(const struct view *view, const uint8_t digest[static DIGEST_BYTES])
{
    const struct view_walk walk = {.group = home_group(view, digest), .home = home_slot(digest)};

    view_expect(view, digest);
    __builtin_prefetch(&view->slots[view_walk_slot(&walk, 0)]);
    for (unsigned i = 0; i < NEAR_HOME; i++)
        view_expect_slot(view, view_walk_slot(&walk, i));
}

/* The next slot whose tag fits. */
static bool next_candidate(const struct view *view, struct view_walk *walk, uint32_t *ret_slot)
{
    while (walk->matches == 0) {
        if (walk->last || walk->groups_left-- == 0)
            return false;
        walk->group = next_group(view, walk->group);
        look_at_group(view, walk);
    }
    *ret_slot = view_walk_slot(walk, (unsigned)__builtin_ctzll(walk->matches));
    walk->matches &= walk->matches - 1;
    return true;
}

static uint64_t slot_word(const struct view_slot *slot, unsigned word)
{
    return atomic_load_explicit(&slot->words[word], memory_order_relaxed);
}

static bool has_digest(const struct view_slot *slot, const uint8_t digest[static DIGEST_BYTES])
{
    uint64_t differs = 0;

    for (unsigned i = 0; i < 4; i++)
        differs |= slot_word(slot, VIEW_WORD_DIGEST + i) ^ digest_word(digest, i);
    return differs == 0;
}

bool view_walk_next(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                    struct view_walk *walk, uint32_t *ret_slot, uint64_t *ret_state)
{
    uint32_t slot;

    while (next_candidate(view, walk, &slot)) {
        const struct view_slot *found = &view->slots[slot];
        view_expect_slot(view, slot);
        if (!has_digest(found, digest))
            continue;
        *ret_slot = slot;
        *ret_state = atomic_load_explicit(&found->words[VIEW_WORD_STATE], memory_order_acquire);
        return true;
    }
    return false;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static inline void copy_words(const struct view_slot *slot, unsigned first, unsigned count,
                              void *ret)
{
    uint8_t *at = ret;

    for (unsigned i = 0; i < count; i++) {
        uint64_t word = slot_word(slot, first + i);
        memcpy(at + sizeof word * i, &word, sizeof word);
    }
}

static uint32_t low(uint64_t word)
{
    return (uint32_t)word;
}

static uint32_t high(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* Copies what the slot has in the heap: it is looked at in the copy alone. */
static bool take_heap(const struct view *view, const struct view_slot *slot,
                      struct view_reading *ret, size_t *ret_len)
{
    uint64_t word = slot_word(slot, VIEW_WORD_HEAP);
    uint64_t offset = low(word), len = high(word);

    if (len > sizeof ret->heap || offset > view->heap_bytes || len > view->heap_bytes - offset)
        return false;
    memcpy(ret->heap, view->heap + offset, len);
    *ret_len = len;
    return true;
}

static bool read_whole(struct view_reading *ret, size_t heap_len)
{
    return record_decode(ret->heap, heap_len, &ret->record) == 0;
}

/* Whatever decide() does not ask for. */
static void leave_out_the_rest(struct record *record)
{
    const struct text none = {NULL, 0};

    record->created_at = record->revoked_at = 0;
    record->deprecation_at = record->sunset_at = 0;
    record->created_by = 0;
    record->seq = 0;
    record->name = record->secret_prefix = record->reason = none;
    record->rotated_from = record->rotated_to = record->link = none;
}

/* Member by member: to fill the whole with zeroes first takes longer than all of this. */
static bool read_inline(const struct view_slot *slot, uint64_t shape, struct view_reading *ret,
                        size_t heap_len)
{
    struct record *record = &ret->record;
    uint64_t limit = slot_word(slot, VIEW_WORD_LIMIT), times = slot_word(slot, VIEW_WORD_TIMES);
    uint32_t flags = low(shape);
    size_t site_len = flags >> 8;

    if (site_len == 0 || site_len > VIEW_SITE_INLINE)
        return false;
    copy_words(slot, VIEW_WORD_KEY_ID, 2, ret->key_id + 4);
    memcpy(ret->key_id, "key_", 4);
    copy_words(slot, VIEW_WORD_SITE, 3, ret->site);
    copy_words(slot, VIEW_WORD_DIGEST, 4, record->digest);
    record->kind = (enum kind)(flags & VIEW_KIND_MASK);
    record->missing_origin_allowed = (flags & VIEW_MISSING_ORIGIN) != 0;
    record->strict = (flags & VIEW_STRICT) != 0;
    record->scopes = slot_word(slot, VIEW_WORD_SCOPES);
    record->limit.requests = low(limit);
    record->limit.window_ns = slot_word(slot, VIEW_WORD_WINDOW);
    record->limit.burst = high(limit);
    record->expires_at = low(times);
    record->grace_until = high(times);
    record->key_id = (struct text){ret->key_id, KEY_ID_LEN};
    record->site = (struct text){ret->site, site_len};
    record->origins = (struct textlist){ret->heap, heap_len};
    leave_out_the_rest(record);
    return heap_len == 0 || textlist_is_valid(record->origins);
}

enum view_answer view_read_slot(const struct view *view, uint32_t slot, uint64_t state,
                                struct view_reading *ret)
{
    const struct view_slot *found = &view->slots[slot];
    uint64_t shape = slot_word(found, VIEW_WORD_SHAPE);
    size_t heap_len;

    if (state < VIEW_LIVE || state > VIEW_REVOKED || !take_heap(view, found, ret, &heap_len))
        return VIEW_UNSURE;
    if ((shape & VIEW_WHOLE) != 0 ? !read_whole(ret, heap_len)
                                  : !read_inline(found, shape, ret, heap_len))
        return VIEW_UNSURE;
    ret->slot = slot;
    ret->record.suspended = state == VIEW_SUSPENDED;
    ret->record.revoked = state == VIEW_REVOKED;
    return VIEW_FOUND;
}

static enum view_answer read_once(const struct view *view, const uint8_t digest[DIGEST_BYTES],
                                  struct view_reading *ret)
{
    enum view_answer answer = VIEW_NONE;
    struct view_walk walk;
    uint32_t slot;
    uint64_t state;

    view_walk_begin(view, digest, &walk);
    while (view_walk_next(view, digest, &walk, &slot, &state)) {
        if (state != VIEW_MOVED && state != VIEW_REMOVED)
            return view_read_slot(view, slot, state, ret);
        if (state == VIEW_MOVED)
            answer = VIEW_UNSURE;
    }
    return answer;
}

/* It may have moved behind this one's back: past a place that was looked at already. */
enum view_answer view_read(const struct view *view, const uint8_t digest[static DIGEST_BYTES],
                           struct view_reading *ret)
{
    enum view_answer answer = VIEW_UNSURE;

    for (unsigned i = 0; i < READ_ATTEMPTS && answer == VIEW_UNSURE; i++)
        answer = read_once(view, digest, ret);
    return answer;
}
