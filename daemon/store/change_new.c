/* Rows that come, and go for good: mint, legacy-add, scope-add, legacy-remove. */
#include <errno.h>

#include "daemon/store/application.h"

static bool is_fresh(const struct record *record)
{
    return !record->revoked && !record->suspended && record->revoked_at == 0 &&
           record->grace_until == 0 && record->reason.len == 0 && record->rotated_from.len == 0 &&
           record->rotated_to.len == 0;
}

static int apply_new(struct application *a, bool legacy)
{
    struct record record, settled;
    if (record_decode(a->change->record, a->change->record_len, &record) < 0 ||
        !is_fresh(&record) || (record.kind == KIND_LEGACY) != legacy)
        return -EINVAL;
    int r = application_require_room(a);
    if (r == 0)
        r = application_require_scopes(a, record.scopes);
    if (r < 0)
        return r;
    record.created_at = a->change->at;
    record.created_by = a->change->actor.uid;
    r = application_settle(a, &record, &settled);
    return r < 0 ? r : application_add(a, &settled);
}

int change_new_mint(struct application *a)
{
    return apply_new(a, false);
}

int change_new_legacy(struct application *a)
{
    return apply_new(a, true);
}

int change_new_scope(struct application *a)
{
    struct scope_registry registry;
    unsigned bit;
    int r = application_require_room(a);
    if (r == 0)
        r = tables_scopes(a->store, a->txn, &registry);
    if (r == 0)
        r = scope_registry_add(&registry, text_of(a->change->scope), &bit);
    if (r == 0)
        r = tables_put_scopes(a->store, a->txn, &registry);
    a->audit.related = text_of(a->change->scope);
    return r;
}

int change_new_remove(struct application *a)
{
    struct record record, settled;
    int r = application_read(a, &record);
    if (r < 0)
        return r;
    if (record.kind != KIND_LEGACY)
        return -EOPNOTSUPP;
    r = application_settle(a, &record, &settled);
    return r < 0 ? r : application_remove(a, &settled);
}
