#include "module/apache/settings.h"

#include <apr_strings.h>
#include <errno.h>
#include <http_log.h>
#include <string.h>
#include <strings.h>

#include "module/apache/gates.h"
#include "module/face/runtime.h"

APLOG_USE_MODULE(stkgate);

#define TIMEOUT_MAX   60000 /* ms */
#define COST_MAX      1000000000
#define DIRECTORY_MAX 256

struct server_settings {
    bool are_mentioned;
};

void *settings_create(apr_pool_t *pool, char *directory)
{
    return apr_pcalloc(pool, sizeof(struct settings));
}

void *settings_merge(apr_pool_t *pool, void *outer, void *inner)
{
    struct settings *merged = apr_pmemdup(pool, outer, sizeof *merged);
    const struct settings *given = inner;

    if (given->service)
        merged->service = given->service;
    if (given->runtime)
        merged->runtime = given->runtime;
    if (given->cost != 0)
        merged->cost = given->cost;
    if (given->site)
        merged->site = given->site;
    if (given->auth_type != AUTH_TYPE_UNSET)
        merged->auth_type = given->auth_type;
    if (given->passes_token != TOGGLE_UNSET)
        merged->passes_token = given->passes_token;
    if (given->passes_preflight != TOGGLE_UNSET)
        merged->passes_preflight = given->passes_preflight;
    return merged;
}

void *settings_create_server(apr_pool_t *pool, server_rec *server)
{
    return apr_pcalloc(pool, sizeof(struct server_settings));
}

/* What is said outside of all virtual hosts holds in each. */
void *settings_merge_server(apr_pool_t *pool, void *outer, void *inner)
{
    struct server_settings *merged = apr_pmemdup(pool, inner, sizeof *merged);
    merged->are_mentioned |= ((const struct server_settings *)outer)->are_mentioned;
    return merged;
}

const struct settings *settings_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &stkgate_module);
}

bool settings_is_htaccess(const cmd_parms *command)
{
    return ap_check_cmd_context((cmd_parms *)command, NOT_IN_HTACCESS) != NULL;
}

void settings_mention(const cmd_parms *command)
{
    if (!settings_is_htaccess(command)) {
        struct server_settings *settings =
            ap_get_module_config(command->server->module_config, &stkgate_module);
        settings->are_mentioned = true;
    }
}

bool settings_are_mentioned(const server_rec *server)
{
    const struct server_settings *settings =
        ap_get_module_config(server->module_config, &stkgate_module);
    return settings->are_mentioned;
}

/* ---- directives: each returns NULL, or what is wrong with its argument --------------------- */

static const char *set_service(cmd_parms *command, void *config, const char *name)
{
    struct settings *settings = config;
    int r = gates_add_service(name);
    if (r == -EINVAL)
        return apr_psprintf(command->pool,
                            "StkgateService: '%s' is not the name of a service: 1 to 64 of a-z, "
                            "0-9, '-' and '_'",
                            name);
    if (r < 0)
        return apr_psprintf(command->pool, "StkgateService %s: %s", name, strerror(-r));
    settings->service = name;
    settings_mention(command);
    return NULL;
}

static const char *set_socket(cmd_parms *command, void *config, const char *path)
{
    struct settings *settings = config;
    char directory[DIRECTORY_MAX];
    int r = runtime_of_socket(path, directory, sizeof directory);
    if (r == -EINVAL)
        return apr_psprintf(command->pool,
                            "StkgateSocket: '%s' is not the check socket: name it or its "
                            "directory, as /run/stkgate/check.sock",
                            path);
    const char *runtime = r == 0 ? apr_pstrdup(command->pool, directory) : NULL;
    if (r == 0)
        r = gates_add_runtime(runtime);
    if (r < 0)
        return apr_psprintf(command->pool, "StkgateSocket %s: %s", path, strerror(-r));
    settings->runtime = runtime;
    settings_mention(command);
    return NULL;
}

/* A whole number from 1 to max to *ret; or false. */
static bool number_from(const char *text, apr_int64_t max, apr_int64_t *ret)
{
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < 1 || number > max)
        return false;
    *ret = number;
    return true;
}

static const char *set_cost(cmd_parms *command, void *config, const char *text)
{
    apr_int64_t cost;
    if (!number_from(text, COST_MAX, &cost))
        return apr_psprintf(command->pool,
                            "StkgateCost: '%s' is not a number of units from 1 to %d", text,
                            COST_MAX);
    ((struct settings *)config)->cost = (uint64_t)cost;
    settings_mention(command);
    return NULL;
}

static const char *set_timeout(cmd_parms *command, void *config, const char *text)
{
    apr_interval_time_t timeout_us;
    const char *wrong = ap_check_cmd_context(command, GLOBAL_ONLY);
    if (wrong)
        return wrong;
    if (text[0] < '0' || text[0] > '9' ||
        ap_timeout_parameter_parse(text, &timeout_us, "ms") != APR_SUCCESS ||
        timeout_us < apr_time_from_msec(1) || timeout_us > apr_time_from_msec(TIMEOUT_MAX))
        return apr_psprintf(command->pool,
                            "StkgateTimeout: '%s' is not a time such as 50ms or 2s, of at most %d "
                            "milliseconds",
                            text, TIMEOUT_MAX);
    gates_set_deadline((uint32_t)apr_time_as_msec(timeout_us));
    return NULL;
}

static const char *set_site(cmd_parms *command, void *config, const char *text)
{
    struct settings *settings = config;
    const char *wrong = NULL;
    settings->site = ap_expr_parse_cmd(
        command, text, AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY, &wrong, NULL);
    if (wrong)
        return apr_psprintf(command->pool, "StkgateSite: cannot parse '%s': %s", text, wrong);
    settings_mention(command);
    return NULL;
}

/* mod_authn_core has it, too: each module that knows a directive gets it. */
static const char *note_auth_type(cmd_parms *command, void *config, const char *text)
{
    struct settings *settings = config;
    if (strcasecmp(text, SETTINGS_AUTH_TYPE) == 0)
        settings->auth_type = AUTH_TYPE_OURS;
    else
        settings->auth_type = strpbrk(text, "%$\\") ? AUTH_TYPE_EXPRESSION : AUTH_TYPE_ANOTHER;
    return NULL;
}

static const char *set_passes_token(cmd_parms *command, void *config, int on)
{
    ((struct settings *)config)->passes_token = on ? TOGGLE_ON : TOGGLE_OFF;
    settings_mention(command);
    return NULL;
}

static const char *set_passes_preflight(cmd_parms *command, void *config, int on)
{
    ((struct settings *)config)->passes_preflight = on ? TOGGLE_ON : TOGGLE_OFF;
    settings_mention(command);
    return NULL;
}

/* Not within .htaccess: RSRC_CONF and ACCESS_CONF are what an AllowOverride cannot allow. */
#define WHERE (RSRC_CONF | ACCESS_CONF)

const command_rec settings_commands[] = {
    AP_INIT_TAKE1("StkgateService", set_service, NULL, WHERE,
                  "the service that this is, whose policy stands in services.d/NAME.conf"),
    AP_INIT_TAKE1("StkgateSocket", set_socket, NULL, WHERE,
                  "the check socket of the daemon, or its directory"),
    AP_INIT_TAKE1("StkgateCost", set_cost, NULL, WHERE, "units that a call spends"),
    AP_INIT_TAKE1("StkgateTimeout", set_timeout, NULL, RSRC_CONF,
                  "a time such as 50ms that a call may wait for the daemon; of the whole server"),
    AP_INIT_TAKE1("StkgateSite", set_site, NULL, WHERE,
                  "the site id, as an expression; else it is the X-Site-ID field"),
    AP_INIT_FLAG("StkgatePassToken", set_passes_token, NULL, WHERE,
                 "whether programs behind get the token to see"),
    AP_INIT_FLAG("StkgatePreflight", set_passes_preflight, NULL, WHERE,
                 "whether CORS preflights pass, without a token and unspent"),
    AP_INIT_TAKE1("AuthType", note_auth_type, NULL, OR_AUTHCFG, "as httpd has it"),
    {.name = NULL},
};
