/* The view: the table is published in it, at the start, with each change, and when it grows. */
#include "daemon/service_state.h"

#include <errno.h>

#include "daemon/log.h"
#include "lib/core/uninitialized.h"
#include "lib/map/large.h"
#include "lib/view/lease.h"

/* Credentials, or slots, between two looks at the clock: checks wait meanwhile. */
#define WALK_AT_ONCE 32
#define MOVE_AT_ONCE 64
#define LATE_FACTOR  8

/* Bytes of a next view's memory, likewise; and between two renewals of the lease where nobody is
 * answered before growth is done. */
#define PROVIDE_AT_ONCE  LARGE_PAGE
#define PROVIDE_FOR_LONG ((size_t)64 << 20)

/* ---- one credential ----------------------------------------------------------------------------
 */

static struct bucket_start start_of(struct service *service, const struct record *record,
                                    const struct usage *usage, uint64_t mono_ns)
{
    struct usage left = *usage;
    struct rate rate = {0};
    uint64_t debt_ns = 0;

    left.debt_ns = service_debt_left(usage, service->wall.wall_ns);
    if (left.debt_ns > 0 && rate_init(&rate, &record->limit) == RATE_OK)
        debt_ns = service_debt_under(&left, &rate, mono_ns);
    return (struct bucket_start){
        .tat = debt_ns > 0 ? mono_ns + debt_ns : 0,
        .allowed = usage->allowed,
        .refused = usage->refused,
        .last_used_s = usage->last_used_at <= UINT32_MAX ? (uint32_t)usage->last_used_at : 0,
        /* Under another limit than the record's: it goes over to that now, not once more later. */
        .unsaved =
            debt_ns > 0 && (usage->interval_ns != rate.interval_ns || usage->burst != rate.burst),
    };
}

static int grow_now(struct service *service, uint64_t mono_ns);

static int put(struct service *service, const struct record *record,
               const struct bucket_start *start, uint64_t mono_ns)
{
    int r = publish_put(service->publish, record, start, mono_ns);

    if (r != -ENOSPC)
        return r;
    r = grow_now(service, mono_ns);
    return r < 0 ? r : publish_put(service->publish, record, start, mono_ns);
}

int service_publish(struct service *service, const struct record *record, uint64_t mono_ns)
{
    struct usage usage;
    int r = store_usage(service->store, record->key_id, &usage);

    if (r < 0)
        return r;
    const struct bucket_start start = start_of(service, record, &usage, mono_ns);
    return put(service, record, &start, mono_ns);
}

int service_publish_digest(struct service *service, const uint8_t digest[static DIGEST_BYTES],
                           uint64_t mono_ns)
{
    struct record record;
    int r = store_find_digest(service->store, digest, &record);

    return r == 0 ? service_publish(service, &record, mono_ns) : r;
}

int service_find(struct service *service, const uint8_t digest[static DIGEST_BYTES],
                 uint64_t mono_ns, struct view_reading *ret, struct view_bucket **ret_bucket)
{
    enum view_answer answer = publish_find(service->publish, digest, mono_ns, ret, ret_bucket);

    if (answer == VIEW_UNSURE) {
        int r = store_read_begin(service->store);
        if (r < 0)
            return r;
        r = service_publish_digest(service, digest, mono_ns);
        store_read_end(service->store);
        if (r < 0)
            return r;
        answer = publish_find(service->publish, digest, mono_ns, ret, ret_bucket);
    }
    return answer == VIEW_FOUND ? 0 : answer == VIEW_NONE ? -ENOENT : -EIO;
}

/* ---- walks -------------------------------------------------------------------------------------
 */

static void begin_fill(struct service *service, enum fill_kind kind)
{
    service->fill = (struct view_fill){.kind = kind};
    store_begin_walks(service->store, TEXT(""));
}

static void end_fill(struct service *service)
{
    service->fill = (struct view_fill){.kind = FILL_NONE};
    store_end_walks(service->store);
}

static bool is_time(uint64_t until_ns)
{
    return service_clock_ns(CLOCK_MONOTONIC) >= until_ns;
}

/* Credentials are gathered before they are put, so that memory is fetched for many at once: they go
 * all over the view, and one by one each would wait for its own. */
struct slice {
    struct service *service;
    uint64_t mono_ns, until_ns;
    struct text after;   /* the last one that was met */
    unsigned met, count; /* since some were put; those of them that can be */
    struct {
        struct record record;
        struct bucket_start start;
    } gathered[WALK_AT_ONCE];
};

static int put_gathered(struct slice *slice)
{
    struct service *service = slice->service;
    int r = 0;

    for (unsigned i = 0; i < slice->count; i++)
        publish_expect(service->publish, slice->gathered[i].record.digest);
    for (unsigned i = 0; i < slice->count && r == 0; i++) {
        const struct record *record = &slice->gathered[i].record;
        const struct bucket_start *start = &slice->gathered[i].start;
        r = service->fill.kind == FILL_GROW
                ? publish_grow(service->publish, record, start, slice->mono_ns)
                : publish_put(service->publish, record, start, slice->mono_ns);
        if (r == -EINVAL) { /* as good as damaged */
            service->fill.damaged = true;
            r = 0;
        }
    }
    if (r == 0 && slice->met > 0)
        text_copy(slice->after, service->fill.after, sizeof service->fill.after);
    slice->met = slice->count = 0;
    return r;
}

static void gather(struct slice *slice, const struct record *record, const struct usage *usage)
{
    struct service *service = slice->service;
    unsigned i = slice->count++;

    publish_expect_group(service->publish, record->digest);
    slice->gathered[i].record = *record;
    slice->gathered[i].start = start_of(service, record, usage, slice->mono_ns);
}

static int on_walked(struct text key_id, const struct record *record, const struct usage *usage,
                     void *userdata)
{
    struct slice *slice = userdata;
    struct service *service = slice->service;

    slice->after = key_id;
    if (record)
        gather(slice, record, usage);
    else /* is not published: its checks go on to be refused as they were */
        service->fill.damaged = true;
    if (++slice->met < WALK_AT_ONCE)
        return 0;
    int r = put_gathered(slice);
    return r < 0 ? r : is_time(slice->until_ns);
}

/* Of a view with a gap nobody may say that what is not in it is not in the table. What is left when
 * a change found the next view too small is begun anew. */
static void end_walk(struct service *service)
{
    struct view_fill *fill = &service->fill;

    if (fill->kind == FILL_GROW && publish_is_growing(service->publish))
        publish_switch(service->publish, !fill->damaged);
    else if (fill->kind == FILL_BUILD && !fill->damaged)
        publish_set_complete(service->publish);
    end_fill(service);
}

/* Within a read. */
static int walk_on(struct service *service, uint64_t mono_ns, uint64_t until_ns)
{
    UNINITIALIZED struct slice slice;

    slice.service = service;
    slice.mono_ns = mono_ns;
    slice.until_ns = until_ns;
    slice.met = slice.count = 0;
    int r = store_walk(service->store, text_of(service->fill.after), on_walked, &slice);
    if (r == 0) {
        r = put_gathered(&slice);
        if (r == 0)
            end_walk(service);
    }
    /* The next view was too small: it is given up, and the next one will be larger. */
    if (r == -ENOSPC && service->fill.kind == FILL_GROW) {
        end_fill(service);
        return 0;
    }
    return r < 0 ? r : 0;
}

/* Within a read. Does nothing when a walk is under way. */
static int begin_growth(struct service *service)
{
    struct store_stats stats;

    if (service->fill.kind != FILL_NONE)
        return 0;
    int r = store_stats(service->store, &stats);
    if (r == 0)
        r = publish_begin_growth(service->publish, stats.credentials);
    if (r == 0)
        begin_fill(service, FILL_GROW);
    return r;
}

/* Who maps the view goes by it meanwhile. */
static int walk_to_its_end(struct service *service, uint64_t mono_ns)
{
    int r;

    while ((r = publish_provide_some(service->publish, PROVIDE_FOR_LONG)) > 0)
        service_refresh(service);
    if (r < 0)
        end_fill(service);
    while (r == 0 && service->fill.kind != FILL_NONE) {
        service_refresh(service);
        r = walk_on(service, mono_ns, service_clock_ns(CLOCK_MONOTONIC) + LEASE_NS / 8);
    }
    return r;
}

/* There is no slot left for a change, or for what the table has, and growth is not done, or not
 * begun: it is now, however long it takes, and nobody is answered until then. A walk that built the
 * current view begins anew in the larger one. */
static int grow_now(struct service *service, uint64_t mono_ns)
{
    int r = 0;

    if (service->fill.kind == FILL_BUILD)
        end_fill(service);
    while (publish_move_some(service->publish, UINT32_MAX, mono_ns))
        continue;
    for (unsigned attempts = 0; attempts < 8; attempts++) {
        r = begin_growth(service);
        if (r < 0)
            return r;
        r = walk_to_its_end(service, mono_ns);
        if (r < 0 || !publish_wants_growth(service->publish))
            return r;
    }
    return r;
}

static void complain(struct service *service, int error)
{
    if (service->view_error != error)
        log_event(
            LOG_EVENT_OUT_OF_ROOM,
            "the view of the table can't be extended for now: %s. Checks ask the table instead",
            strerror(-error));
    service->view_error = error;
}

/* Within a read. */
static int fill_some(struct service *service, uint64_t mono_ns, uint64_t until_ns)
{
    int r;

    while ((r = publish_provide_some(service->publish, PROVIDE_AT_ONCE)) > 0)
        if (is_time(until_ns))
            return 0;
    if (r < 0) {
        end_fill(service);
        return r;
    }
    while (publish_map_some(service->publish))
        if (is_time(until_ns))
            return 0;
    r = walk_on(service, mono_ns, until_ns);
    return r == -ENOSPC && service->fill.kind == FILL_BUILD ? grow_now(service, mono_ns) : r;
}

/* Better a short wait for each than one of many seconds for all, when there is no slot left. */
uint64_t service_work_span(const struct service *service, uint64_t span_ns)
{
    return publish_is_late(service->publish) ? LATE_FACTOR * span_ns : span_ns;
}

static bool move_some(struct service *service, uint64_t mono_ns, uint64_t until_ns)
{
    while (publish_move_some(service->publish, MOVE_AT_ONCE, mono_ns))
        if (is_time(until_ns))
            return true;
    return false;
}

bool service_work(struct service *service, uint64_t span_ns)
{
    uint64_t mono_ns = service_now(service).mono_ns;
    uint64_t until_ns = service_clock_ns(CLOCK_MONOTONIC) + service_work_span(service, span_ns);
    int r = store_read_begin(service->store);

    if (r < 0)
        return false;
    if (service->fill.kind == FILL_NONE && publish_wants_growth(service->publish))
        r = begin_growth(service);
    if (r == 0 && service->fill.kind != FILL_NONE)
        r = fill_some(service, mono_ns, until_ns);
    store_read_end(service->store);
    if (r < 0) {
        complain(service, r);
        return false;
    }
    service->view_error = 0;
    return service->fill.kind != FILL_NONE || move_some(service, mono_ns, until_ns);
}

/* ---- changes -----------------------------------------------------------------------------------
 */

static uint64_t add_text(uint64_t hash, struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return (hash ^ text.len) * UINT64_C(0x100000001b3);
}

struct mark {
    uint64_t seq, hash;
};

static int on_marked(const struct audit_entry *entry, void *userdata)
{
    struct mark *mark = userdata;

    if (entry->seq != mark->seq)
        return 1;
    mark->hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)entry->at;
    mark->hash = add_text(mark->hash, entry->key_id);
    mark->hash = add_text(mark->hash, entry->related);
    mark->hash = add_text(mark->hash, entry->site);
    mark->hash = add_text(mark->hash, entry->reason);
    mark->hash += entry->verb;
    return 1;
}

/* What tells this change from that of another table with the same number; 0 of a table without
 * any. Within a read. */
static int mark_of(struct service *service, uint64_t seq, uint64_t *ret)
{
    struct mark mark = {.seq = seq};
    int r = seq > 0 ? store_audit(service->store, seq + 1, on_marked, &mark) : 0;

    if (r < 0)
        return r;
    *ret = mark.hash;
    return 0;
}

int service_published(struct service *service, uint64_t seq)
{
    uint64_t mark;
    int r = mark_of(service, seq, &mark);

    if (r == 0)
        publish_set_seq(service->publish, seq, mark);
    return r;
}

/* As the table has it now, which may be later than the change. */
static int renew(struct service *service, struct text key_id, uint64_t mono_ns)
{
    struct record record;
    int r = store_find_key_id(service->store, key_id, &record);

    if (r == 0)
        return service_publish(service, &record, mono_ns);
    if (r == -ENOENT)
        publish_remove_key_id(service->publish, key_id);
    return r == -ENOENT ? 0 : r;
}

struct catch_up {
    struct service *service;
    uint64_t mono_ns, seq;
};

static int on_missed(const struct audit_entry *entry, void *userdata)
{
    struct catch_up *catch_up = userdata;
    struct service *service = catch_up->service;
    int r = 0;

    if (entry->seq <= catch_up->seq)
        return 1;
    if (entry->verb == CHANGE_SCOPE_ADD)
        return 0;
    r = renew(service, entry->key_id, catch_up->mono_ns);
    if (r == 0 && entry->related.len > 0)
        r = renew(service, entry->related, catch_up->mono_ns);
    if (r == 0 && entry->verb == CHANGE_ROTATE)
        r = service_carry_debt(service, entry->key_id, entry->related);
    if (r == 0 && entry->verb == CHANGE_ROTATE_CANCEL)
        r = service_carry_debt(service, entry->related, entry->key_id);
    return r == -ENOENT ? 0 : r; /* removed since */
}

/* What was committed, but not published when the daemon before this one ended. -ESTALE: the view is
 * of another table. Within a read. */
static int catch_up(struct service *service, uint64_t seq)
{
    struct catch_up catch_up = {.service = service, .mono_ns = service_clock_ns(CLOCK_MONOTONIC)};
    uint64_t view_mark, mark;

    catch_up.seq = publish_seq(service->publish, &view_mark);
    int r = mark_of(service, catch_up.seq, &mark);
    if (r < 0)
        return r;
    if (catch_up.seq > seq || mark != view_mark)
        return -ESTALE;
    return catch_up.seq < seq ? store_audit(service->store, 0, on_missed, &catch_up) : 0;
}

static int open_in_read(struct service *service, struct fdstore *inherited)
{
    uint64_t incarnation = 0;
    struct store_stats stats;

    int r = store_stats(service->store, &stats);
    while (r == 0 && incarnation == 0)
        r = service_random(&incarnation, sizeof incarnation, NULL);
    if (r == 0)
        r = publish_new(inherited, stats.credentials, incarnation,
                        service_clock_ns(CLOCK_MONOTONIC), &service->publish);
    if (r < 0)
        return r;
    service->adopted = publish_was_adopted(service->publish);
    if (service->adopted && catch_up(service, stats.seq) < 0) {
        r = publish_begin_anew(service->publish, stats.credentials);
        if (r < 0)
            return r;
    }
    if (!publish_is_complete(service->publish))
        begin_fill(service, FILL_BUILD);
    return service_published(service, stats.seq);
}

int service_open_view(struct service *service, struct fdstore *inherited)
{
    int r = store_read_begin(service->store);

    if (r < 0)
        return r;
    r = open_in_read(service, inherited);
    store_read_end(service->store);
    return r;
}

/* ---- those who map it --------------------------------------------------------------------------
 */

bool service_adopted_view(const struct service *service)
{
    return service->adopted;
}

/* What an earlier daemon promised with the view that this one has, too, it may take back. */
uint64_t service_set_lease_note(struct service *service, const struct lease_note *note)
{
    publish_set_note(service->publish, note);
    if (!service->adopted)
        publish_set_wait(service->publish, note->earlier_ns);
    return publish_wait(service->publish);
}

void service_refresh(struct service *service)
{
    struct clock_reading now = service_now(service);
    int r = service->must_exit ? 0 : publish_refresh(service->publish, now.mono_ns, now.wall_s);

    if (r < 0 && r != service->note_error)
        log_event(
            LOG_EVENT_OUT_OF_ROOM,
            "the file lease in the state directory can't be written: %s. Programs that map the "
            "view ask the daemon until it can",
            strerror(-r));
    service->note_error = r;
}

void service_end_lease(struct service *service, uint64_t in_ns)
{
    publish_end_lease(service->publish, in_ns > 0 ? service_clock_ns(CLOCK_MONOTONIC) + in_ns : 0);
}

int service_handout(struct service *service, struct handout *ret)
{
    int r = publish_handout(service->publish, ret);

    if (r < 0 && r != -ENOENT && r != service->handout_error)
        log_event(LOG_EVENT_OUT_OF_ROOM,
                  "the view can't be handed out: %s. Programs that may have it ask the daemon",
                  strerror(-r));
    service->handout_error = r;
    return r;
}

bool service_has_view(const struct service *service)
{
    return publish_has_lease(service->publish);
}

struct attached_list *service_attached(struct service *service)
{
    return service->attached;
}

void service_view_stats(const struct service *service, struct view_stats *ret)
{
    publish_stats(service->publish, service_clock_ns(CLOCK_MONOTONIC), ret);
}
