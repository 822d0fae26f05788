#include "daemon/admin_json.h"

#include <malloc.h>
#include <stdlib.h>

#include "lib/core/moment.h"
#include "lib/core/secret.h"

static void wipe_and_free(void *memory)
{
    if (memory)
        secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

static bool was_short;

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);

    was_short = was_short || !memory;
    return memory;
}

void admin_json_own_memory(void)
{
    json_set_alloc_funcs(allocate, wipe_and_free);
}

bool admin_json_was_short(void)
{
    bool was = was_short;

    was_short = false;
    return was;
}

/* ---- values ------------------------------------------------------------------------------------
 */

static json_t *text_value(struct text t)
{
    return json_stringn(t.data ? t.data : "", t.len);
}

static json_t *text_or_null(struct text t)
{
    return t.len > 0 ? text_value(t) : json_null();
}

static json_t *time_or_null(int64_t unix_s)
{
    char text[MOMENT_TEXT_MAX];

    if (unix_s == 0)
        return json_null();
    moment_rfc3339(unix_s, text);
    return json_string(text);
}

/* JSON's numbers end at INT64_MAX here; a count that is more is as good as that. */
static json_t *count_value(uint64_t count)
{
    return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

static json_t *span_value(uint64_t ns)
{
    char text[SPAN_TEXT_MAX];

    span_format(ns, text);
    return json_string(text);
}

json_t *admin_json_scopes(const struct scope_registry *registry, uint64_t mask)
{
    json_t *names = json_array();

    for (unsigned bit = 0; bit < registry->count; bit++)
        if (mask >> bit & 1)
            json_array_append_new(names, json_string(registry->names[bit]));
    return names;
}

static json_t *origins_value(struct textlist origins)
{
    json_t *values = json_array();
    size_t at = 0;
    struct text origin;

    while (textlist_next(origins, &at, &origin))
        json_array_append_new(values, text_value(origin));
    return values;
}

static json_t *limit_value(const struct rate_limit *limit)
{
    return json_pack("{s:o,s:o,s:o}", "requests", count_value(limit->requests), "window",
                     span_value(limit->window_ns), "burst", count_value(limit->burst));
}

/* A member that could not be made is missing in the object; the caller's dump shows it all the
 * same, and json_object_set_new() takes the reference in any case. */
struct member {
    const char *name;
    json_t *value;
};

static json_t *object_of(const struct member *members, size_t count)
{
    json_t *object = json_object();
    bool whole = object;

    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, members[i].name, members[i].value) < 0)
            whole = false;
    if (whole)
        return object;
    json_decref(object);
    return NULL;
}

json_t *admin_json_token(const struct listing *listing, const struct scope_registry *registry)
{
    const struct record *record = &listing->record;
    const struct usage *usage = &listing->usage;
    const struct member members[] = {
        {"key_id", text_value(record->key_id)},
        {"kind", json_string(kind_name(record->kind))},
        {"secret_prefix", text_or_null(record->secret_prefix)},
        {"site_id", text_value(record->site)},
        {"name", text_value(record->name)},
        {"state", json_string(record_state_name(listing->state))},
        {"scopes", admin_json_scopes(registry, record->scopes)},
        {"allowed_origins", origins_value(record->origins)},
        {"missing_origin", json_string(record->missing_origin_allowed ? "allow" : "deny")},
        {"limit", limit_value(&record->limit)},
        {"strict", json_boolean(record->strict)},
        {"remaining", count_value(listing->remaining)},
        {"created_at", time_or_null(record->created_at)},
        {"created_by", json_integer(record->created_by)},
        {"expires_at", time_or_null(record->expires_at)},
        {"last_used_at", time_or_null(usage->last_used_at)},
        {"allowed_count", count_value(usage->allowed)},
        {"refused_count", count_value(usage->refused)},
        {"revoked_at", time_or_null(record->revoked_at)},
        {"revoked_reason", record->revoked ? text_or_null(record->reason) : json_null()},
        {"suspended_reason",
         record->suspended && !record->revoked ? text_or_null(record->reason) : json_null()},
        {"grace_until", time_or_null(record->grace_until)},
        {"rotated_from_key_id", text_or_null(record->rotated_from)},
        {"rotated_to_key_id", text_or_null(record->rotated_to)},
        {"deprecation_at", time_or_null(record->deprecation_at)},
        {"sunset_at", time_or_null(record->sunset_at)},
        {"link", text_or_null(record->link)},
    };
    size_t count = sizeof members / sizeof members[0];

    /* The last three are a legacy key's alone. */
    if (record->kind == KIND_LEGACY)
        return object_of(members, count);
    for (size_t i = count - 3; i < count; i++)
        json_decref(members[i].value);
    return object_of(members, count - 3);
}

json_t *admin_json_audit(const struct audit_entry *entry)
{
    const struct member members[] = {
        {"seq", count_value(entry->seq)},
        {"at", time_or_null(entry->at)},
        {"action", json_string(change_verb_name(entry->verb))},
        {"uid", json_integer(entry->actor.uid)},
        {"gid", json_integer(entry->actor.gid)},
        {"pid", json_integer(entry->actor.pid)},
        {"key_id", text_or_null(entry->key_id)},
        {"related", text_or_null(entry->related)},
        {"site_id", text_or_null(entry->site)},
        {"reason", text_or_null(entry->reason)},
    };

    return object_of(members, sizeof members / sizeof members[0]);
}

json_t *admin_json_site(const struct site_summary *summary)
{
    const struct member members[] = {
        {"site_id", text_value(summary->site)},
        {"active", json_integer(summary->active)},
        {"suspended", json_integer(summary->suspended)},
        {"revoked", json_integer(summary->revoked)},
        {"expired", json_integer(summary->expired)},
        {"legacy", json_integer(summary->legacy)},
        {"allowed_count", count_value(summary->allowed)},
        {"last_used_at", time_or_null(summary->last_used_at)},
    };

    return object_of(members, sizeof members / sizeof members[0]);
}

/* ---- positions ---------------------------------------------------------------------------------
 */

bool admin_json_position_format(struct text position, char ret[static 2 * ADMIN_POSITION_MAX + 1])
{
    static const char digits[] = "0123456789abcdef";

    ret[0] = '\0';
    if (position.len > ADMIN_POSITION_MAX)
        return false;
    for (size_t i = 0; i < position.len; i++) {
        unsigned char c = (unsigned char)position.data[i];
        ret[2 * i] = digits[c >> 4];
        ret[2 * i + 1] = digits[c & 15];
    }
    ret[2 * position.len] = '\0';
    return true;
}

bool admin_json_position_parse(struct text digits, char ret[static ADMIN_POSITION_MAX],
                               size_t *ret_len)
{
    if (digits.len % 2 != 0 || digits.len == 0 || digits.len / 2 > ADMIN_POSITION_MAX)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.data[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        unsigned value = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        ret[i / 2] = (char)(i % 2 == 0 ? value << 4 : (unsigned char)ret[i / 2] | value);
    }
    *ret_len = digits.len / 2;
    return true;
}
