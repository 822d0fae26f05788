#include "daemon/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/authz.h"
#include "lib/core/moment.h"

#define SIZE_TEXT_MAX 32

static void *member(const struct config_key *key, void *target)
{
    return (char *)target + key->offset;
}

static const void *const_member(const struct config_key *key, const void *target)
{
    return (const char *)target + key->offset;
}

/* ---- numbers -----------------------------------------------------------------------------------
 */

static bool parse_number(const char *value, char **end, uint64_t *ret)
{
    if (value[0] < '0' || value[0] > '9')
        return false;
    errno = 0;
    *ret = strtoull(value, end, 10);
    return errno == 0;
}

static const char *take_whole(const struct config_key *key, const char *value, uint64_t *ret,
                              char *why)
{
    uint64_t n;
    char *end;

    if (parse_number(value, &end, &n) && *end == '\0' && n >= key->min && n <= key->max) {
        *ret = n;
        return NULL;
    }
    snprintf(why, CONFIG_WHY_MAX, "write a whole number from %" PRIu64 " to %" PRIu64, key->min,
             key->max);
    return why;
}

const char *config_take_number(const struct config_key *key, void *target, const char *value,
                               char why[static CONFIG_WHY_MAX])
{
    return take_whole(key, value, member(key, target), why);
}

void config_show_number(const struct config_key *key, const void *target, char *ret,
                        size_t capacity)
{
    snprintf(ret, capacity, "%" PRIu64, *(const uint64_t *)const_member(key, target));
}

const char *config_take_count(const struct config_key *key, void *target, const char *value,
                              char why[static CONFIG_WHY_MAX])
{
    uint64_t n = 0;
    const char *wrong = take_whole(key, value, &n, why);

    if (!wrong)
        *(unsigned *)member(key, target) = (unsigned)n;
    return wrong;
}

void config_show_count(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    snprintf(ret, capacity, "%u", *(const unsigned *)const_member(key, target));
}

/* ---- sizes -------------------------------------------------------------------------------------
 */

static const char units[] = "KMGT";

static bool parse_size(const char *value, uint64_t *ret)
{
    uint64_t n;
    char *end;

    if (!parse_number(value, &end, &n))
        return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        unsigned shift = 10u * (unsigned)(unit - units + 1);
        if (n > (UINT64_MAX >> shift))
            return false;
        n <<= shift;
        end++;
    }
    *ret = n;
    return *end == '\0';
}

static void format_size(uint64_t n, char ret[static SIZE_TEXT_MAX])
{
    unsigned unit = 0;

    while (n != 0 && n % 1024 == 0 && unit < sizeof units - 1) {
        n /= 1024;
        unit++;
    }
    char suffix[2] = "";
    if (unit > 0)
        suffix[0] = units[unit - 1];
    snprintf(ret, SIZE_TEXT_MAX, "%" PRIu64 "%s", n, suffix);
}

const char *config_take_size(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    char min[SIZE_TEXT_MAX], max[SIZE_TEXT_MAX];
    uint64_t n;

    if (parse_size(value, &n) && n >= key->min && n <= key->max) {
        *(uint64_t *)member(key, target) = n;
        return NULL;
    }
    format_size(key->min, min);
    format_size(key->max, max);
    snprintf(why, CONFIG_WHY_MAX, "write a size from %s to %s, with K, M, G or T behind the number",
             min, max);
    return why;
}

void config_show_size(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    char text[SIZE_TEXT_MAX];

    format_size(*(const uint64_t *)const_member(key, target), text);
    snprintf(ret, capacity, "%s", text);
}

/* ---- times, yes and no -------------------------------------------------------------------------
 */

const char *config_take_span(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    char min[SPAN_TEXT_MAX], max[SPAN_TEXT_MAX];
    uint64_t ns;

    if (span_parse(text_of(value), &ns) == 0 && ns >= key->min && ns <= key->max) {
        *(uint64_t *)member(key, target) = ns;
        return NULL;
    }
    span_format(key->min, min);
    span_format(key->max, max);
    snprintf(why, CONFIG_WHY_MAX,
             "not a time span in range; write one from %s to %s, such as 500ms, 5s or 2m", min,
             max);
    return why;
}

void config_show_span(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    char text[SPAN_TEXT_MAX];

    span_format(*(const uint64_t *)const_member(key, target), text);
    snprintf(ret, capacity, "%s", text);
}

const char *config_take_bool(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    bool *at = member(key, target);

    if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
        *at = true;
    else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
        *at = false;
    else
        return "write yes or no";
    return NULL;
}

void config_show_bool(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    snprintf(ret, capacity, "%s", *(const bool *)const_member(key, target) ? "yes" : "no");
}

/* ---- users and groups --------------------------------------------------------------------------
 */

const char *config_take_principals(const struct config_key *key, void *target, const char *value,
                                   char why[static CONFIG_WHY_MAX])
{
    struct principals *principals = member(key, target);
    char item[64];
    bool too_long;

    principals->any = false;
    while (config_next_item(&value, item, sizeof item, &too_long)) {
        int r = too_long ? -EINVAL : principals_add(principals, item);
        if (r == 0)
            continue;
        snprintf(why, CONFIG_WHY_MAX, "%.60s: %s", item,
                 r == -ENOENT   ? "no such user or group; write a user, @group or a number"
                 : r == -EPERM  ? "never admitted, being what the kernel says of users that it "
                                  "can't name; give the program a user of its own"
                 : r == -ENOSPC ? "more than 32 users or groups: make a group of them"
                                : "write a user, @group or a number");
        return why;
    }
    return NULL;
}

void config_show_principals(const struct config_key *key, const void *target, char *ret,
                            size_t capacity)
{
    const struct principals *principals = const_member(key, target);
    size_t len = 0;

    snprintf(ret, capacity, "%s", principals->any ? "any" : "");
    for (unsigned i = 0; i < principals->user_count + principals->group_count; i++) {
        bool is_user = i < principals->user_count;
        unsigned id =
            is_user ? principals->users[i] : principals->groups[i - principals->user_count];
        int n = snprintf(ret + len, capacity - len, "%s%s%u", len > 0 ? ", " : "",
                         is_user ? "" : "@", id);
        if (n < 0 || (size_t)n >= capacity - len)
            return;
        len += (size_t)n;
    }
}
