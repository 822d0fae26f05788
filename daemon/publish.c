#include "daemon/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/area.h"
#include "lib/view/lease.h"

/* Above this fill a larger view is built. Groups of 64 slots still have room then, but lookups
 * begin to meet full ones. */
#define FILL_MAX_PERCENT 92
/* Above this one a larger view is late: a change may soon find no room. */
#define FILL_LATE_PERCENT 94
/* And that is filled so far at first: 161 bytes a slot make 190 bytes a credential. */
#define FILL_NEW_PERCENT 85
/* Small tables grow fast, and their memory does not matter. */
#define SMALL     UINT64_C(8192)
#define SLOTS_MIN 256

struct publish {
    struct area *current;
    struct area *coming;   /* its memory is being provided, or NULL: it will be next */
    struct area *next;     /* being built, or NULL */
    struct area *previous; /* whose buckets are taken over, or NULL */
    uint64_t incarnation;
    uint64_t generation;
    uint32_t move_at, scan_at;
    uint64_t last_epoch;
    unsigned heap_scale; /* how much more heap than usual the table turned out to need */
    bool adopted;
    bool short_of_room; /* something could not be put */
    bool ended;         /* no lease any more */
    bool handed_out;
    const struct lease_note *note;
};

/* ---- life --------------------------------------------------------------------------------------
 */

static uint64_t flags_of(const struct area *area)
{
    return atomic_load(&area->publisher.header->flags);
}

static void set_flags(struct area *area, uint64_t flags)
{
    atomic_fetch_or(&area->publisher.header->flags, flags);
}

static uint64_t slots_for(uint64_t credentials)
{
    uint64_t slots = credentials < SMALL ? 2 * credentials
                                         : credentials / FILL_NEW_PERCENT * 100 + VIEW_GROUP_SLOTS;
    return slots > SLOTS_MIN ? slots : SLOTS_MIN;
}

/* The terms under which a view is handed out, before it is. */
static void introduce(struct publish *publish, struct area *area)
{
    struct view_header *header = area->publisher.header;

    atomic_store(&header->generation, publish->generation);
    atomic_store(&header->incarnation, publish->incarnation);
}

static int begin_current(struct publish *publish, uint64_t credentials)
{
    struct area *area;
    int r = area_new(slots_for(credentials), publish->heap_scale, ++publish->last_epoch, &area);

    if (r < 0)
        return r;
    introduce(publish, area);
    set_flags(area, VIEW_CURRENT);
    area_keep(area);
    publish->current = area;
    return 0;
}

/* Each view that was left, the newest first: the newest that was ever handed out is the current
 * one, the one that was so before it has buckets to be taken over. One that was still being built,
 * and whatever else there is, goes; also one whose successor is lost, from which others may decide.
 */
static void place(struct publish *publish, struct area *area)
{
    uint64_t flags = flags_of(area);

    if ((flags & VIEW_CURRENT) == 0 || publish->previous ||
        (!publish->current && (flags & VIEW_SUPERSEDED) != 0)) {
        area_drop(area);
    } else if (!publish->current) {
        publish->current = area;
    } else {
        publish->previous = area;
        set_flags(area, VIEW_SUPERSEDED);
        publish->current->publisher.previous = &area->publisher;
    }
}

static void adopt_all(struct publish *publish, struct fdstore *inherited)
{
    uint64_t epoch = UINT64_MAX;
    struct area *area;

    while ((epoch = area_epoch_below(inherited, epoch)) > 0) {
        if (publish->last_epoch < epoch)
            publish->last_epoch = epoch;
        if (area_adopt(inherited, epoch, &area) == 0)
            place(publish, area);
    }
}

int publish_new(struct fdstore *inherited, uint64_t credentials, uint64_t incarnation,
                uint64_t now_ns, struct publish **ret)
{
    struct publish *publish = calloc(1, sizeof *publish);
    int r = 0;

    if (!publish)
        return -ENOMEM;
    publish->incarnation = incarnation;
    publish->heap_scale = 1;
    if (inherited)
        adopt_all(publish, inherited);
    publish->adopted = publish->handed_out = publish->current != NULL;
    if (publish->adopted) {
        publish->generation = atomic_load(&publish->current->publisher.header->generation);
        introduce(publish, publish->current);
        if (publish->previous)
            publisher_finish_move(&publish->previous->publisher, now_ns);
        publisher_finish_move(&publish->current->publisher, now_ns);
    } else {
        r = begin_current(publish, credentials);
    }
    if (r < 0) {
        publish_free(publish);
        return r;
    }
    *ret = publish;
    return 0;
}

struct publish *publish_free(struct publish *publish)
{
    if (!publish)
        return NULL;
    area_free(publish->current);
    area_drop(publish->next);
    area_free(publish->coming);
    area_free(publish->previous);
    free(publish);
    return NULL;
}

bool publish_was_adopted(const struct publish *publish)
{
    return publish->adopted;
}

void publish_set_wait(struct publish *publish, uint64_t until_ns)
{
    atomic_store(&publish->current->publisher.header->wait_until_ns, until_ns);
}

uint64_t publish_wait(const struct publish *publish)
{
    return atomic_load(&publish->current->publisher.header->wait_until_ns);
}

/* Whoever maps it asks the daemon from its next check on. */
static struct area *retire(struct area *area)
{
    if (area) {
        set_flags(area, VIEW_SUPERSEDED);
        atomic_store(&area->publisher.header->valid_until_ns, 0);
    }
    return area_drop(area);
}

int publish_begin_anew(struct publish *publish, uint64_t credentials)
{
    publish->coming = area_free(publish->coming);
    publish->next = area_drop(publish->next);
    publish->previous = retire(publish->previous);
    publish->current = retire(publish->current);
    publish->move_at = publish->scan_at = 0;
    publish->short_of_room = false;
    return begin_current(publish, credentials);
}

/* ---- what is in it ----------------------------------------------------------------------------
 */

enum view_answer publish_find(struct publish *publish, const uint8_t digest[static DIGEST_BYTES],
                              uint64_t now_ns, struct view_reading *ret,
                              struct view_bucket **ret_bucket)
{
    struct publisher *publisher = &publish->current->publisher;
    enum view_answer answer = view_read(&publisher->view, digest, ret);

    if (answer == VIEW_FOUND)
        *ret_bucket = publisher_settled_bucket(publisher, ret->slot, now_ns);
    if (answer == VIEW_NONE && !publish_is_complete(publish))
        return VIEW_UNSURE;
    return answer;
}

int publish_put(struct publish *publish, const struct record *record,
                const struct bucket_start *start, uint64_t now_ns)
{
    struct publisher *publisher = &publish->current->publisher;
    uint32_t slot;
    int r = publisher_put(publisher, record, start, now_ns, &slot);

    /* Its units go over to another limit as they are now, also from the view before. */
    if (r == 0)
        (void)publisher_settled_bucket(publisher, slot, now_ns);
    if (r < 0) {
        publisher_hide(publisher, record->digest);
        atomic_fetch_and(&publisher->header->flags, ~(uint64_t)VIEW_COMPLETE);
        publish->short_of_room = true;
    }
    /* Of the next view the owner will hear when it walks on; what it has passed is renewed here. */
    if (publish->next)
        (void)publish_grow(publish, record, start, now_ns);
    return r;
}

static struct area *being_filled(const struct publish *publish)
{
    return publish->next ? publish->next : publish->current;
}

bool publish_map_some(struct publish *publish)
{
    return area_map_some(being_filled(publish));
}

void publish_expect_group(const struct publish *publish, const uint8_t digest[static DIGEST_BYTES])
{
    view_expect(&being_filled(publish)->publisher.view, digest);
}

void publish_expect(const struct publish *publish, const uint8_t digest[static DIGEST_BYTES])
{
    publisher_expect(&being_filled(publish)->publisher, digest);
}

static bool has_credential(const struct publisher *publisher, uint32_t slot)
{
    uint8_t tag = view_tag_at(&publisher->view, slot);
    uint64_t state =
        atomic_load_explicit(&publisher->slots[slot].words[VIEW_WORD_STATE], memory_order_acquire);

    return tag != 0 && state != VIEW_MOVED && state != VIEW_REMOVED;
}

void publish_remove(struct publish *publish, const uint8_t digest[static DIGEST_BYTES])
{
    publisher_remove(&publish->current->publisher, digest);
    if (publish->next)
        publisher_remove(&publish->next->publisher, digest);
    if (publish->previous)
        publisher_remove(&publish->previous->publisher, digest);
}

/* A walk through all of it: such a change is rare. */
void publish_remove_key_id(struct publish *publish, struct text key_id)
{
    const struct publisher *publisher = &publish->current->publisher;
    struct view_reading reading;

    for (uint32_t slot = 0; slot < view_slots(&publisher->view); slot++)
        if (has_credential(publisher, slot) &&
            view_read_slot(&publisher->view, slot, VIEW_LIVE, &reading) == VIEW_FOUND &&
            text_equal(reading.record.key_id, key_id))
            publish_remove(publish, reading.record.digest);
}

void publish_mark_unsaved(struct view_bucket *bucket)
{
    uint64_t sum = atomic_load(&bucket->allowed) + atomic_load(&bucket->refused);

    atomic_store(&bucket->saved, (uint32_t)sum - 1);
}

void publish_set_complete(struct publish *publish)
{
    set_flags(publish->current, VIEW_COMPLETE);
}

bool publish_is_complete(const struct publish *publish)
{
    return (flags_of(publish->current) & VIEW_COMPLETE) != 0;
}

/* The mark first: with the seq of one and the mark of another, the view counts as another table's
 * and is built anew. */
void publish_set_seq(struct publish *publish, uint64_t seq, uint64_t mark)
{
    struct view_header *header = publish->current->publisher.header;

    atomic_store(&header->published_mark, mark);
    atomic_store(&header->published_seq, seq);
}

uint64_t publish_seq(const struct publish *publish, uint64_t *ret_mark)
{
    const struct view_header *header = publish->current->publisher.header;

    *ret_mark = atomic_load(&header->published_mark);
    return atomic_load(&header->published_seq);
}

/* ---- growth ------------------------------------------------------------------------------------
 */

static bool is_filled_above(const struct publisher *publisher, unsigned percent)
{
    return publisher->used > (uint64_t)view_slots(&publisher->view) * percent / 100;
}

static bool is_full(const struct publisher *publisher)
{
    return is_filled_above(publisher, FILL_MAX_PERCENT) ||
           atomic_load(&publisher->header->heap_used) + RECORD_BYTES_MAX >
               publisher->view.heap_bytes;
}

/* Not before the buckets of the one before have been taken over. */
bool publish_wants_growth(const struct publish *publish)
{
    return !publish_is_growing(publish) && !publish->previous &&
           (is_full(&publish->current->publisher) || publish->short_of_room);
}

bool publish_is_late(const struct publish *publish)
{
    return publish_is_growing(publish) &&
           is_filled_above(&publish->current->publisher, FILL_LATE_PERCENT);
}

int publish_begin_growth(struct publish *publish, uint64_t credentials)
{
    if (publish_is_growing(publish))
        return 0;
    return area_begin(slots_for(credentials), publish->heap_scale, ++publish->last_epoch,
                      &publish->coming);
}

int publish_provide_some(struct publish *publish, size_t len)
{
    struct area *area = publish->coming;

    if (!area)
        return 0;
    int r = area_provide_some(area, len);
    if (r > 0)
        return r;
    publish->coming = NULL;
    if (r < 0) {
        area_free(area);
        return r;
    }
    area->publisher.building = true;
    area_keep(area);
    publish->next = area;
    return 0;
}

/* Were it only hidden there: it has its bucket. */
static bool is_in_current(const struct publish *publish, const uint8_t digest[DIGEST_BYTES])
{
    struct view_reading reading;

    return publish_is_complete(publish) ||
           view_read(&publish->current->publisher.view, digest, &reading) != VIEW_NONE;
}

/* Nobody has this view yet: what a bucket in it began with may be said anew, as when the current
 * one has the credential now, too. */
int publish_grow(struct publish *publish, const struct record *record,
                 const struct bucket_start *start, uint64_t now_ns)
{
    static const struct bucket_start zero, unmoved = {.tat = VIEW_TAT_UNMOVED};
    uint32_t slot;

    if (!publish->next) /* a change found no room in it */
        return -ENOSPC;
    if (is_in_current(publish, record->digest))
        start = &unmoved;
    struct publisher *next = &publish->next->publisher;
    int r = publisher_put(next, record, start, now_ns, &slot);
    if (r == 0)
        publisher_begin_bucket(next, slot, start ? start : &zero);
    if (r == -ENOSPC) {
        publish->next = area_drop(publish->next);
        publish->heap_scale *= 2;
        publish->short_of_room = true;
    }
    return r;
}

bool publish_is_growing(const struct publish *publish)
{
    return publish->coming || publish->next;
}

/* Whoever looks at the old one after the last of these stores asks for the new one; until then it
 * is as good as that. */
void publish_switch(struct publish *publish, bool complete)
{
    struct area *old = publish->current, *next = publish->next;
    const struct view_header *from = old->publisher.header;
    struct view_header *to = next->publisher.header;

    introduce(publish, next);
    next->publisher.previous = &old->publisher;
    next->publisher.building = false;
    atomic_store(&to->wait_until_ns, atomic_load(&from->wait_until_ns));
    atomic_store(&to->published_mark, atomic_load(&from->published_mark));
    atomic_store(&to->published_seq, atomic_load(&from->published_seq));
    atomic_store(&to->wall_floor_s, atomic_load(&from->wall_floor_s));
    atomic_store(&to->valid_until_ns, atomic_load(&from->valid_until_ns));
    set_flags(next, VIEW_CURRENT | (complete ? VIEW_COMPLETE : 0));
    set_flags(old, VIEW_SUPERSEDED);
    publish->previous = old;
    publish->current = next;
    publish->next = NULL;
    publish->move_at = publish->scan_at = 0;
    publish->short_of_room = false;
}

bool publish_move_some(struct publish *publish, uint32_t slots_max, uint64_t now_ns)
{
    struct publisher *publisher = &publish->current->publisher;

    if (!publish->previous)
        return false;
    for (; slots_max > 0 && publish->move_at < view_slots(&publisher->view); slots_max--) {
        uint32_t slot = publish->move_at++;
        if (has_credential(publisher, slot))
            (void)publisher_settled_bucket(publisher, slot, now_ns);
    }
    if (publish->move_at < view_slots(&publisher->view))
        return true;
    publisher->previous = NULL;
    publish->previous = area_drop(publish->previous);
    publish->move_at = 0;
    return false;
}

/* ---- use counts ------------------------------------------------------------------------------
 */

static bool is_saved(const struct view_bucket *bucket, uint32_t *ret_sum)
{
    *ret_sum = (uint32_t)(atomic_load_explicit(&bucket->allowed, memory_order_relaxed) +
                          atomic_load_explicit(&bucket->refused, memory_order_relaxed));
    return *ret_sum == atomic_load_explicit(&bucket->saved, memory_order_relaxed);
}

static int tell_unsaved(struct publisher *publisher, uint32_t slot, uint64_t now_ns,
                        publish_unsaved_fn fn, void *userdata)
{
    struct view_reading reading;
    uint32_t sum;

    if (!has_credential(publisher, slot) ||
        view_read_slot(&publisher->view, slot, VIEW_LIVE, &reading) != VIEW_FOUND)
        return 0;
    struct view_bucket *bucket = publisher_settled_bucket(publisher, slot, now_ns);
    if (is_saved(bucket, &sum))
        return 0;
    int r = fn(&reading, bucket, userdata);
    if (r == 0)
        atomic_store(&bucket->saved, sum);
    return r;
}

int publish_each_unsaved(struct publish *publish, uint32_t slots_max, uint64_t now_ns,
                         publish_unsaved_fn fn, void *userdata)
{
    struct publisher *publisher = &publish->current->publisher;
    uint32_t slots = view_slots(&publisher->view), sum;

    for (; slots_max > 0 && publish->scan_at < slots; slots_max--, publish->scan_at++) {
        uint32_t slot = publish->scan_at;
        /* Of strict ones the shared bucket always says that it is not. */
        if (is_saved(&publisher->view.buckets[slot], &sum))
            continue;
        int r = tell_unsaved(publisher, slot, now_ns, fn, userdata);
        if (r != 0)
            return r;
    }
    if (publish->scan_at < slots)
        return 1;
    publish->scan_at = 0;
    return 0;
}

void publish_begin_last_walk(struct publish *publish, uint64_t now_ns)
{
    while (publish_move_some(publish, UINT32_MAX, now_ns))
        continue;
    publish->scan_at = 0;
}

/* ---- those who map it --------------------------------------------------------------------------
 */

void publish_set_note(struct publish *publish, const struct lease_note *note)
{
    publish->note = note;
}

/* Nobody waits for what nobody has. */
static int note_promise(struct publish *publish, uint64_t until_ns)
{
    return publish->handed_out && publish->note ? lease_note_write(publish->note, until_ns) : 0;
}

int publish_refresh(struct publish *publish, uint64_t now_ns, int64_t wall_s)
{
    struct view_header *header = publish->current->publisher.header;
    int r = publish->ended ? 0 : note_promise(publish, now_ns + LEASE_NS);

    if (r < 0 || publish->ended)
        return r;
    atomic_store(&header->wall_floor_s, (uint64_t)(wall_s > 0 ? wall_s : 0));
    atomic_store(&header->valid_until_ns, now_ns + LEASE_NS);
    return 0;
}

void publish_end_lease(struct publish *publish, uint64_t until_ns)
{
    struct view_header *header = publish->current->publisher.header;

    publish->ended = true;
    if (until_ns < atomic_load(&header->valid_until_ns))
        atomic_store(&header->valid_until_ns, until_ns);
}

void publish_set_generation(struct publish *publish, uint64_t generation)
{
    publish->generation = generation;
    atomic_store(&publish->current->publisher.header->generation, generation);
}

bool publish_has_lease(const struct publish *publish)
{
    return !publish->ended;
}

int publish_handout(struct publish *publish, struct handout *ret)
{
    struct area *area = publish->current;
    bool first = !publish->handed_out;
    int r = 0;

    if (publish->ended)
        return -ENOENT;
    publish->handed_out = true;
    if (first)
        r = note_promise(publish, atomic_load(&area->publisher.header->valid_until_ns));
    if (r == 0 && area->view_fd < 0)
        r = memory_open_read_only(&area->view, &area->view_fd);
    if (r < 0) {
        publish->handed_out = !first;
        return r;
    }
    *ret = (struct handout){
        .view_fd = area->view_fd,
        .buckets_fd = area->shared.fd,
        .view_bytes = area->view.len,
        .bucket_bytes = area->shared.len,
    };
    return 0;
}

void publish_stats(const struct publish *publish, uint64_t now_ns, struct view_stats *ret)
{
    const struct publisher *publisher = &publish->current->publisher;
    uint64_t valid_until_ns = atomic_load(&publisher->header->valid_until_ns);

    *ret = (struct view_stats){
        .slots = view_slots(&publisher->view),
        .used = publisher->used,
        .resident_bytes = area_resident(publish->current) + area_resident(publish->coming) +
                          area_resident(publish->next) + area_resident(publish->previous),
        .lease_ns = valid_until_ns > now_ns ? valid_until_ns - now_ns : 0,
        .complete = publish_is_complete(publish),
    };
}
