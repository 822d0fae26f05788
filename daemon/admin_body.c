#include "daemon/admin_body.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/core/moment.h"

/* No body that means anything is deeper than three. */
#define DEPTH_MAX         8
#define GRACE_MAX_S       (UINT64_C(366) * 86400)
#define NS_PER_S          UINT64_C(1000000000)

#define DEFAULT_REQUESTS  60
#define DEFAULT_WINDOW_NS (60 * NS_PER_S)

/* An object that is read: the first mistake sticks. */
struct body {
    json_t *object;
    const char *prefix; /* of its members' names in messages: "limit." */
    char *detail;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void fail(struct body *body, const char *format, ...)
{
    va_list args;

    if (body->failed)
        return;
    body->failed = true;
    va_start(args, format);
    vsnprintf(body->detail, ADMIN_DETAIL_MAX, format, args);
    va_end(args);
}

/* ---- text -> object ----------------------------------------------------------------------------
 */

/* jansson descends by recursion: depth is bounded before it begins. */
static bool is_too_deep(struct text t)
{
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* jansson's own words quote what it read, which may be a secret. */
static const char *syntax_message(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8: return "the text is not valid UTF-8";
    case json_error_premature_end_of_input: return "the JSON ends too early";
    case json_error_end_of_input_expected: return "something follows after the JSON object";
    case json_error_duplicate_key: return "a member stands there twice";
    case json_error_numeric_overflow:
        return "a number is out of range: the largest is 9223372036854775807";
    case json_error_null_character:
    case json_error_null_byte_in_key: return "a text has a NUL character in it";
    case json_error_out_of_memory: return "memory is short";
    default: return "the body is not valid JSON";
    }
}

static void open_body(struct body *body, struct text text, char *detail)
{
    json_error_t error;

    *body = (struct body){.prefix = "", .detail = detail};
    if (text.len == 0) {
        fail(body, "the body is empty: it must be a JSON object");
        return;
    }
    if (is_too_deep(text)) {
        fail(body, "the JSON is nested more than %d deep", DEPTH_MAX);
        return;
    }
    body->object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!body->object)
        fail(body, "line %d, column %d: %s", error.line, error.column,
             syntax_message(json_error_code(&error)));
    else if (!json_is_object(body->object))
        fail(body, "the body must be a JSON object");
}

/* known: names, each with a space after it. An unknown name is told when it looks like a name, and
 * not like a value that slipped. */
static void require_known(struct body *body, const char *known)
{
    int known_len = (int)strlen(known) - 1;
    const char *name;
    json_t *value;

    if (body->failed)
        return;
    json_object_foreach(body->object, name, value)
    {
        size_t len = strlen(name);
        bool found = false;
        for (const char *at = known; *at && !found; at = strchr(at, ' ') + 1)
            found = strncmp(at, name, len) == 0 && at[len] == ' ';
        if (found)
            continue;
        if (len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == len)
            fail(body, "unknown member %s%s; known are: %.*s", body->prefix, name, known_len,
                 known);
        else
            fail(body, "an unknown member; known are: %.*s", known_len, known);
    }
}

/* ---- members: NULL, or nothing in ret, when absent or null
 * ---------------------------------------
 */

static json_t *member(struct body *body, const char *name)
{
    json_t *value = body->failed ? NULL : json_object_get(body->object, name);

    return json_is_null(value) ? NULL : value;
}

static struct text text_member(struct body *body, const char *name)
{
    json_t *value = member(body, name);

    if (value && !json_is_string(value))
        fail(body, "%s%s: must be text, in double quotes", body->prefix, name);
    if (!json_is_string(value))
        return (struct text){NULL, 0};
    struct text text = {json_string_value(value), json_string_length(value)};
    if (token_is_within(text)) {
        fail(body, "%s%s: has the text of a token in it, which is never stored: write its key_id",
             body->prefix, name);
        return (struct text){NULL, 0};
    }
    return text;
}

static bool bool_member(struct body *body, const char *name)
{
    json_t *value = member(body, name);

    if (value && !json_is_boolean(value))
        fail(body, "%s%s: must be true or false", body->prefix, name);
    return json_is_true(value);
}

static void count_member(struct body *body, const char *name, uint64_t *ret)
{
    json_t *value = member(body, name);

    if (!value)
        return;
    if (!json_is_integer(value) || json_integer_value(value) < 1)
        fail(body, "%s%s: must be a whole number from 1 to 9223372036854775807", body->prefix,
             name);
    else
        *ret = (uint64_t)json_integer_value(value);
}

static void time_member(struct body *body, const char *name, int64_t *ret)
{
    struct text t = text_member(body, name);

    if (t.data && moment_parse(t, ret) < 0)
        fail(body, "%s: must be a time such as 2027-01-31T12:00:00Z, or a date such as 2027-01-31",
             name);
}

static void span_member(struct body *body, const char *name, uint64_t *ret_ns)
{
    struct text t = text_member(body, name);

    if (t.data && span_parse(t, ret_ns) < 0)
        fail(body, "%s%s: must be a span of time such as \"60s\", \"15m\", \"24h\" or \"30d\"",
             body->prefix, name);
}

/* Absent: 0. */
static size_t array_member(struct body *body, const char *name, json_t **ret)
{
    json_t *value = member(body, name);

    *ret = value;
    if (value && !json_is_array(value))
        fail(body, "%s: must be a list, in square brackets", name);
    return body->failed ? 0 : json_array_size(value);
}

static struct text element(struct body *body, const char *name, json_t *array, size_t i)
{
    json_t *value = json_array_get(array, i);

    if (!json_is_string(value)) {
        fail(body, "%s[%zu]: must be text, in double quotes", name, i);
        return (struct text){NULL, 0};
    }
    return (struct text){json_string_value(value), json_string_length(value)};
}

/* ---- what tokens and legacy keys share ----------------------------------------------------------
 */

static void read_site(struct body *body, struct text *ret)
{
    *ret = text_member(body, "site_id");
    if (!ret->data)
        fail(body, "site_id: is missing: it says which merchant's token this is");
    else if (!text_is_site(*ret))
        fail(body, "site_id: must be 1 to %d characters of A-Z a-z 0-9 . _ -", SITE_MAX);
}

static void read_name(struct body *body, const char *fallback, struct text *ret)
{
    *ret = text_member(body, "name");
    if (!ret->data && fallback)
        *ret = text_of(fallback);
    if (!ret->data)
        fail(body, "name: is missing: it tells people what the token is for");
    else if (!text_is_name(*ret))
        fail(body,
             "name: must be 1 to %d bytes of text without control characters; this one has %zu",
             NAME_MAX_LEN, ret->len);
}

static void read_scopes(struct body *body, const struct scope_registry *registry, uint64_t *ret)
{
    char known[SCOPE_TEXT_MAX];
    json_t *array;
    size_t count = array_member(body, "scopes", &array);
    uint64_t mask = 0;

    *ret = SCOPE_ALL_BUILTIN;
    if (!array || body->failed)
        return;
    if (count == 0)
        fail(body, "scopes: must name at least one; leave it out for the four built-in ones");
    for (size_t i = 0; i < count; i++) {
        struct text name = element(body, "scopes", array, i);
        uint64_t bit = scope_find(registry, name);
        if (bit == 0) {
            scope_format(registry, UINT64_MAX, known);
            fail(body, "scopes[%zu]: no scope of this name is registered; known are: %s", i, known);
        }
        mask |= bit;
    }
    *ret = mask;
}

static void read_origins(struct body *body, struct admin_mint *ret)
{
    json_t *array;
    size_t count = array_member(body, "allowed_origins", &array);
    char origin[ORIGIN_MAX + 1];
    size_t origin_len;

    ret->mint.origins = (struct textlist){ret->origins, 0};
    if (count > ORIGINS_MAX)
        fail(body, "allowed_origins: must be at most %d; these are %zu", ORIGINS_MAX, count);
    for (size_t i = 0; i < count && !body->failed; i++) {
        enum origin_error error =
            origin_canonicalise(element(body, "allowed_origins", array, i), origin, &origin_len);
        if (error != ORIGIN_OK) {
            fail(body, "allowed_origins[%zu]: %s", i, origin_error_string(error));
            return;
        }
        struct text canonical = {origin, origin_len};
        if (!textlist_contains(ret->mint.origins, canonical))
            textlist_append(ret->origins, sizeof ret->origins, &ret->mint.origins.len, canonical);
    }
}

static void read_missing_origin(struct body *body, bool *ret_allowed)
{
    struct text t = text_member(body, "missing_origin");

    *ret_allowed = text_equal(t, TEXT("allow"));
    if (t.data && !*ret_allowed && !text_equal(t, TEXT("deny")))
        fail(body, "missing_origin: must be \"deny\" or \"allow\"");
}

static void read_limit(struct body *body, struct rate_limit *ret)
{
    json_t *value = member(body, "limit");
    struct body limit = {.object = value, .prefix = "limit.", .detail = body->detail};
    struct rate rate;

    *ret = (struct rate_limit){DEFAULT_REQUESTS, DEFAULT_WINDOW_NS, DEFAULT_REQUESTS};
    if (!value)
        return;
    if (!json_is_object(value)) {
        fail(body, "limit: must be an object such as {\"requests\": 60, \"window\": \"1m\"}");
        return;
    }
    require_known(&limit, "requests window burst ");
    count_member(&limit, "requests", &ret->requests);
    span_member(&limit, "window", &ret->window_ns);
    ret->burst = ret->requests;
    count_member(&limit, "burst", &ret->burst);
    body->failed = limit.failed;
    enum rate_error error = rate_init(&rate, ret);
    if (error != RATE_OK)
        fail(body, "limit: %s", rate_error_string(error));
}

static void read_expiry(struct body *body, int64_t now_s, int64_t *ret)
{
    uint64_t span_ns = 0;
    bool as_span = member(body, "expires_in");

    *ret = 0;
    time_member(body, "expires_at", ret);
    span_member(body, "expires_in", &span_ns);
    if (body->failed)
        return;
    if (as_span && member(body, "expires_at")) {
        fail(body, "expires_in: can't stand beside expires_at: give one of them");
        return;
    }
    if (as_span) {
        uint64_t span_s = span_ns / NS_PER_S;
        if (span_s < 1 || span_s > (uint64_t)(MOMENT_MAX_S - now_s))
            fail(body, "expires_in: must be at least 1s, and end before the year 10000");
        *ret = now_s + (int64_t)span_s;
    } else if (member(body, "expires_at") && *ret <= now_s) {
        char now[MOMENT_TEXT_MAX];
        moment_rfc3339(now_s, now);
        fail(body, "expires_at: lies in the past; it is %s now", now);
    }
}

static int finish(struct body *body, struct admin_mint *mint)
{
    mint->root = body->object;
    if (!body->failed)
        return 0;
    admin_body_deinit(mint);
    return -EINVAL;
}

/* ---- the bodies --------------------------------------------------------------------------------
 */

int admin_body_mint(struct text text, const struct scope_registry *registry, int64_t now_s,
                    struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX])
{
    struct mint *mint = &ret->mint;
    struct body body;

    *mint = (struct mint){.kind = KIND_LIVE};
    open_body(&body, text, detail);
    require_known(&body, "site_id name scopes allowed_origins missing_origin limit expires_at "
                         "expires_in test strict ");
    read_site(&body, &mint->site);
    read_name(&body, NULL, &mint->name);
    read_scopes(&body, registry, &mint->scopes);
    read_origins(&body, ret);
    read_missing_origin(&body, &mint->missing_origin_allowed);
    read_limit(&body, &mint->limit);
    read_expiry(&body, now_s, &mint->expires_at);
    if (bool_member(&body, "test"))
        mint->kind = KIND_TEST;
    mint->strict = bool_member(&body, "strict");
    return finish(&body, ret);
}

static void read_legacy(struct body *body, struct mint *mint)
{
    mint->legacy_key = text_member(body, "api_key");
    if (!mint->legacy_key.data)
        fail(body, "api_key: is missing: it is the value that callers send as X-API-Key");
    else if (!legacy_is_valid(mint->legacy_key))
        fail(body, "api_key: must be %d to %d printable ASCII characters without space and comma",
             LEGACY_MIN, LEGACY_MAX);
    time_member(body, "deprecation_at", &mint->deprecation_at);
    time_member(body, "sunset_at", &mint->sunset_at);
    if (mint->deprecation_at != 0 && mint->sunset_at != 0 && mint->sunset_at < mint->deprecation_at)
        fail(body, "sunset_at: must not lie before deprecation_at (RFC 8594, RFC 9745)");
    mint->link = text_member(body, "link");
    if (mint->link.data && !text_is_link(mint->link))
        fail(body, "link: must be an https or http URL of at most %d characters", LINK_MAX);
}

int admin_body_legacy(struct text text, const struct scope_registry *registry, int64_t now_s,
                      struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX])
{
    struct mint *mint = &ret->mint;
    struct body body;

    *mint = (struct mint){.kind = KIND_LEGACY};
    open_body(&body, text, detail);
    require_known(&body, "site_id name api_key scopes allowed_origins missing_origin limit "
                         "expires_at expires_in strict deprecation_at sunset_at link ");
    read_site(&body, &mint->site);
    read_name(&body, "legacy key", &mint->name);
    read_legacy(&body, mint);
    read_scopes(&body, registry, &mint->scopes);
    read_origins(&body, ret);
    read_missing_origin(&body, &mint->missing_origin_allowed);
    read_limit(&body, &mint->limit);
    read_expiry(&body, now_s, &mint->expires_at);
    mint->strict = bool_member(&body, "strict");
    return finish(&body, ret);
}

void admin_body_deinit(struct admin_mint *mint)
{
    json_decref(mint->root);
    mint->root = NULL;
}

int admin_body_rotate(struct text text, uint64_t *ret_grace_s, char detail[static ADMIN_DETAIL_MAX])
{
    uint64_t grace_ns = 0;
    struct body body;

    open_body(&body, text.len > 0 ? text : TEXT("{}"), detail);
    require_known(&body, "grace ");
    span_member(&body, "grace", &grace_ns);
    uint64_t grace_s = grace_ns / NS_PER_S + (grace_ns % NS_PER_S != 0);
    if (grace_s > GRACE_MAX_S)
        fail(&body, "grace: must be at most 366d");
    json_decref(body.object);
    if (body.failed)
        return -EINVAL;
    *ret_grace_s = grace_s;
    return 0;
}

int admin_body_revoke(struct text text, char ret_reason[static REASON_MAX + 1],
                      char detail[static ADMIN_DETAIL_MAX])
{
    struct body body;

    open_body(&body, text.len > 0 ? text : TEXT("{}"), detail);
    require_known(&body, "reason ");
    struct text reason = text_member(&body, "reason");
    if (reason.len > REASON_MAX || !text_is_printable(reason))
        fail(&body, "reason: must be at most %d bytes of text without control characters",
             REASON_MAX);
    if (!body.failed)
        text_copy(reason, ret_reason, REASON_MAX + 1);
    json_decref(body.object);
    return body.failed ? -EINVAL : 0;
}

int admin_body_scope(struct text text, char ret_name[static SCOPE_NAME_MAX + 1],
                     char detail[static ADMIN_DETAIL_MAX])
{
    struct body body;

    open_body(&body, text, detail);
    require_known(&body, "name ");
    struct text name = text_member(&body, "name");
    if (!scope_name_is_valid(name))
        fail(&body, "name: must be 1 to %d characters of a-z 0-9 . _ - : beginning with a letter",
             SCOPE_NAME_MAX);
    if (!body.failed)
        text_copy(name, ret_name, SCOPE_NAME_MAX + 1);
    json_decref(body.object);
    return body.failed ? -EINVAL : 0;
}
