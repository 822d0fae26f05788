#include <errno.h>

#include "daemon/admin_member.h"

/* Null takes these away. */
#define MAY_BE_NULL "expires_at deprecation_at sunset_at link "

#define LIMIT_PARTS (EDIT_REQUESTS | EDIT_WINDOW | EDIT_BURST)

static const struct {
    const char *name;
    unsigned fields;
} members[] = {
    {"name", EDIT_NAME},
    {"scopes", EDIT_SCOPES},
    {"allowed_origins", EDIT_ORIGINS},
    {"missing_origin", EDIT_MISSING_ORIGIN},
    {"expires_at", EDIT_EXPIRES},
    {"expires_in", EDIT_EXPIRES},
    {"strict", EDIT_STRICT},
    {"deprecation_at", EDIT_DEPRECATION},
    {"sunset_at", EDIT_SUNSET},
    {"link", EDIT_LINK},
};

static void refuse_nulls(struct admin_object *body)
{
    static const char *const times[] = {"expires_at", "expires_in"};

    admin_object_refuse_null(body, MAY_BE_NULL);
    if (!body->failed && admin_object_has(body, times[0]) && admin_object_has(body, times[1]))
        admin_object_fail(body, "%s: can't stand beside %s: give one of them", times[1], times[0]);
}

static void read_limit(struct admin_object *body, struct edit *edit)
{
    struct admin_object limit;
    unsigned parts = 0;

    if (!admin_member_enter_limit(body, &limit))
        return;
    admin_object_refuse_null(&limit, "");
    admin_object_leave(body, &limit);
    admin_member_limit(body, &edit->limit, &parts);
    if (parts == 0)
        admin_object_fail(body, "limit: names nothing: give requests, window or burst");
    if (parts == LIMIT_PARTS)
        admin_member_require_limit(body, &edit->limit);
    edit->fields |= parts;
}

int admin_body_edit(struct text text, const struct scope_registry *registry, int64_t now_s,
                    struct admin_edit *ret, char detail[static ADMIN_DETAIL_MAX])
{
    struct edit *edit = &ret->edit;
    struct admin_object body;

    *edit = (struct edit){0};
    admin_object_open(&body, text,
                      "name scopes allowed_origins missing_origin limit expires_at expires_in "
                      "strict deprecation_at sunset_at link ",
                      detail);
    refuse_nulls(&body);
    admin_member_name(&body, &edit->name);
    admin_member_scopes(&body, registry, &edit->scopes);
    admin_member_origins(&body, ret->origins, &edit->origins);
    admin_member_missing_origin(&body, &edit->missing_origin_allowed);
    read_limit(&body, edit);
    admin_member_expiry(&body, now_s, &edit->expires_at);
    edit->strict = admin_object_bool(&body, "strict");
    admin_member_deprecation(&body, &edit->deprecation_at, &edit->sunset_at, &edit->link);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!body.failed && admin_object_has(&body, members[i].name))
            edit->fields |= members[i].fields;
    if (edit->fields == 0)
        admin_object_fail(&body, "nothing is to be changed: name at least one member");
    ret->root = body.json;
    if (!body.failed)
        return 0;
    admin_body_edit_deinit(ret);
    return -EINVAL;
}

void admin_body_edit_deinit(struct admin_edit *edit)
{
    json_decref(edit->root);
    edit->root = NULL;
}
