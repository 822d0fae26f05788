#include "module/nginx/module.h"

#include <ngx_http.h>

#include "module/nginx/access.h"
#include "module/nginx/answer.h"
#include "module/nginx/credentials.h"
#include "module/nginx/logs.h"
#include "module/nginx/settings.h"
#include "module/nginx/variables.h"

#define LOADED_BY_NGINX __attribute__((visibility("default")))

static ngx_int_t init_handlers(ngx_conf_t *cf)
{
    return credentials_init(cf) == NGX_OK && access_init(cf) == NGX_OK ? NGX_OK : NGX_ERROR;
}

/* The whole configuration is read. One that has no http block has no request, either. */
static ngx_int_t begin(ngx_cycle_t *cycle)
{
    const struct settings_main *settings =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_stkgate_module);
    return settings == NULL || logs_mask(cycle, &settings->logs) == 0 ? NGX_OK : NGX_ERROR;
}

static ngx_http_module_t handlers = {
    .preconfiguration = variables_init,
    .postconfiguration = init_handlers,
    .create_main_conf = settings_create_main,
    .create_loc_conf = settings_create,
    .merge_loc_conf = settings_merge,
};

static ngx_http_module_t filter = {.postconfiguration = answer_init};

LOADED_BY_NGINX ngx_module_t ngx_http_stkgate_module = {
    NGX_MODULE_V1, &handlers, settings_commands,    NGX_HTTP_MODULE, NULL, begin, NULL, NULL, NULL,
    NULL,          NULL,      NGX_MODULE_V1_PADDING};

LOADED_BY_NGINX ngx_module_t ngx_http_stkgate_filter_module = {
    NGX_MODULE_V1, &filter, NULL, NGX_HTTP_MODULE,      NULL, NULL, NULL, NULL,
    NULL,          NULL,    NULL, NGX_MODULE_V1_PADDING};

static char handlers_name[] = "ngx_http_stkgate_module";
static char filter_name[] = "ngx_http_stkgate_filter_module";
static char auth_request[] = "ngx_http_auth_request_module";
static char auth_basic[] = "ngx_http_auth_basic_module";
static char access_by_address[] = "ngx_http_access_module";
static char copy_filter[] = "ngx_http_copy_filter_module";

/* What nginx looks for in a shared object. Each module gets its place before the first of those
 * that are named after it. Access handlers run from the last to the first: ours after nginx's own.
 */
extern char *ngx_module_order[];

LOADED_BY_NGINX ngx_module_t *ngx_modules[] = {&ngx_http_stkgate_module,
                                               &ngx_http_stkgate_filter_module, NULL};
LOADED_BY_NGINX char *ngx_module_names[] = {handlers_name, filter_name, NULL};
LOADED_BY_NGINX char *ngx_module_order[] = {
    handlers_name, auth_request, auth_basic, access_by_address, filter_name, copy_filter, NULL};
