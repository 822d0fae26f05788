#include "daemon/admin_object.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/admin_json.h"
#include "lib/core/moment.h"

/* No body that means anything is deeper than three. */
#define DEPTH_MAX 8
/* Names are told when they look like one, and not like a value that slipped. */
#define NAME_LETTERS  "abcdefghijklmnopqrstuvwxyz_"
#define TOLD_NAME_MAX 32

void admin_object_fail(struct admin_object *object, const char *format, ...)
{
    va_list args;

    if (object->failed)
        return;
    object->failed = true;
    va_start(args, format);
    vsnprintf(object->detail, ADMIN_DETAIL_MAX, format, args);
    va_end(args);
}

/* ---- text -> object ----------------------------------------------------------------------------
 */

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

/* The name in quotes that ends at a position of the text; empty when what stands there is no name
 * that may be told. */
static struct text name_before(struct text t, int position)
{
    size_t end = position > 0 && (size_t)position <= t.len ? (size_t)position : 0;

    if (end < 2 || t.data[--end] != '"')
        return TEXT("");
    size_t start = end;
    while (start > 0 && t.data[start - 1] != '\0' && strchr(NAME_LETTERS, t.data[start - 1]))
        start--;
    if (start == 0 || t.data[start - 1] != '"' || end - start > TOLD_NAME_MAX)
        return TEXT("");
    return (struct text){t.data + start, end - start};
}

static void fail_syntax(struct admin_object *object, struct text text, const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    struct text name = name_before(text, error->position);

    if (code == json_error_duplicate_key && name.len > 0)
        admin_object_fail(object, "line %d, column %d: %.*s stands there twice", error->line,
                          error->column, (int)name.len, name.data);
    else
        admin_object_fail(object, "line %d, column %d: %s", error->line, error->column,
                          syntax_message(code));
}

/* Whether a list of names, each with a space after it, has this one. */
static bool is_named(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; *at; at = strchr(at, ' ') + 1)
        if (strncmp(at, name, len) == 0 && at[len] == ' ')
            return true;
    return false;
}

static void require_known(struct admin_object *object, const char *known)
{
    int known_len = (int)strlen(known) - 1;
    const char *name;
    json_t *value;

    if (object->failed)
        return;
    json_object_foreach(object->json, name, value)
    {
        size_t len = strlen(name);
        if (is_named(known, name))
            continue;
        if (known_len <= 0)
            admin_object_fail(object, "this request has no members: send {}, or no body");
        else if (len <= TOLD_NAME_MAX && strspn(name, NAME_LETTERS) == len)
            admin_object_fail(object, "unknown member %s%s; known are: %.*s", object->prefix, name,
                              known_len, known);
        else
            admin_object_fail(object, "an unknown member; known are: %.*s", known_len, known);
    }
}

void admin_object_open(struct admin_object *object, struct text text, const char *known,
                       char *detail)
{
    json_error_t error;

    *object = (struct admin_object){.prefix = "", .detail = detail};
    if (text.len == 0) {
        admin_object_fail(object, "the body is empty: it must be a JSON object");
        return;
    }
    if (is_too_deep(text)) {
        admin_object_fail(object, "the JSON is nested more than %d deep", DEPTH_MAX);
        return;
    }
    (void)admin_json_was_short();
    object->json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (admin_json_was_short()) {
        json_decref(object->json);
        object->json = NULL;
        admin_object_fail(object, "memory is short: nothing was changed; try again");
    } else if (!object->json)
        fail_syntax(object, text, &error);
    else if (!json_is_object(object->json))
        admin_object_fail(object, "the body must be a JSON object");
    require_known(object, known);
}

void admin_object_open_optional(struct admin_object *object, struct text text, const char *known,
                                char *detail)
{
    admin_object_open(object, text.len > 0 ? text : TEXT("{}"), known, detail);
}

bool admin_object_enter(struct admin_object *outer, const char *name, const char *prefix,
                        const char *known, const char *example, struct admin_object *ret)
{
    json_t *value = admin_object_member(outer, name);

    if (!value)
        return false;
    if (!json_is_object(value)) {
        admin_object_fail(outer, "%s: must be an object such as %s", name, example);
        return false;
    }
    *ret = (struct admin_object){.json = value, .prefix = prefix, .detail = outer->detail};
    require_known(ret, known);
    return true;
}

void admin_object_leave(struct admin_object *outer, const struct admin_object *inner)
{
    outer->failed = outer->failed || inner->failed;
}

bool admin_object_has(const struct admin_object *object, const char *name)
{
    return json_object_get(object->json, name);
}

void admin_object_refuse_null(struct admin_object *object, const char *but)
{
    const char *name;
    json_t *value;

    if (object->failed)
        return;
    json_object_foreach(object->json, name, value) if (json_is_null(value) && !is_named(but, name))
        admin_object_fail(object, "%s%s: can't be null: leave it out, and it stays as it is",
                          object->prefix, name);
}

/* ---- members -----------------------------------------------------------------------------------
 */

json_t *admin_object_member(struct admin_object *object, const char *name)
{
    json_t *value = object->failed ? NULL : json_object_get(object->json, name);

    return json_is_null(value) ? NULL : value;
}

struct text admin_object_text(struct admin_object *object, const char *name)
{
    json_t *value = admin_object_member(object, name);

    if (value && !json_is_string(value))
        admin_object_fail(object, "%s%s: must be text, in double quotes", object->prefix, name);
    if (!json_is_string(value))
        return (struct text){NULL, 0};
    struct text text = {json_string_value(value), json_string_length(value)};
    if (token_is_within(text)) {
        admin_object_fail(
            object, "%s%s: has the text of a token in it, which is never stored: write its key_id",
            object->prefix, name);
        return (struct text){NULL, 0};
    }
    return text;
}

bool admin_object_bool(struct admin_object *object, const char *name)
{
    json_t *value = admin_object_member(object, name);

    if (value && !json_is_boolean(value))
        admin_object_fail(object, "%s%s: must be true or false", object->prefix, name);
    return json_is_true(value);
}

void admin_object_count(struct admin_object *object, const char *name, uint64_t *ret)
{
    json_t *value = admin_object_member(object, name);

    if (!value)
        return;
    if (!json_is_integer(value) || json_integer_value(value) < 1)
        admin_object_fail(object, "%s%s: must be a whole number from 1 to 9223372036854775807",
                          object->prefix, name);
    else
        *ret = (uint64_t)json_integer_value(value);
}

void admin_object_time(struct admin_object *object, const char *name, int64_t *ret)
{
    struct text t = admin_object_text(object, name);

    if (t.data && moment_parse(t, ret) < 0)
        admin_object_fail(object,
                          "%s%s: must be a time such as 2027-01-31T12:00:00Z, or a date such as "
                          "2027-01-31",
                          object->prefix, name);
}

void admin_object_span(struct admin_object *object, const char *name, uint64_t *ret_ns)
{
    struct text t = admin_object_text(object, name);

    if (t.data && span_parse(t, ret_ns) < 0)
        admin_object_fail(object,
                          "%s%s: must be a span of time such as \"60s\", \"15m\", \"24h\" or "
                          "\"30d\"",
                          object->prefix, name);
}

size_t admin_object_array(struct admin_object *object, const char *name, json_t **ret)
{
    json_t *value = admin_object_member(object, name);

    *ret = value;
    if (value && !json_is_array(value))
        admin_object_fail(object, "%s%s: must be a list, in square brackets", object->prefix, name);
    return object->failed ? 0 : json_array_size(value);
}

struct text admin_object_element(struct admin_object *object, const char *name, json_t *array,
                                 size_t i)
{
    json_t *value = json_array_get(array, i);

    if (!json_is_string(value)) {
        admin_object_fail(object, "%s%s[%zu]: must be text, in double quotes", object->prefix, name,
                          i);
        return (struct text){NULL, 0};
    }
    return (struct text){json_string_value(value), json_string_length(value)};
}
