#include "daemon/admin_body.h"

#include <errno.h>

#include "daemon/admin_member.h"

#define GRACE_MAX_S       (UINT64_C(366) * 86400)
#define NS_PER_S          UINT64_C(1000000000)

#define DEFAULT_REQUESTS  60
#define DEFAULT_WINDOW_NS (60 * NS_PER_S)

/* ---- tokens and legacy keys --------------------------------------------------------------------
 */

static void read_site(struct admin_object *body, struct text *ret)
{
    *ret = admin_object_text(body, "site_id");
    if (!ret->data)
        admin_object_fail(body, "site_id: is missing: it says which merchant's token this is");
    else if (!text_is_site(*ret))
        admin_object_fail(body, "site_id: must be 1 to %d characters of A-Z a-z 0-9 . _ -",
                          SITE_MAX);
}

static void read_limit(struct admin_object *body, struct rate_limit *ret)
{
    unsigned parts = 0;

    admin_member_limit(body, ret, &parts);
    if ((parts & EDIT_REQUESTS) && !(parts & EDIT_BURST))
        ret->burst = ret->requests;
    admin_member_require_limit(body, ret);
}

/* What the two have in common, beside site and name. */
static void read_shared(struct admin_object *body, const struct scope_registry *registry,
                        int64_t now_s, struct admin_mint *ret)
{
    struct mint *mint = &ret->mint;

    mint->scopes = SCOPE_ALL_BUILTIN;
    mint->limit = (struct rate_limit){DEFAULT_REQUESTS, DEFAULT_WINDOW_NS, DEFAULT_REQUESTS};
    admin_member_scopes(body, registry, &mint->scopes);
    admin_member_origins(body, ret->origins, &mint->origins);
    admin_member_missing_origin(body, &mint->missing_origin_allowed);
    read_limit(body, &mint->limit);
    admin_member_expiry(body, now_s, &mint->expires_at);
    mint->strict = admin_object_bool(body, "strict");
}

static int finish(struct admin_object *body, struct admin_mint *mint)
{
    mint->root = body->json;
    if (!body->failed)
        return 0;
    admin_body_deinit(mint);
    return -EINVAL;
}

int admin_body_mint(struct text text, const struct scope_registry *registry, int64_t now_s,
                    struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX])
{
    struct mint *mint = &ret->mint;
    struct admin_object body;

    *mint = (struct mint){.kind = KIND_LIVE};
    admin_object_open(&body, text,
                      "site_id name scopes allowed_origins missing_origin limit expires_at "
                      "expires_in test strict ",
                      detail);
    read_site(&body, &mint->site);
    admin_member_name(&body, &mint->name);
    if (!mint->name.data)
        admin_object_fail(&body, "name: is missing: it tells people what the token is for");
    read_shared(&body, registry, now_s, ret);
    if (admin_object_bool(&body, "test"))
        mint->kind = KIND_TEST;
    return finish(&body, ret);
}

static void read_api_key(struct admin_object *body, struct text *ret)
{
    *ret = admin_object_text(body, "api_key");
    if (!ret->data)
        admin_object_fail(body,
                          "api_key: is missing: it is the value that callers send as X-API-Key");
    else if (!legacy_is_valid(*ret))
        admin_object_fail(body,
                          "api_key: must be %d to %d printable ASCII characters without space and "
                          "comma",
                          LEGACY_MIN, LEGACY_MAX);
}

int admin_body_legacy(struct text text, const struct scope_registry *registry, int64_t now_s,
                      struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX])
{
    struct mint *mint = &ret->mint;
    struct admin_object body;

    *mint = (struct mint){.kind = KIND_LEGACY, .name = TEXT("legacy key")};
    admin_object_open(&body, text,
                      "site_id name api_key scopes allowed_origins missing_origin limit "
                      "expires_at expires_in strict deprecation_at sunset_at link ",
                      detail);
    read_site(&body, &mint->site);
    admin_member_name(&body, &mint->name);
    read_api_key(&body, &mint->legacy_key);
    admin_member_deprecation(&body, &mint->deprecation_at, &mint->sunset_at, &mint->link);
    read_shared(&body, registry, now_s, ret);
    return finish(&body, ret);
}

void admin_body_deinit(struct admin_mint *mint)
{
    json_decref(mint->root);
    mint->root = NULL;
}

/* ---- the smaller ones --------------------------------------------------------------------------
 */

/* Gives the object back. */
static int close_body(struct admin_object *body)
{
    json_decref(body->json);
    body->json = NULL;
    return body->failed ? -EINVAL : 0;
}

/* In whole seconds, rounded up. */
static uint64_t read_grace(struct admin_object *body)
{
    uint64_t grace_ns = 0;

    admin_object_span(body, "grace", &grace_ns);
    uint64_t grace_s = rate_seconds(grace_ns);
    if (grace_s > GRACE_MAX_S)
        admin_object_fail(body, "grace: must be at most 366d");
    return grace_s;
}

int admin_body_rotate(struct text text, uint64_t *ret_grace_s, char detail[static ADMIN_DETAIL_MAX])
{
    struct admin_object body;

    admin_object_open_optional(&body, text, "grace ", detail);
    uint64_t grace_s = read_grace(&body);
    int r = close_body(&body);
    if (r == 0)
        *ret_grace_s = grace_s;
    return r;
}

int admin_body_shorten(struct text text, uint64_t *ret_grace_s,
                       char detail[static ADMIN_DETAIL_MAX])
{
    struct admin_object body;

    admin_object_open_optional(&body, text, "grace ", detail);
    uint64_t grace_s = read_grace(&body);
    if (!admin_object_member(&body, "grace"))
        admin_object_fail(&body, "grace: is missing: it says how long the old token lives on from "
                                 "now, such as \"5m\"");
    else if (grace_s == 0)
        admin_object_fail(&body, "grace: must be at least 1s; POST to rotate/finish ends it now");
    int r = close_body(&body);
    if (r == 0)
        *ret_grace_s = grace_s;
    return r;
}

int admin_body_reason(struct text text, char ret_reason[static REASON_MAX + 1],
                      char detail[static ADMIN_DETAIL_MAX])
{
    struct admin_object body;

    admin_object_open_optional(&body, text, "reason ", detail);
    struct text reason = admin_object_text(&body, "reason");
    if (reason.len > REASON_MAX || !text_is_printable(reason))
        admin_object_fail(&body,
                          "reason: must be at most %d bytes of text without control characters",
                          REASON_MAX);
    if (!body.failed)
        text_copy(reason, ret_reason, REASON_MAX + 1);
    return close_body(&body);
}

int admin_body_scope(struct text text, char ret_name[static SCOPE_NAME_MAX + 1],
                     char detail[static ADMIN_DETAIL_MAX])
{
    struct admin_object body;

    admin_object_open(&body, text, "name ", detail);
    struct text name = admin_object_text(&body, "name");
    if (!scope_name_is_valid(name))
        admin_object_fail(&body,
                          "name: must be 1 to %d characters of a-z 0-9 . _ - : beginning with a "
                          "letter",
                          SCOPE_NAME_MAX);
    if (!body.failed)
        text_copy(name, ret_name, SCOPE_NAME_MAX + 1);
    return close_body(&body);
}

int admin_body_none(struct text text, char detail[static ADMIN_DETAIL_MAX])
{
    struct admin_object body;

    admin_object_open_optional(&body, text, "", detail);
    return close_body(&body);
}
