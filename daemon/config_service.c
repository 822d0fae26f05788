#include "daemon/config_service.h"

#include <stdio.h>
#include <string.h>

#include "daemon/config_value.h"
#include "lib/core/moment.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define NS_PER_S        UINT64_C(1000000000)

static const char *const fields_names[] = {"three", "ietf", "none"}; /* enum policy_fields */

void config_service_init(struct service_config *service, const char *name)
{
    *service = (struct service_config){.callers = {.any = true}};
    text_copy(text_of(name), service->name, sizeof service->name);
    policy_init(&service->policy);
    service->accept = service->policy.accept;
}

/* ---- taken -------------------------------------------------------------------------------------
 */

static const char *key_accept(const struct config_key *key, void *target, const char *value,
                              char why[static CONFIG_WHY_MAX])
{
    struct service_config *service = target;
    char item[16];
    bool too_long;

    service->accept = 0;
    while (config_next_item(&value, item, sizeof item, &too_long)) {
        if (strcmp(item, "live") == 0)
            service->accept |= ACCEPT(KIND_LIVE);
        else if (strcmp(item, "test") == 0)
            service->accept |= ACCEPT(KIND_TEST);
        else if (strcmp(item, "legacy") == 0)
            service->accept |= ACCEPT(KIND_LEGACY);
        else
            return "write one or more of live, test and legacy";
    }
    return service->accept ? NULL : "write one or more of live, test and legacy";
}

static const char *key_scope(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    struct service_config *service = target;
    char item[SCOPE_NAME_MAX + 2];
    bool too_long;

    while (config_next_item(&value, item, sizeof item, &too_long)) {
        if (too_long || !scope_name_is_valid(text_of(item))) {
            snprintf(why, CONFIG_WHY_MAX, "%.40s: not a scope name, such as catalog:read", item);
            return why;
        }
        size_t len = strlen(service->scope_names);
        int n = snprintf(service->scope_names + len, sizeof service->scope_names - len, "%s%s",
                         len > 0 ? " " : "", item);
        if (n < 0 || (size_t)n >= sizeof service->scope_names - len)
            return "more scopes than there can be";
    }
    return NULL;
}

static const char *key_unavailable(const struct config_key *key, void *target, const char *value,
                                   char why[static CONFIG_WHY_MAX])
{
    struct service_config *service = target;
    static const char last_known[] = "last-known ";

    if (strcmp(value, "deny") == 0) {
        service->policy.last_known_ns = 0;
        return NULL;
    }
    if (strncmp(value, last_known, sizeof last_known - 1) != 0)
        return "write deny, or last-known and a span such as 30s";
    return config_take_span(key, target, value + sizeof last_known - 1, why);
}

static const char *key_fields(const struct config_key *key, void *target, const char *value,
                              char why[static CONFIG_WHY_MAX])
{
    for (unsigned i = 0; i < COUNT_OF(fields_names); i++)
        if (strcmp(value, fields_names[i]) == 0) {
            ((struct service_config *)target)->policy.fields = (uint8_t)i;
            return NULL;
        }
    return "write three, ietf or none";
}

static const char *key_realm(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    struct service_config *service = target;

    if (!policy_realm_is_valid(text_of(value)))
        return "write 1 to 64 printable ASCII characters without quotes and backslashes";
    text_copy(text_of(value), service->policy.realm, sizeof service->policy.realm);
    return NULL;
}

/* A user's name can't be meant: no list of a policy should depend on who is called any. */
static const char *key_callers(const struct config_key *key, void *target, const char *value,
                               char why[static CONFIG_WHY_MAX])
{
    struct service_config *service = target;

    if (strcmp(value, "any") != 0)
        return config_take_principals(key, target, value, why);
    if (!service->callers.any)
        return "write any, or a list, not both";
    return NULL;
}

static const char *key_sites(const struct config_key *key, void *target, const char *value,
                             char why[static CONFIG_WHY_MAX])
{
    struct policy *policy = &((struct service_config *)target)->policy;
    char item[SITE_MAX + 2];
    bool too_long;
    size_t len = policy->sites_len;

    while (config_next_item(&value, item, sizeof item, &too_long)) {
        if (too_long || !text_is_site(text_of(item))) {
            snprintf(why, CONFIG_WHY_MAX, "%.64s: not a site id (A-Z a-z 0-9 . _ -)", item);
            return why;
        }
        if (textlist_append(policy->sites, sizeof policy->sites, &len, text_of(item)) < 0)
            return "more than 4096 bytes of sites: make several services of this one";
        policy->sites_len = (uint16_t)len;
    }
    return NULL;
}

/* ---- shown again -------------------------------------------------------------------------------
 */

static void show_accept(const struct config_key *key, const void *target, char *ret,
                        size_t capacity)
{
    uint8_t accept = ((const struct service_config *)target)->accept;

    snprintf(ret, capacity, "%s%s%s", accept & ACCEPT(KIND_LIVE) ? "live " : "",
             accept & ACCEPT(KIND_TEST) ? "test " : "",
             accept & ACCEPT(KIND_LEGACY) ? "legacy " : "");
    ret[strlen(ret) - 1] = '\0';
}

static void show_scope(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    snprintf(ret, capacity, "%s", ((const struct service_config *)target)->scope_names);
}

static void show_unavailable(const struct config_key *key, const void *target, char *ret,
                             size_t capacity)
{
    char span[SPAN_TEXT_MAX];

    if (((const struct service_config *)target)->policy.last_known_ns == 0) {
        snprintf(ret, capacity, "deny");
        return;
    }
    config_show_span(key, target, span, sizeof span);
    snprintf(ret, capacity, "last-known %s", span);
}

static void show_fields(const struct config_key *key, const void *target, char *ret,
                        size_t capacity)
{
    snprintf(ret, capacity, "%s",
             fields_names[((const struct service_config *)target)->policy.fields]);
}

static void show_realm(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    snprintf(ret, capacity, "%s", ((const struct service_config *)target)->policy.realm);
}

/* How many: there may be 4 KiB of them. */
static void show_sites(const struct config_key *key, const void *target, char *ret, size_t capacity)
{
    struct textlist sites = policy_sites(&((const struct service_config *)target)->policy);
    unsigned count = (unsigned)textlist_count(sites);

    if (count == 0)
        snprintf(ret, capacity, "all");
    else
        snprintf(ret, capacity, "%u", count);
}

#define AT(member)      .offset = offsetof(struct service_config, member)
#define RANGE(low, top) .min = (low), .max = (top)

static const struct config_key keys[] = {
    {"accept", key_accept, show_accept, AT(accept)},
    {"scope", key_scope, show_scope, .list = true},
    {"require_site", config_take_bool, config_show_bool, AT(policy.require_site)},
    {"cost", config_take_number, config_show_number, AT(policy.cost), RANGE(1, UINT32_MAX)},
    {"unavailable", key_unavailable, show_unavailable, AT(policy.last_known_ns),
     RANGE(NS_PER_S, 3600 * NS_PER_S)},
    {"fields", key_fields, show_fields, AT(policy.fields)},
    {"realm", key_realm, show_realm, AT(policy.realm)},
    {"callers", key_callers, config_show_principals, AT(callers), .list = true},
    {"direct", config_take_principals, config_show_principals, AT(direct), .list = true},
    {"sites", key_sites, show_sites, .list = true},
};

const struct config_key *config_service_keys(size_t *ret_count)
{
    *ret_count = COUNT_OF(keys);
    return keys;
}
