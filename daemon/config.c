#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_daemon.h"
#include "daemon/config_service.h"

#define SERVICES_MAX     256
#define ADMIN_GROUP      "@stkgate-admin"

#define CONFIG_SHOWN_MAX 512 /* bytes; a longer value is cut */

/* ---- files -------------------------------------------------------------------------------------
 */

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
        config_service_init(service, name);
    }
    size_t count;
    const struct config_key *keys = config_service_keys(&count);
    return config_file_read(path, "service", keys, count, service, message, CONFIG_ERROR_MAX);
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
    size_t count;
    const struct config_key *keys = config_daemon_keys(&count);

    if (snprintf(path, sizeof path, "%s/stkgate.conf", dir) >= (int)sizeof path - NAME_MAX - 16) {
        snprintf(message, CONFIG_ERROR_MAX, "the path of the configuration is too long");
        return -ENAMETOOLONG;
    }
    int r = config_file_read(path, "daemon", keys, count, config, message, CONFIG_ERROR_MAX);
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
    config_daemon_init(config);
    config->service_count = 1;
    config_service_init(&config->services[0], "default");

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

const char *config_restart_key(const struct config *old, const struct config *changed)
{
    char before[CONFIG_SHOWN_MAX], after[CONFIG_SHOWN_MAX];
    size_t count;
    const struct config_key *keys = config_daemon_keys(&count);

    for (size_t i = 0; i < count; i++) {
        if (!keys[i].at_start)
            continue;
        keys[i].show(&keys[i], old, before, sizeof before);
        keys[i].show(&keys[i], changed, after, sizeof after);
        if (strcmp(before, after) != 0)
            return keys[i].name;
    }
    return NULL;
}

static void print_changed(const struct config_key *keys, size_t count, const void *target,
                          const void *defaults, FILE *file)
{
    char value[CONFIG_SHOWN_MAX], standard[CONFIG_SHOWN_MAX];

    for (size_t i = 0; i < count; i++) {
        keys[i].show(&keys[i], target, value, sizeof value);
        keys[i].show(&keys[i], defaults, standard, sizeof standard);
        if (strcmp(value, standard) != 0)
            fprintf(file, "  %s = %s (default: %s)\n", keys[i].name, value,
                    standard[0] ? standard : "none");
    }
}

int config_print(const struct config *config, FILE *file)
{
    char message[CONFIG_ERROR_MAX];
    struct config *defaults;
    size_t count;

    int r = config_load(NULL, &defaults, message);
    if (r < 0)
        return r;
    const struct config_key *keys = config_daemon_keys(&count);
    fprintf(file, "daemon\n");
    print_changed(keys, count, config, defaults, file);
    keys = config_service_keys(&count);
    for (unsigned i = 0; i < config->service_count; i++) {
        fprintf(file, "service %s\n", config->services[i].name);
        print_changed(keys, count, &config->services[i], &defaults->services[0], file);
    }
    config_free(defaults);
    return 0;
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
