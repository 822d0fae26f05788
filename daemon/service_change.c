/* A change on its way: submitted, committed, in effect, answered. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/service_pending.h"
#include "lib/core/secret.h"

struct pending *service_pending_free(struct pending *pending)
{
    if (pending)
        secret_wipe(pending->secret, sizeof pending->secret);
    free(pending);
    return NULL;
}

static void tell_change(const struct change *change, const struct record *record)
{
    char key_id[KEY_ID_LEN + 1] = "", site[SITE_MAX + 1] = "", fields[REASON_MAX + 1];
    const char *reason = change->reason;

    if (change->verb == CHANGE_SCOPE_ADD) {
        reason = change->scope;
    } else if (change->verb == CHANGE_EDIT) {
        change_edit_name(change->edit_fields, fields);
        reason = fields;
    }
    if (record) {
        text_copy(record->key_id, key_id, sizeof key_id);
        text_copy(record->site, site, sizeof site);
    }
    struct log_change line = {
        .verb = change_verb_name(change->verb),
        .key_id = key_id,
        .site = site,
        .reason = reason,
        .uid = change->actor.uid,
        .pid = change->actor.pid,
    };
    log_change(&line);
}

/* Who maps the view goes by it when this returns, and so do the daemon's own checks. */
static int publish_change(struct service *service, const struct change *change,
                          const struct record *record, const struct change_result *result)
{
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);
    struct record now; /* as it is by now: another change may have been committed since */
    struct record other;
    int r = 0;

    /* What is revoked by it first. */
    bool two = change->verb == CHANGE_ROTATE || change->verb == CHANGE_ROTATE_CANCEL;
    if (two)
        r = store_find_digest(service->store, result->previous_digest, &other);
    if (two && r == 0)
        r = service_publish(service, &other, mono_ns);
    if (r == 0)
        r = store_find_key_id(service->store, record->key_id, &now);
    if (r == 0)
        r = service_publish(service, &now, mono_ns);
    else if (r == -ENOENT)
        publish_remove(service->publish, record->digest);
    /* Rotating refills nothing, there and back: the new token begins with what the old one owes,
     * and the old one goes on with what a cancelled new one owes. */
    if (two && r == 0)
        r = service_carry_debt(service, other.key_id, record->key_id);
    return r == -ENOENT ? 0 : r;
}

/* What follows from a commit, before it is answered. */
static int take_effect(struct service *service, const struct change *change,
                       const struct change_result *result, struct listing *listing)
{
    struct record record;

    if (change->verb == CHANGE_SCOPE_ADD) {
        int r = service_read_registry(service);
        service_resolve_scopes(service);
        tell_change(change, NULL);
        return r;
    }
    int r = record_decode(result->record, result->record_len, &record);
    if (r < 0)
        return r;
    tell_change(change, &record);
    r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = publish_change(service, change, &record, result);
    if (r == 0)
        r = service_published(service, result->seq);
    if (r == 0)
        r = service_make_listing(service, &record, listing);
    store_read_end(service->store);
    return r;
}

static void on_committed(const struct change *change, const struct change_result *result,
                         void *userdata)
{
    struct pending *pending = userdata;
    struct service *service = pending->service;
    struct listing listing;
    struct outcome outcome = {.error = result->error, .seq = result->seq};

    (void)service_must_exit(service); /* from here on every check is refused */
    if (result->error == 0) {
        int r = take_effect(service, change, result, &listing);
        if (r < 0)
            log_event(LOG_EVENT_TABLE_UNREADABLE,
                      "change %llu is committed, but could not be read back: %s",
                      (unsigned long long)result->seq, strerror(-r));
        else if (change->verb != CHANGE_SCOPE_ADD)
            outcome.listing = &listing;
        outcome.error = r;
        outcome.secret = pending->secret[0] ? pending->secret : NULL;
    }
    service->pending--;
    pending->done(&outcome, pending->userdata);
    service_pending_free(pending);
}

int service_submit(struct service *service, struct change *change, struct pending *pending)
{
    change->at = service_now(service).wall_s;
    int r = committer_submit(service->committer, change, on_committed, pending);
    if (r < 0)
        service_pending_free(pending);
    else
        service->pending++;
    return r;
}

int service_pending_new(struct service *service, service_done_fn done, void *userdata,
                        struct pending **ret)
{
    struct pending *pending = calloc(1, sizeof *pending);

    if (!pending)
        return -ENOMEM;
    pending->service = service;
    pending->done = done;
    pending->userdata = userdata;
    *ret = pending;
    return 0;
}
