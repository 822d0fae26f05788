/* Changes that make a new credential: mint, legacy-add, rotate. */
#include <errno.h>

#include "daemon/service_pending.h"

/* A record's identity: what rotate makes anew. The texts are kept by the caller. */
struct identity {
    char key_id[KEY_ID_LEN + 1];
    uint8_t digest[DIGEST_BYTES];
};

static int draw_token(enum kind kind, struct pending *pending, struct identity *ret)
{
    int r = token_generate(kind, service_random, NULL, pending->secret);

    if (r < 0)
        return r;
    digest_token(text_of(pending->secret), ret->digest);
    return key_id_generate(service_random, NULL, ret->key_id);
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

    int r = service_pending_new(service, done, userdata, &pending);
    if (r < 0)
        return r;
    if (!legacy) {
        r = draw_token(mint->kind, pending, &identity);
    } else {
        r = legacy_is_valid(mint->legacy_key) ? 0 : -EINVAL;
        digest_legacy(mint->legacy_key, identity.digest);
        if (r == 0)
            r = key_id_generate(service_random, NULL, identity.key_id);
    }
    if (r == 0)
        r = put_record(service, &change, &record, &identity, legacy ? NULL : pending->secret);
    if (r < 0) {
        service_pending_free(pending);
        return r;
    }
    return service_submit(service, &change, pending);
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
    r = draw_token(record.kind, pending, &identity);
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
    int r = service_pending_new(service, done, userdata, &pending);
    if (r < 0)
        return r;
    r = store_read_begin(service->store);
    if (r == 0) {
        r = prepare_rotation(service, key_id, &change, pending);
        store_read_end(service->store);
    }
    if (r < 0) {
        service_pending_free(pending);
        return r;
    }
    return service_submit(service, &change, pending);
}
