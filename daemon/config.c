#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/config_file.h"
#include "lib/core/moment.h"

#define SERVICES_MAX    256
#define ADMIN_GROUP     "@stkgate-admin"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- values ------------------------------------------------------------------------------------
 */

/* A decimal number in a range; suffix K, M, G, T (powers of 1024) where the range goes that far. */
static bool take_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret)
{
    char *end;

    if (value[0] < '0' || value[0] > '9')
        return false;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    if (errno != 0)
        return false;
    static const char units[] = "KMGT";
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        unsigned shift = 10u * (unsigned)(unit - units + 1);
        if (n > (UINT64_MAX >> shift))
            return false;
        n <<= shift;
        end++;
    }
    if (*end != '\0' || n < min || n > max)
        return false;
    *ret = n;
    return true;
}

static const char *take_span(const char *value, uint64_t min_ns, uint64_t max_ns, uint64_t *ret)
{
    uint64_t ns;

    if (span_parse(text_of(value), &ns) < 0 || ns < min_ns || ns > max_ns)
        return "not a time span in range; write for example 5s, 500ms or 2m";
    *ret = ns;
    return NULL;
}

static const char *take_bool(const char *value, bool *ret)
{
    if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
        *ret = true;
    else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
        *ret = false;
    else
        return "write yes or no";
    return NULL;
}

static const char *take_principals(struct principals *principals, const char *value, char *why)
{
    char item[64];
    bool too_long;

    principals->any = false;
    while (config_next_item(&value, item, sizeof item, &too_long)) {
        int r = too_long ? -EINVAL : principals_add(principals, item);
        if (r == 0)
            continue;
        snprintf(why, CONFIG_WHY_MAX, "%.60s: %s", item,
                 r == -ENOENT   ? "no such user or group; write a user, @group or a number"
                 : r == -ENOSPC ? "more than 32 users or groups: make a group of them"
                                : "write a user, @group or a number");
        return why;
    }
    return NULL;
}

/* ---- keys of services.d/NAME.conf --------------------------------------------------------------
 */

static const char *key_accept(void *target, const char *value, char *why)
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

static const char *key_scope(void *target, const char *value, char *why)
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

static const char *key_require_site(void *target, const char *value, char *why)
{
    return take_bool(value, &((struct service_config *)target)->policy.require_site);
}

static const char *key_cost(void *target, const char *value, char *why)
{
    struct service_config *service = target;

    return take_number(value, 1, UINT32_MAX, &service->policy.cost)
               ? NULL
               : "write a whole number from 1 to 4294967295";
}

static const char *key_unavailable(void *target, const char *value, char *why)
{
    struct service_config *service = target;
    static const char last_known[] = "last-known ";

    if (strcmp(value, "deny") == 0) {
        service->policy.last_known_ns = 0;
        return NULL;
    }
    if (strncmp(value, last_known, sizeof last_known - 1) != 0)
        return "write deny, or last-known and a span such as 30s";
    return take_span(value + sizeof last_known - 1, UINT64_C(1000000000),
                     UINT64_C(3600) * UINT64_C(1000000000), &service->policy.last_known_ns);
}

static const char *key_fields(void *target, const char *value, char *why)
{
    static const char *const names[] = {"three", "ietf", "none"}; /* enum policy_fields */

    for (uint8_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(value, names[i]) == 0) {
            ((struct service_config *)target)->policy.fields = i;
            return NULL;
        }
    return "write three, ietf or none";
}

static const char *key_realm(void *target, const char *value, char *why)
{
    struct service_config *service = target;

    if (!policy_realm_is_valid(text_of(value)))
        return "write 1 to 64 printable ASCII characters without quotes and backslashes";
    text_copy(text_of(value), service->policy.realm, sizeof service->policy.realm);
    return NULL;
}

static const char *key_callers(void *target, const char *value, char *why)
{
    return take_principals(&((struct service_config *)target)->callers, value, why);
}

static const char *key_direct(void *target, const char *value, char *why)
{
    return take_principals(&((struct service_config *)target)->direct, value, why);
}

static const char *key_sites(void *target, const char *value, char *why)
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

static const struct config_key service_keys[] = {
    {"accept", key_accept, false},
    {"scope", key_scope, true},
    {"require_site", key_require_site, false},
    {"cost", key_cost, false},
    {"unavailable", key_unavailable, false},
    {"fields", key_fields, false},
    {"realm", key_realm, false},
    {"callers", key_callers, true},
    {"direct", key_direct, true},
    {"sites", key_sites, true},
};

/* ---- keys of stkgate.conf ----------------------------------------------------------------------
 */

static const char *key_map_size(void *target, const char *value, char *why)
{
    return take_number(value, UINT64_C(1) << 20, UINT64_C(1) << 44,
                       &((struct config *)target)->map_size_bytes)
               ? NULL
               : "write a size from 1M to 16T, such as 16G";
}

static const char *take_connections(const char *value, unsigned *ret)
{
    uint64_t n;

    if (!take_number(value, 1, 1000000, &n))
        return "write a whole number from 1 to 1000000";
    *ret = (unsigned)n;
    return NULL;
}

static const char *key_connections(void *target, const char *value, char *why)
{
    return take_connections(value, &((struct config *)target)->connections_max);
}

static const char *key_http_connections(void *target, const char *value, char *why)
{
    return take_connections(value, &((struct config *)target)->http_connections_max);
}

static const char *key_hello_deadline(void *target, const char *value, char *why)
{
    return take_span(value, UINT64_C(10000000), UINT64_C(600) * UINT64_C(1000000000),
                     &((struct config *)target)->hello_deadline_ns);
}

static const char *key_admins(void *target, const char *value, char *why)
{
    return take_principals(&((struct config *)target)->admins, value, why);
}

static const char *key_log_refusals(void *target, const char *value, char *why)
{
    return take_bool(value, &((struct config *)target)->log_refusals);
}

static const struct config_key daemon_keys[] = {
    {"map_size", key_map_size, false},
    {"connections", key_connections, false},
    {"http_connections", key_http_connections, false},
    {"hello_deadline", key_hello_deadline, false},
    {"admins", key_admins, true},
    {"log_refusals", key_log_refusals, false},
};

/* ---- files -------------------------------------------------------------------------------------
 */

static void service_init(struct service_config *service, const char *name)
{
    *service = (struct service_config){.callers = {.any = true}};
    text_copy(text_of(name), service->name, sizeof service->name);
    policy_init(&service->policy);
    service->accept = service->policy.accept;
}

static int load_service(struct config *config, const char *path, const char *name, char *message)
{
    struct service_config *service = &config->services[0];

    if (strcmp(name, "default") != 0) {
        struct service_config *more =
            realloc(config->services, (config->service_count + 1) * sizeof *more);
        if (!more)
            return -ENOMEM;
        config->services = more;
        service = &more[config->service_count++];
        service_init(service, name);
    }
    return config_file_read(path, "service", service_keys, COUNT_OF(service_keys), service, message,
                            CONFIG_ERROR_MAX);
}

/* The name that a file of services.d stands for; false for files that are none (editors' backups,
 * dpkg's leftovers). */
static bool service_of_file(const char *file, char name[static SERVICE_MAX + 1], bool *ret_valid)
{
    size_t len = strlen(file);

    if (file[0] == '.' || len <= 5 || strcmp(file + len - 5, ".conf") != 0)
        return false;
    struct text text = {file, len - 5};
    *ret_valid = text_is_service(text);
    return !*ret_valid || text_copy(text, name, SERVICE_MAX + 1);
}

static int load_services(struct config *config, const char *dir, char *message)
{
    char path[PATH_MAX];
    struct dirent **entries = NULL;

    snprintf(path, sizeof path, "%s/services.d", dir);
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        int r = -errno;
        snprintf(message, CONFIG_ERROR_MAX, "%.400s: %s", path, strerror(-r));
        return r == -ENOENT ? 0 : r;
    }
    int r = 0;
    for (int i = 0; i < count && r == 0; i++) {
        char name[SERVICE_MAX + 1];
        bool valid;
        if (!service_of_file(entries[i]->d_name, name, &valid))
            continue;
        snprintf(path, sizeof path, "%s/services.d/%s", dir, entries[i]->d_name);
        if (!valid || config->service_count > SERVICES_MAX) {
            snprintf(message, CONFIG_ERROR_MAX, "%.400s: %s", path,
                     valid ? "more than 256 services"
                           : "a service's name is 1 to 64 characters of a-z 0-9 - _");
            r = -EINVAL;
            break;
        }
        r = load_service(config, path, name, message);
    }
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return r;
}

static int load_files(struct config *config, const char *dir, char *message)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/stkgate.conf", dir) >= (int)sizeof path - NAME_MAX - 16) {
        snprintf(message, CONFIG_ERROR_MAX, "the path of the configuration is too long");
        return -ENAMETOOLONG;
    }
    int r = config_file_read(path, "daemon", daemon_keys, COUNT_OF(daemon_keys), config, message,
                             CONFIG_ERROR_MAX);
    if (r < 0 && r != -ENOENT)
        return r;
    return load_services(config, dir, message);
}

int config_load(const char *dir, struct config **ret, char message[static CONFIG_ERROR_MAX])
{
    struct config *config = calloc(1, sizeof *config);

    message[0] = '\0';
    if (config)
        config->services = calloc(1, sizeof *config->services);
    if (!config || !config->services) {
        config_free(config);
        return -ENOMEM;
    }
    config->map_size_bytes = UINT64_C(16) << 30;
    config->connections_max = 4096;
    config->http_connections_max = 512;
    config->hello_deadline_ns = UINT64_C(5) * UINT64_C(1000000000);
    config->log_refusals = true;
    config->service_count = 1;
    service_init(&config->services[0], "default");

    int r = dir ? load_files(config, dir, message) : 0;
    if (r < 0) {
        config_free(config);
        return r;
    }
    /* The group is what the package makes; a daemon that somebody tries out by hand has none. */
    if (config->admins.user_count == 0 && config->admins.group_count == 0)
        (void)principals_add(&config->admins, ADMIN_GROUP);
    *ret = config;
    return 0;
}

struct config *config_free(struct config *config)
{
    if (config)
        free(config->services);
    free(config);
    return NULL;
}

int config_resolve_scopes(struct config *config, const struct scope_registry *registry,
                          char message[static CONFIG_ERROR_MAX])
{
    int result = 0;

    for (unsigned i = 0; i < config->service_count; i++) {
        struct service_config *service = &config->services[i];
        struct text bad = {NULL, 0};
        int r = scope_parse(registry, text_of(service->scope_names), &service->policy.scopes, &bad);
        service->policy.accept = r < 0 ? 0 : service->accept;
        if (r == 0 || result < 0)
            continue;
        snprintf(message, CONFIG_ERROR_MAX,
                 "service %s refuses every call: its scope %.*s is not registered; "
                 "stkgate admin scope add %.*s",
                 service->name, (int)bad.len, bad.data, (int)bad.len, bad.data);
        result = r;
    }
    return result;
}

const struct service_config *config_service(const struct config *config, struct text name)
{
    for (unsigned i = 1; i < config->service_count; i++)
        if (text_equal(name, text_of(config->services[i].name)))
            return &config->services[i];
    return &config->services[0];
}
