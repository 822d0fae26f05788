#include "daemon/service_state.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "lib/core/secret.h"

/* A change under way. */
struct pending {
    struct service *service;
    service_done_fn done;
    void *userdata;
    char secret[TOKEN_LEN + 1]; /* of mint and rotate */
};

static struct pending *pending_free(struct pending *pending)
{
    if (pending)
        secret_wipe(pending->secret, sizeof pending->secret);
    free(pending);
    return NULL;
}

/* Rotating refills nothing: the new token begins with what the old one owes. */
static int inherit_debt(struct service *service, const struct change_result *result,
                        const struct record *record)
{
    struct record old;
    struct bucket *from, *to;
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);

    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = store_find_digest(service->store, result->previous_digest, &old);
    if (r == 0)
        r = service_bucket_of(service, &old, mono_ns, &from);
    if (r == 0)
        r = service_bucket_of(service, record, mono_ns, &to);
    store_read_end(service->store);
    if (r != 0)
        return r;
    atomic_store(&to->tat, atomic_load(&from->tat));
    service_mark_dirty(service, to);
    return 0;
}

static void tell_change(const struct change *change, const struct record *record)
{
    char key_id[KEY_ID_LEN + 1] = "", site[SITE_MAX + 1] = "";

    if (record) {
        text_copy(record->key_id, key_id, sizeof key_id);
        text_copy(record->site, site, sizeof site);
    }
    struct log_change line = {
        .verb = change_verb_name(change->verb),
        .key_id = key_id,
        .site = site,
        .reason = change->verb == CHANGE_SCOPE_ADD ? change->scope : change->reason,
        .uid = change->actor.uid,
        .pid = change->actor.pid,
    };
    log_change(&line);
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
    if (change->verb == CHANGE_ROTATE) {
        r = inherit_debt(service, result, &record);
        if (r < 0)
            return r;
    }
    r = store_read_begin(service->store);
    if (r < 0)
        return r;
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

    /* Before anything is answered: from here on no check trusts a copy of what was before. Whatever
     * the change was, and also when its outcome is unknown: no verb can forget it. */
    service->changes++;

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
    pending_free(pending);
}

static int submit(struct service *service, struct change *change, struct pending *pending)
{
    change->at = service_now(service).wall_s;
    int r = committer_submit(service->committer, change, on_committed, pending);
    if (r < 0)
        pending_free(pending);
    else
        service->pending++;
    return r;
}

static int pending_new(struct service *service, service_done_fn done, void *userdata,
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

/* A record's identity: what rotate makes anew. The texts are kept by the caller. */
struct identity {
    char key_id[KEY_ID_LEN + 1];
    uint8_t digest[DIGEST_BYTES];
};

static int draw_token(struct service *service, enum kind kind, struct pending *pending,
                      struct identity *ret)
{
    int r = token_generate(kind, service_random, NULL, pending->secret);

    if (r == 0)
        r = digest_token(service->digester, text_of(pending->secret), ret->digest);
    if (r == 0)
        r = key_id_generate(service_random, NULL, ret->key_id);
    return r;
}

static int put_record(struct service *service, struct change *change, struct record *record,
                      const struct identity *identity, const char *secret)
{
    record->key_id = text_of(identity->key_id);
    memcpy(record->digest, identity->digest, DIGEST_BYTES);
    record->secret_prefix = (struct text){secret, secret ? SECRET_PREFIX_LEN : 0};
    record->created_at = service_now(service).wall_s;
    record->created_by = change->actor.uid;
    return record_encode(record, change->record, &change->record_len);
}

int service_mint(struct service *service, const struct mint *mint, struct actor actor,
                 service_done_fn done, void *userdata)
{
    bool legacy = mint->kind == KIND_LEGACY;
    struct change change = {.verb = legacy ? CHANGE_LEGACY_ADD : CHANGE_MINT, .actor = actor};
    struct identity identity;
    struct pending *pending;
    struct record record = {
        .kind = mint->kind,
        .site = mint->site,
        .name = mint->name,
        .scopes = mint->scopes,
        .origins = mint->origins,
        .missing_origin_allowed = mint->missing_origin_allowed,
        .strict = mint->strict,
        .limit = mint->limit,
        .expires_at = mint->expires_at,
        .deprecation_at = mint->deprecation_at,
        .sunset_at = mint->sunset_at,
        .link = mint->link,
    };

    int r = pending_new(service, done, userdata, &pending);
    if (r < 0)
        return r;
    if (!legacy) {
        r = draw_token(service, mint->kind, pending, &identity);
    } else {
        r = legacy_is_valid(mint->legacy_key) ? 0 : -EINVAL;
        if (r == 0)
            r = digest_legacy(service->digester, mint->legacy_key, identity.digest);
        if (r == 0)
            r = key_id_generate(service_random, NULL, identity.key_id);
    }
    if (r == 0)
        r = put_record(service, &change, &record, &identity, legacy ? NULL : pending->secret);
    if (r < 0) {
        pending_free(pending);
        return r;
    }
    return submit(service, &change, pending);
}

/* Draw the new identity of the record with this key_id. Within a read: record's texts are the
 * map's. */
static int prepare_rotation(struct service *service, struct text key_id, struct change *change,
                            struct pending *pending)
{
    struct record record;
    struct identity identity;

    int r = store_find_key_id(service->store, key_id, &record);
    if (r < 0)
        return r;
    if (record.kind == KIND_LEGACY)
        return -EOPNOTSUPP;
    r = draw_token(service, record.kind, pending, &identity);
    if (r < 0)
        return r;
    return put_record(service, change, &record, &identity, pending->secret);
}

int service_rotate(struct service *service, struct text key_id, uint64_t grace_s,
                   struct actor actor, service_done_fn done, void *userdata)
{
    struct change change = {.verb = CHANGE_ROTATE, .actor = actor, .grace_s = grace_s};
    struct pending *pending;

    if (!key_id_is_valid(key_id) || !text_copy(key_id, change.key_id, sizeof change.key_id))
        return -ENOENT;
    int r = pending_new(service, done, userdata, &pending);
    if (r < 0)
        return r;
    r = store_read_begin(service->store);
    if (r == 0) {
        r = prepare_rotation(service, key_id, &change, pending);
        store_read_end(service->store);
    }
    if (r < 0) {
        pending_free(pending);
        return r;
    }
    return submit(service, &change, pending);
}

int service_revoke(struct service *service, struct text key_id, struct text reason,
                   struct actor actor, service_done_fn done, void *userdata)
{
    struct change change = {.verb = CHANGE_REVOKE, .actor = actor};
    struct pending *pending;

    if (!key_id_is_valid(key_id) || !text_copy(key_id, change.key_id, sizeof change.key_id))
        return -ENOENT;
    if (!text_is_printable(reason) || token_is_within(reason) ||
        !text_copy(reason, change.reason, sizeof change.reason))
        return -EINVAL;
    int r = pending_new(service, done, userdata, &pending);
    return r < 0 ? r : submit(service, &change, pending);
}

int service_scope_add(struct service *service, struct text name, struct actor actor,
                      service_done_fn done, void *userdata)
{
    struct change change = {.verb = CHANGE_SCOPE_ADD, .actor = actor};
    struct pending *pending;

    if (!scope_name_is_valid(name) || !text_copy(name, change.scope, sizeof change.scope))
        return -EINVAL;
    int r = pending_new(service, done, userdata, &pending);
    return r < 0 ? r : submit(service, &change, pending);
}
