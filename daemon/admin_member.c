#include "daemon/admin_member.h"

#include "lib/core/moment.h"

#define NS_PER_S UINT64_C(1000000000)

void admin_member_name(struct admin_object *object, struct text *ret)
{
    struct text name = admin_object_text(object, "name");

    if (!name.data)
        return;
    if (!text_is_name(name))
        admin_object_fail(
            object,
            "name: must be 1 to %d bytes of text without control characters; this one has %zu",
            NAME_MAX_LEN, name.len);
    *ret = name;
}

void admin_member_scopes(struct admin_object *object, const struct scope_registry *registry,
                         uint64_t *ret)
{
    char known[SCOPE_TEXT_MAX];
    json_t *array;
    size_t count = admin_object_array(object, "scopes", &array);
    uint64_t mask = 0;

    if (!array || object->failed)
        return;
    if (count == 0)
        admin_object_fail(object, "scopes: must name at least one, or be left out");
    for (size_t i = 0; i < count && !object->failed; i++) {
        uint64_t bit = scope_find(registry, admin_object_element(object, "scopes", array, i));
        if (bit == 0) {
            scope_format(registry, UINT64_MAX, known);
            admin_object_fail(object,
                              "scopes[%zu]: no scope of this name is registered; known are: %s", i,
                              known);
        }
        mask |= bit;
    }
    *ret = mask;
}

void admin_member_origins(struct admin_object *object, uint8_t storage[static ORIGINS_BYTES_MAX],
                          struct textlist *ret)
{
    json_t *array;
    size_t count = admin_object_array(object, "allowed_origins", &array);
    char origin[ORIGIN_MAX + 1];
    size_t origin_len;
    struct textlist list = {storage, 0};

    if (!array || object->failed)
        return;
    if (count > ORIGINS_MAX)
        admin_object_fail(object, "allowed_origins: must be at most %d; these are %zu", ORIGINS_MAX,
                          count);
    for (size_t i = 0; i < count && !object->failed; i++) {
        enum origin_error error = origin_canonicalise(
            admin_object_element(object, "allowed_origins", array, i), origin, &origin_len);
        if (error != ORIGIN_OK) {
            admin_object_fail(object, "allowed_origins[%zu]: %s", i, origin_error_string(error));
            return;
        }
        struct text canonical = {origin, origin_len};
        if (!textlist_contains(list, canonical))
            textlist_append(storage, ORIGINS_BYTES_MAX, &list.len, canonical);
    }
    *ret = list;
}

void admin_member_missing_origin(struct admin_object *object, bool *ret_allowed)
{
    struct text t = admin_object_text(object, "missing_origin");
    bool allowed = text_equal(t, TEXT("allow"));

    if (!t.data)
        return;
    if (!allowed && !text_equal(t, TEXT("deny")))
        admin_object_fail(object, "missing_origin: must be \"deny\" or \"allow\"");
    *ret_allowed = allowed;
}

bool admin_member_enter_limit(struct admin_object *object, struct admin_object *ret)
{
    return admin_object_enter(object, "limit", "limit.", "requests window burst ",
                              "{\"requests\": 60, \"window\": \"1m\"}", ret);
}

void admin_member_limit(struct admin_object *object, struct rate_limit *ret, unsigned *ret_parts)
{
    struct admin_object limit;
    unsigned parts = 0;

    if (!admin_member_enter_limit(object, &limit))
        return;
    admin_object_count(&limit, "requests", &ret->requests);
    admin_object_span(&limit, "window", &ret->window_ns);
    admin_object_count(&limit, "burst", &ret->burst);
    if (admin_object_member(&limit, "requests"))
        parts |= EDIT_REQUESTS;
    if (admin_object_member(&limit, "window"))
        parts |= EDIT_WINDOW;
    if (admin_object_member(&limit, "burst"))
        parts |= EDIT_BURST;
    admin_object_leave(object, &limit);
    *ret_parts = parts;
}

void admin_member_require_limit(struct admin_object *object, const struct rate_limit *limit)
{
    struct rate rate;
    enum rate_error error = object->failed ? RATE_OK : rate_init(&rate, limit);

    if (error != RATE_OK)
        admin_object_fail(object, "limit: %s", rate_error_string(error));
}

static void read_expires_in(struct admin_object *object, int64_t now_s, int64_t *ret)
{
    uint64_t span_ns = 0;

    admin_object_span(object, "expires_in", &span_ns);
    uint64_t span_s = span_ns / NS_PER_S;
    if (object->failed)
        return;
    if (span_s < 1 || span_s > (uint64_t)(MOMENT_MAX_S - now_s))
        admin_object_fail(object, "expires_in: must be at least 1s, and end before the year 10000");
    else
        *ret = now_s + (int64_t)span_s;
}

void admin_member_expiry(struct admin_object *object, int64_t now_s, int64_t *ret)
{
    char now[MOMENT_TEXT_MAX];
    int64_t expires_at = 0;
    bool as_time = admin_object_member(object, "expires_at");
    bool as_span = admin_object_member(object, "expires_in");

    admin_object_time(object, "expires_at", &expires_at);
    if (as_span && as_time)
        admin_object_fail(object, "expires_in: can't stand beside expires_at: give one of them");
    if (as_span)
        read_expires_in(object, now_s, ret);
    if (!as_time || object->failed)
        return;
    if (expires_at <= now_s) {
        moment_rfc3339(now_s, now);
        admin_object_fail(object, "expires_at: lies in the past; it is %s now", now);
    }
    *ret = expires_at;
}

/* The epoch itself is what says "none" in a record. */
static void read_time(struct admin_object *object, const char *name, int64_t *ret)
{
    int64_t at = 0;

    admin_object_time(object, name, &at);
    if (!admin_object_member(object, name))
        return;
    if (at <= 0)
        admin_object_fail(object, "%s: must lie after 1970-01-01T00:00:00Z", name);
    *ret = at;
}

void admin_member_deprecation(struct admin_object *object, int64_t *ret_deprecation_at,
                              int64_t *ret_sunset_at, struct text *ret_link)
{
    read_time(object, "deprecation_at", ret_deprecation_at);
    read_time(object, "sunset_at", ret_sunset_at);
    if (admin_object_member(object, "deprecation_at") && admin_object_member(object, "sunset_at") &&
        *ret_sunset_at < *ret_deprecation_at)
        admin_object_fail(object,
                          "sunset_at: must not lie before deprecation_at (RFC 8594, RFC 9745)");
    struct text link = admin_object_text(object, "link");
    if (!link.data)
        return;
    if (!text_is_link(link))
        admin_object_fail(object, "link: must be an https or http URL of at most %d characters",
                          LINK_MAX_LEN);
    *ret_link = link;
}
