#include "daemon/service_state.h"

#include <errno.h>

#include "daemon/log.h"

/* So many damaged records, and a walk ends: that is no page that went bad. */
#define DAMAGED_MAX 100
#define DAMAGED                                                                                    \
    "the record of %.*s is damaged: it is left out of lists, and its checks are refused; restore " \
    "the table from a backup, or mint anew"

int service_make_listing(struct service *service, const struct record *record, struct listing *ret)
{
    struct clock_reading now = service_now(service);
    struct view_reading reading;
    struct view_bucket *bucket;
    struct rate rate;

    ret->record = *record;
    ret->state = record_state_at(record, now.wall_s);
    if (publish_find(service->publish, record->digest, now.mono_ns, &reading, &bucket) ==
            VIEW_FOUND &&
        text_equal(reading.record.key_id, record->key_id)) {
        service_usage_of(service, &reading, bucket, &ret->usage);
    } else {
        int r = store_usage(service->store, record->key_id, &ret->usage);
        if (r < 0)
            return r;
        ret->usage.debt_ns = service_debt_left(&ret->usage, service_wall_ns(service));
    }
    if (rate_init(&rate, &record->limit) != RATE_OK)
        return -EBADMSG;
    ret->usage.debt_ns = service_debt_under(&ret->usage, &rate, now.mono_ns);
    ret->usage.interval_ns = rate.interval_ns;
    ret->usage.burst = rate.burst;
    /* What is left before anything is spent: one more than after spending one. */
    struct rate_result one = rate_spend(&rate, now.mono_ns + ret->usage.debt_ns, now.mono_ns, 1);
    ret->remaining = one.allowed ? one.remaining + 1 : 0;
    return 0;
}

int service_show(struct service *service, struct text key_id, service_list_fn fn, void *userdata)
{
    struct record record;
    struct listing listing;

    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = store_find_key_id(service->store, key_id, &record);
    if (r == 0)
        r = service_make_listing(service, &record, &listing);
    if (r == -EBADMSG) /* the key_id is one, or nothing would have been found */
        log_event(LOG_EVENT_TABLE_UNREADABLE, DAMAGED, (int)key_id.len, key_id.data);
    if (r == 0)
        r = fn(&listing, (struct text){NULL, 0}, userdata);
    store_read_end(service->store);
    return r;
}

int service_skip_damaged(struct text position, unsigned *skipped)
{
    struct text key_id = store_position_key_id(position);

    if (key_id.len == 0)
        key_id = TEXT("a credential, whose key_id too");
    log_event(LOG_EVENT_TABLE_UNREADABLE, DAMAGED, (int)key_id.len, key_id.data);
    return ++*skipped >= DAMAGED_MAX ? -EBADMSG : 0;
}

struct list_walk {
    struct service *service;
    service_list_fn fn;
    void *userdata;
    unsigned skipped;
};

static int on_listed(const struct record *record, struct text position, void *userdata)
{
    struct list_walk *walk = userdata;
    struct listing listing;

    int r = record ? service_make_listing(walk->service, record, &listing) : -EBADMSG;
    if (r == -EBADMSG)
        return service_skip_damaged(position, &walk->skipped);
    return r < 0 ? r : walk->fn(&listing, position, walk->userdata);
}

int service_list(struct service *service, struct text site, struct text after, service_list_fn fn,
                 void *userdata)
{
    struct list_walk walk = {.service = service, .fn = fn, .userdata = userdata};

    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = store_list(service->store, site, after, on_listed, &walk);
    store_read_end(service->store);
    return r;
}

struct audit_walk {
    const struct audit_query *query;
    store_audit_fn fn;
    void *userdata;
    unsigned scanned;
    uint64_t next;
};

static bool is_wanted(const struct audit_query *query, const struct audit_entry *entry)
{
    return query->key_id.len == 0 || text_equal(query->key_id, entry->key_id) ||
           text_equal(query->key_id, entry->related);
}

static int on_audited(const struct audit_entry *entry, void *userdata)
{
    struct audit_walk *walk = userdata;
    const struct audit_query *query = walk->query;

    if (entry->at < query->since)
        return 1;
    if (query->scan_max > 0 && walk->scanned == query->scan_max) {
        walk->next = entry->seq + 1;
        return 1;
    }
    walk->scanned++;
    if (!is_wanted(query, entry))
        return 0;
    int r = walk->fn(entry, walk->userdata);
    if (r > 0)
        walk->next = entry->seq + 1;
    return r;
}

int service_audit(struct service *service, const struct audit_query *query, store_audit_fn fn,
                  void *userdata, uint64_t *ret_next)
{
    struct audit_walk walk = {.query = query, .fn = fn, .userdata = userdata};

    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = store_audit(service->store, query->before, on_audited, &walk);
    store_read_end(service->store);
    if (r < 0)
        return r;
    *ret_next = walk.next;
    return 0;
}

int service_stats(struct service *service, struct store_stats *ret)
{
    int r = store_read_begin(service->store);

    if (r < 0)
        return r;
    r = store_stats(service->store, ret);
    store_read_end(service->store);
    return r;
}

void service_commit_stats(struct service *service, struct committer_stats *ret)
{
    committer_stats(service->committer, ret);
}
