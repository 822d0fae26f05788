/* The sites of the table, each with what it has. */
#include "daemon/service_state.h"

#include <errno.h>

struct site_walk {
    struct service *service;
    service_site_fn fn;
    void *userdata;
    unsigned left; /* records that may still be looked at */
    unsigned skipped;
    bool more;
    bool counting; /* summary holds a site that fn was not told of yet */
    struct site_summary summary;
    struct text position; /* of the last record in it; the map's, as the site is */
};

static int tell_site(struct site_walk *walk)
{
    if (!walk->counting)
        return 0;
    walk->counting = false;
    return walk->fn(&walk->summary, walk->position, walk->userdata);
}

static int count_listing(struct site_walk *walk, const struct record *record)
{
    struct site_summary *summary = &walk->summary;
    struct listing listing;

    int r = service_make_listing(walk->service, record, &listing);
    if (r < 0)
        return r;
    if (!walk->counting)
        *summary = (struct site_summary){.site = record->site};
    walk->counting = true;
    summary->active += listing.state == RECORD_ACTIVE;
    summary->suspended += listing.state == RECORD_SUSPENDED;
    summary->revoked += listing.state == RECORD_REVOKED;
    summary->expired += listing.state == RECORD_EXPIRED;
    summary->legacy += record->kind == KIND_LEGACY;
    summary->allowed += listing.usage.allowed;
    if (listing.usage.last_used_at > summary->last_used_at)
        summary->last_used_at = listing.usage.last_used_at;
    return 0;
}

static int on_record(const struct record *record, struct text position, void *userdata)
{
    struct site_walk *walk = userdata;
    int r = 0;

    if (!record)
        return service_skip_damaged(position, &walk->skipped);
    if (walk->left == 0 || (walk->counting && !text_equal(walk->summary.site, record->site)))
        r = tell_site(walk);
    if (r == 0 && walk->left == 0)
        r = 1;
    if (r != 0) {
        walk->more = true;
        return r;
    }
    r = count_listing(walk, record);
    if (r == -EBADMSG)
        return service_skip_damaged(position, &walk->skipped);
    walk->left--;
    walk->position = position;
    return r;
}

int service_sites(struct service *service, struct text after, unsigned records_max,
                  service_site_fn fn, void *userdata, bool *ret_more)
{
    struct site_walk walk = {
        .service = service, .fn = fn, .userdata = userdata, .left = records_max};

    if (records_max == 0)
        return -EINVAL;
    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = store_list(service->store, (struct text){NULL, 0}, after, on_record, &walk);
    if (r == 0)
        r = tell_site(&walk);
    store_read_end(service->store);
    if (r < 0)
        return r;
    *ret_more = walk.more || r > 0;
    return 0;
}
