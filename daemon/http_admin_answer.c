#include <errno.h>

#include "daemon/http_admin_verbs.h"
#include "lib/core/secret.h"

void http_admin_answer_json(struct http_request *request, unsigned status, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (!text) {
        http_answer_problem(request, 500,
                            "memory is short, so that there is no answer; a change that was asked "
                            "for has been made: look before trying again");
        return;
    }
    http_add_field(request, "Content-Type", "application/json");
    http_add_field(request, "Cache-Control", "no-store");
    http_answer(request, status, text_of(text), true);
    secret_free(&text);
}

/* The first row that fits counts: a verb's own, then what is the same for all. */
static const struct row {
    int error;
    enum change_verb verb; /* 0: any */
    unsigned status;
    const char *detail;
} rows[] = {
    {ENOENT, 0, 404, "there is no token or legacy key with this key_id"},

    {EEXIST, CHANGE_SCOPE_ADD, 409, "a scope of this name is registered already"},
    {EEXIST, 0, 409, "it is in the table already: GET /v1/legacy?site= shows it"},

    {EALREADY, CHANGE_SUSPEND, 409, "it is suspended already"},
    {EALREADY, CHANGE_RESUME, 409, "it is not suspended: there is nothing to resume"},
    {EALREADY, 0, 409, "it is revoked already"},

    {EPERM, CHANGE_ROTATE, 409, "it is revoked or expired and can't be rotated: mint a new one"},
    {EPERM, 0, 409, "it is revoked, which is final: mint a new one"},

    {EINPROGRESS, CHANGE_ROTATE_CANCEL, 409,
     "its successor was itself rotated: finish or cancel that rotation first"},
    {EINPROGRESS, 0, 409,
     "it was rotated already and lives on until its grace is over: rotate the new one, or revoke "
     "this one"},

    {ESRCH, CHANGE_ROTATE_SHORTEN, 409,
     "no grace is running, or it ends before that: GET the token shows its grace_until"},
    {ESRCH, 0, 409,
     "no grace is running: it was not rotated, or its grace is over; GET the token shows which"},

    {EOPNOTSUPP, CHANGE_EDIT, 409,
     "deprecation_at, sunset_at and link are for legacy keys: give a token expires_at"},
    {EOPNOTSUPP, CHANGE_LEGACY_REMOVE, 409, "it is a token, and stays in the table: revoke it"},
    {EOPNOTSUPP, 0, 409, "a legacy key can't be rotated: mint a token for its site, and revoke it"},

    {EINVAL, CHANGE_EDIT, 400,
     "the values don't fit those that stay: the limit that comes of them (requests, window, "
     "burst), "
     "or a sunset_at before deprecation_at"},
    {EINVAL, 0, 400, "a value is out of its range"},

    {ENOSPC, CHANGE_SCOPE_ADD, 507,
     "the registry of 64 scopes, or the table, is full: use a scope that is there, or raise "
     "map_size in stkgate.conf and restart"},
    {ENOSPC, 0, 507, "the table is full: raise map_size in stkgate.conf and restart"},

    {EDQUOT, 0, 507,
     "the disk is full: nothing was changed. Make room on the file system of the state directory "
     "and try again; checks and revocations go on meanwhile"},
    {EROFS, 0, 507,
     "the file system of the state directory became read-only: nothing was changed. Look at the "
     "kernel's log, make it writable and try again; checks go on meanwhile"},
    {ESTALE, 0, 500,
     "data.mdb was replaced or written over while the daemon had it open: nothing was changed. The "
     "daemon restarts with what is there now; stop it before you restore a table"},

    {EAGAIN, 0, 503, "too many changes are waiting for the disk: try again in a moment"},
    {ENOMEM, 0, 503, "memory is short: try again in a moment"},
    {ESHUTDOWN, 0, 503, "no change is taken any more: the daemon is ending"},
    {EIO, 0, 500,
     "the outcome is unknown: the disk failed while the change was written. The daemon restarts; "
     "list the tokens to see whether it took effect"},
    {EBADMSG, 0, 500, "a record is damaged; the journal says which"},
};

void http_admin_answer_error(struct http_request *request, enum change_verb verb, int error)
{
    static const struct row other = {0, 0, 500, "it failed; the journal may say why"};
    const struct row *found = NULL;

    for (size_t i = 0; !found && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == -error && (rows[i].verb == 0 || rows[i].verb == verb))
            found = &rows[i];
    if (!found)
        found = &other;
    if (found->error == EAGAIN || found->error == ENOMEM)
        http_add_field(request, "Retry-After", "1");
    http_answer_problem(request, found->status, "%s", found->detail);
}
