#include "module/nginx/settings.h"

#include <errno.h>
#include <limits.h>

#include "module/face/runtime.h"
#include "module/nginx/gates.h"
#include "module/nginx/logs.h"
#include "module/nginx/module.h"

#define TIMEOUT_MAX_MS 60000 /* as the library has it */

#define ANYWHERE       (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)

/* What nginx says after the directive's name; it takes no const. */
static char duplicate[] = "is duplicate";
static char no_memory[] = "found no memory";
static char wants_service[] = "needs a service name or \"off\"";
static char wants_time[] = "needs a time from 1ms to 60s";
static char wants_socket[] =
    "needs the path of check.sock, such as /run/stkgate/check.sock, or its directory";

/* ---- directives -------------------------------------------------------------------------------
 */

/* nginx ends each argument with a NUL. */
static char *set_service(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    struct settings *settings = conf;
    ngx_str_t *arguments = cf->args->elts;

    if (settings->service.data != NULL)
        return duplicate;
    settings->service = arguments[1];
    if (ngx_strcmp(arguments[1].data, "off") == 0)
        settings->service.len = 0;
    else if (arguments[1].len == 0)
        return wants_service;
    return NGX_CONF_OK;
}

static char *set_scope(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    struct settings *settings = conf;
    ngx_str_t *arguments = cf->args->elts;

    if (settings->scope_names != NULL)
        return duplicate;
    settings->scope_names = ngx_array_create(cf->pool, cf->args->nelts, sizeof(ngx_str_t));
    if (settings->scope_names == NULL)
        return no_memory;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++)
        *(ngx_str_t *)ngx_array_push(settings->scope_names) = arguments[i];
    settings->scope_file = cf->conf_file->file.name;
    settings->scope_line = cf->conf_file->line;
    return NGX_CONF_OK;
}

static char *set_socket(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    struct settings *settings = conf;
    ngx_str_t *arguments = cf->args->elts;
    char runtime[PATH_MAX];

    if (settings->runtime.data != NULL)
        return duplicate;
    if (runtime_of_socket((const char *)arguments[1].data, runtime, sizeof runtime) < 0)
        return wants_socket;
    settings->runtime.len = ngx_strlen(runtime);
    settings->runtime.data = ngx_pnalloc(cf->pool, settings->runtime.len + 1);
    if (settings->runtime.data == NULL)
        return no_memory;
    ngx_memcpy(settings->runtime.data, runtime, settings->runtime.len + 1);
    return NGX_CONF_OK;
}

static char *set_timeout(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    struct settings *settings = conf;
    ngx_str_t *arguments = cf->args->elts;

    if (settings->timeout_ms != NGX_CONF_UNSET_MSEC)
        return duplicate;
    ngx_int_t ms = ngx_parse_time(&arguments[1], 0);
    if (ms < 1 || ms > TIMEOUT_MAX_MS)
        return wants_time;
    settings->timeout_ms = (ngx_msec_t)ms;
    return NGX_CONF_OK;
}

#define OFFSET(member) offsetof(struct settings, member), NULL
ngx_command_t settings_commands[] = {
    {ngx_string("stkgate"), ANYWHERE | NGX_CONF_TAKE1, set_service, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    {ngx_string("stkgate_scope"), ANYWHERE | NGX_CONF_1MORE, set_scope, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    {ngx_string("stkgate_socket"), ANYWHERE | NGX_CONF_TAKE1, set_socket, NGX_HTTP_LOC_CONF_OFFSET,
     0, NULL},
    {ngx_string("stkgate_timeout"), ANYWHERE | NGX_CONF_TAKE1, set_timeout,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("stkgate_site"), ANYWHERE | NGX_CONF_TAKE1, ngx_http_set_complex_value_slot,
     NGX_HTTP_LOC_CONF_OFFSET, OFFSET(site)},
    {ngx_string("stkgate_cost"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_num_slot,
     NGX_HTTP_LOC_CONF_OFFSET, OFFSET(cost)},
    {ngx_string("stkgate_preflight"), ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, OFFSET(preflight)},
    {ngx_string("stkgate_pass_token"), ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, OFFSET(pass_token)},
    ngx_null_command,
};

/* ---- what they come to -------------------------------------------------------------------------
 */

void *settings_create_main(ngx_conf_t *cf)
{
    struct settings_main *ret = ngx_pcalloc(cf->pool, sizeof *ret);
    if (ret == NULL || gates_init(&ret->gates, cf) < 0 ||
        ngx_array_init(&ret->logs, cf->pool, 4, sizeof(ngx_log_t *)) != NGX_OK)
        return NULL;
    return ret;
}

void *settings_create(ngx_conf_t *cf)
{
    struct settings *ret = ngx_pcalloc(cf->pool, sizeof *ret);
    if (ret == NULL)
        return NULL;
    ret->site = NGX_CONF_UNSET_PTR;
    ret->cost = NGX_CONF_UNSET;
    ret->timeout_ms = NGX_CONF_UNSET_MSEC;
    ret->preflight = NGX_CONF_UNSET;
    ret->pass_token = NGX_CONF_UNSET;
    return ret;
}

static char *complain(ngx_conf_t *cf, const struct settings *settings, const ngx_str_t *name, int r)
{
    const char *what = "";
    switch (r) {
    case -EINVAL: what = " is no scope name"; break;
    case -ENXIO:
        what = " is no scope that is registered; \"stkgate admin scope list\" shows those that are";
        break;
    default:
        what = " is not built in, and the daemon, which knows what is registered, can't be asked";
        break;
    }
    ngx_log_error(NGX_LOG_EMERG, cf->log, r == -EINVAL || r == -ENXIO ? 0 : -r,
                  "\"stkgate_scope\" in %V:%ui: \"%V\"%s", &settings->scope_file,
                  settings->scope_line, name, what);
    return NGX_CONF_ERROR;
}

static char *resolve_scopes(ngx_conf_t *cf, struct settings *settings)
{
    ngx_str_t *name = settings->scope_names->elts;
    for (ngx_uint_t i = 0; i < settings->scope_names->nelts; i++) {
        uint64_t mask;
        int r = stkgate_scope(settings->gate, (const char *)name[i].data, &mask);
        if (r < 0)
            return complain(cf, settings, &name[i], r);
        settings->scopes |= mask;
    }
    return NGX_CONF_OK;
}

char *settings_merge(ngx_conf_t *cf, void *parent, void *child)
{
    struct settings *outer = parent, *settings = child;
    struct settings_main *main_settings =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_stkgate_module);
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (settings->service.data == NULL)
        settings->service = outer->service;
    if (settings->runtime.data == NULL)
        settings->runtime = outer->runtime;
    if (settings->scope_names == NULL) {
        settings->scope_names = outer->scope_names;
        settings->scope_file = outer->scope_file;
        settings->scope_line = outer->scope_line;
    }
    ngx_conf_merge_ptr_value(settings->site, outer->site, NULL);
    ngx_conf_merge_value(settings->cost, outer->cost, SETTINGS_COST_OF_SERVICE);
    ngx_conf_merge_msec_value(settings->timeout_ms, outer->timeout_ms, 0);
    ngx_conf_merge_value(settings->preflight, outer->preflight, 0);
    ngx_conf_merge_value(settings->pass_token, outer->pass_token, 0);

    if (logs_remember(&main_settings->logs, core->error_log) < 0)
        return NGX_CONF_ERROR;
    if (settings->service.len == 0)
        return NGX_CONF_OK;
    const struct gate_key key = {settings->service, settings->runtime,
                                 (uint32_t)settings->timeout_ms};
    settings->gate = gates_get(&main_settings->gates, cf, &key);
    if (settings->gate == NULL)
        return NGX_CONF_ERROR;
    return settings->scope_names == NULL ? NGX_CONF_OK : resolve_scopes(cf, settings);
}
