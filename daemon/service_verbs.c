/* Changes to a credential that is there, and to the registry. */
#include <errno.h>

#include "daemon/service_pending.h"

/* As who asks has it, until it is copied into a change. */
struct order {
    enum change_verb verb;
    struct text key_id;
    struct text reason;
    uint64_t grace_s;
    struct actor actor;
};

static int submit_order(struct service *service, const struct order *order, service_done_fn done,
                        void *userdata)
{
    struct change change = {.verb = order->verb, .actor = order->actor, .grace_s = order->grace_s};
    struct pending *pending;

    if (!key_id_is_valid(order->key_id) ||
        !text_copy(order->key_id, change.key_id, sizeof change.key_id))
        return -ENOENT;
    if (!text_is_printable(order->reason) || token_is_within(order->reason) ||
        !text_copy(order->reason, change.reason, sizeof change.reason))
        return -EINVAL;
    int r = service_pending_new(service, done, userdata, &pending);
    return r < 0 ? r : service_submit(service, &change, pending);
}

int service_revoke(struct service *service, struct text key_id, struct text reason,
                   struct actor actor, service_done_fn done, void *userdata)
{
    const struct order order = {
        .verb = CHANGE_REVOKE, .key_id = key_id, .reason = reason, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_suspend(struct service *service, struct text key_id, struct text reason,
                    struct actor actor, service_done_fn done, void *userdata)
{
    const struct order order = {
        .verb = CHANGE_SUSPEND, .key_id = key_id, .reason = reason, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_resume(struct service *service, struct text key_id, struct actor actor,
                   service_done_fn done, void *userdata)
{
    const struct order order = {.verb = CHANGE_RESUME, .key_id = key_id, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_rotate_finish(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata)
{
    const struct order order = {.verb = CHANGE_ROTATE_FINISH, .key_id = key_id, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_rotate_cancel(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata)
{
    const struct order order = {.verb = CHANGE_ROTATE_CANCEL, .key_id = key_id, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_rotate_shorten(struct service *service, struct text key_id, uint64_t grace_s,
                           struct actor actor, service_done_fn done, void *userdata)
{
    const struct order order = {
        .verb = CHANGE_ROTATE_SHORTEN, .key_id = key_id, .grace_s = grace_s, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

int service_legacy_remove(struct service *service, struct text key_id, struct actor actor,
                          service_done_fn done, void *userdata)
{
    const struct order order = {.verb = CHANGE_LEGACY_REMOVE, .key_id = key_id, .actor = actor};

    return submit_order(service, &order, done, userdata);
}

/* Put what is wanted into the record as it is now: the change then carries a whole one. Within a
 * read. */
static int encode_edit(struct service *service, const struct edit *edit, struct change *change)
{
    struct record record;
    const struct record wanted = {
        .name = edit->name,
        .scopes = edit->scopes,
        .origins = edit->origins,
        .missing_origin_allowed = edit->missing_origin_allowed,
        .strict = edit->strict,
        .limit = edit->limit,
        .expires_at = edit->expires_at,
        .deprecation_at = edit->deprecation_at,
        .sunset_at = edit->sunset_at,
        .link = edit->link,
    };

    int r = store_find_key_id(service->store, text_of(change->key_id), &record);
    if (r < 0)
        return r;
    if (record.kind != KIND_LEGACY && (edit->fields & EDIT_LEGACY))
        return -EOPNOTSUPP;
    change_edit_put(edit->fields, &wanted, &record);
    return record_encode(&record, change->record, &change->record_len);
}

int service_edit(struct service *service, struct text key_id, const struct edit *edit,
                 struct actor actor, service_done_fn done, void *userdata)
{
    struct change change = {.verb = CHANGE_EDIT, .actor = actor, .edit_fields = edit->fields};
    struct pending *pending;

    if (edit->fields == 0 || (edit->fields & ~(unsigned)EDIT_ALL))
        return -EINVAL;
    if (!key_id_is_valid(key_id) || !text_copy(key_id, change.key_id, sizeof change.key_id))
        return -ENOENT;
    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = encode_edit(service, edit, &change);
    store_read_end(service->store);
    if (r == 0)
        r = service_pending_new(service, done, userdata, &pending);
    return r != 0 ? r : service_submit(service, &change, pending);
}

int service_scope_add(struct service *service, struct text name, struct actor actor,
                      service_done_fn done, void *userdata)
{
    struct change change = {.verb = CHANGE_SCOPE_ADD, .actor = actor};
    struct pending *pending;

    if (!scope_name_is_valid(name) || !text_copy(name, change.scope, sizeof change.scope))
        return -EINVAL;
    int r = service_pending_new(service, done, userdata, &pending);
    return r < 0 ? r : service_submit(service, &change, pending);
}
