/* What a credential may no longer, or may again: revoke, suspend, resume. */
#include <errno.h>

#include "daemon/store/application.h"

int change_state_revoke(struct application *a)
{
    struct record record;
    int r = application_read(a, &record);
    if (r < 0)
        return r;
    if (record.revoked)
        return -EALREADY;
    record.revoked = true;
    record.revoked_at = a->change->at;
    record.reason = text_of(a->change->reason);
    return application_replace(a, &record, record.reason);
}

/* -EPERM: revoked, also by a grace that is over. */
static int read_unrevoked(struct application *a, struct record *ret)
{
    int r = application_read(a, ret);
    if (r < 0)
        return r;
    return record_state_at(ret, a->change->at) == RECORD_REVOKED ? -EPERM : 0;
}

int change_state_suspend(struct application *a)
{
    struct record record;
    int r = read_unrevoked(a, &record);
    if (r < 0)
        return r;
    if (record.suspended)
        return -EALREADY;
    record.suspended = true;
    record.reason = text_of(a->change->reason);
    return application_replace(a, &record, record.reason);
}

int change_state_resume(struct application *a)
{
    struct record record;
    int r = read_unrevoked(a, &record);
    if (r < 0)
        return r;
    if (!record.suspended)
        return -EALREADY;
    record.suspended = false;
    record.reason = TEXT("");
    return application_replace(a, &record, record.reason);
}
