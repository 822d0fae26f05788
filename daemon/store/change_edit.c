/* Edit: the fields that the change names, put into the record as it is now. */
#include <errno.h>

#include "daemon/store/application.h"

/* What the audit trail calls them. */
static const struct {
    unsigned fields;
    const char *name;
} names[] = {
    {EDIT_NAME, "name"},       {EDIT_SCOPES, "scopes"},
    {EDIT_ORIGINS, "origins"}, {EDIT_MISSING_ORIGIN, "missing-origin"},
    {EDIT_LIMIT, "limit"},     {EDIT_EXPIRES, "expiry"},
    {EDIT_STRICT, "strict"},   {EDIT_DEPRECATION, "deprecation"},
    {EDIT_SUNSET, "sunset"},   {EDIT_LINK, "link"},
};

void change_edit_name(unsigned fields, char ret[static REASON_MAX + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(fields & names[i].fields))
            continue;
        if (len > 0) {
            memcpy(ret + len, ", ", 2);
            len += 2;
        }
        struct text name = text_of(names[i].name); /* all of them together take 80 bytes */
        memcpy(ret + len, name.data, name.len);
        len += name.len;
    }
    ret[len] = '\0';
}

static void put_limit(unsigned fields, const struct rate_limit *from, struct rate_limit *to)
{
    bool burst_follows = to->burst == to->requests && !(fields & EDIT_BURST);
    if (fields & EDIT_REQUESTS)
        to->requests = from->requests;
    if (fields & EDIT_WINDOW)
        to->window_ns = from->window_ns;
    if (fields & EDIT_BURST)
        to->burst = from->burst;
    if (burst_follows)
        to->burst = to->requests;
}

void change_edit_put(unsigned fields, const struct record *from, struct record *to)
{
    if (fields & EDIT_NAME)
        to->name = from->name;
    if (fields & EDIT_SCOPES)
        to->scopes = from->scopes;
    if (fields & EDIT_ORIGINS)
        to->origins = from->origins;
    if (fields & EDIT_MISSING_ORIGIN)
        to->missing_origin_allowed = from->missing_origin_allowed;
    put_limit(fields, &from->limit, &to->limit);
    if (fields & EDIT_EXPIRES)
        to->expires_at = from->expires_at;
    if (fields & EDIT_STRICT)
        to->strict = from->strict;
    if (fields & EDIT_DEPRECATION)
        to->deprecation_at = from->deprecation_at;
    if (fields & EDIT_SUNSET)
        to->sunset_at = from->sunset_at;
    if (fields & EDIT_LINK)
        to->link = from->link;
}

static int require_editable(const struct application *a, const struct record *record)
{
    if (record_state_at(record, a->change->at) == RECORD_REVOKED)
        return -EPERM;
    if (record->kind != KIND_LEGACY && (a->change->edit_fields & EDIT_LEGACY))
        return -EOPNOTSUPP;
    return 0;
}

int change_edit_apply(struct application *a)
{
    unsigned fields = a->change->edit_fields;
    struct record record, wanted;
    if (fields == 0 || (fields & ~(unsigned)EDIT_ALL) ||
        record_decode(a->change->record, a->change->record_len, &wanted) < 0)
        return -EINVAL;
    int r = application_require_room(a);
    if (r == 0)
        r = application_read(a, &record);
    if (r == 0)
        r = require_editable(a, &record);
    if (r == 0 && (fields & EDIT_SCOPES))
        r = application_require_scopes(a, wanted.scopes);
    if (r != 0)
        return r;
    change_edit_put(fields, &wanted, &record);
    change_edit_name(fields, a->reason);
    return application_replace(a, &record, text_of(a->reason));
}
