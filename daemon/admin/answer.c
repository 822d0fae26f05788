#include "daemon/admin/answer.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/admin/printable.h"
#include "lib/core/moment.h"

const char *answer_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

uint64_t answer_number(const json_t *object, const char *member)
{
    json_int_t number = json_integer_value(json_object_get(object, member));
    return number > 0 ? (uint64_t)number : 0;
}

bool answer_flag(const json_t *object, const char *member)
{
    return json_is_true(json_object_get(object, member));
}

bool answer_time(const json_t *object, const char *member, int64_t *ret_unix_s)
{
    const char *text = answer_text(object, member);
    return *text && moment_parse(text_of(text), ret_unix_s) == 0;
}

void answer_limit(const json_t *token, char ret[static ANSWER_TEXT_MAX])
{
    const json_t *limit = json_object_get(token, "limit");
    uint64_t requests = answer_number(limit, "requests"), burst = answer_number(limit, "burst");
    int len =
        snprintf(ret, ANSWER_TEXT_MAX, "%" PRIu64 "/%.24s", requests, answer_text(limit, "window"));
    if (burst != requests && len > 0 && len < ANSWER_TEXT_MAX)
        snprintf(ret + len, (size_t)(ANSWER_TEXT_MAX - len), ", burst %" PRIu64, burst);
}

void answer_secret_hint(const json_t *token, char ret[static ANSWER_TEXT_MAX])
{
    const char *prefix = answer_text(token, "secret_prefix");
    if (*prefix)
        snprintf(ret, ANSWER_TEXT_MAX, "%.32s...", prefix);
    else
        snprintf(ret, ANSWER_TEXT_MAX, "%.16s key", answer_text(token, "kind"));
}

void answer_write_texts(FILE *out, const json_t *object, const char *member, const char *instead)
{
    const json_t *list = json_object_get(object, member);
    if (json_array_size(list) == 0)
        fputs(instead, out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        fputs(i ? " " : "", out);
        printable_write(out, text ? text : "");
    }
}

void answer_relative(int64_t at_s, int64_t now_s, char ret[static ANSWER_TEXT_MAX])
{
    static const struct {
        uint64_t least_s, unit_s;
        const char *name;
    } units[] = {{172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {1, 1, "s"}};
    /* Both lie between the years 1970 and 9999. */
    uint64_t distance_s = (uint64_t)(at_s > now_s ? at_s - now_s : now_s - at_s);
    snprintf(ret, ANSWER_TEXT_MAX, "now");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (distance_s >= units[i].least_s) {
            snprintf(ret, ANSWER_TEXT_MAX,
                     at_s > now_s ? "in %" PRIu64 " %s" : "%" PRIu64 " %s ago",
                     distance_s / units[i].unit_s, units[i].name);
            break;
        }
}
