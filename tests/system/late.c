/* late.c - an nginx module whose access handler comes after stkgate's, as another's module may
 *
 * late on | off: lets a request pass, or says nothing.
 */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#define LOADED_BY_NGINX __attribute__((visibility("default")))

struct late {
    ngx_flag_t on;
};

extern LOADED_BY_NGINX ngx_module_t ngx_http_late_module;

static ngx_int_t handle(ngx_http_request_t *r)
{
    const struct late *late = ngx_http_get_module_loc_conf(r, ngx_http_late_module);
    return late->on == 1 ? NGX_OK : NGX_DECLINED;
}

static void *create(ngx_conf_t *cf)
{
    struct late *late = ngx_pcalloc(cf->pool, sizeof *late);
    if (late != NULL)
        late->on = NGX_CONF_UNSET;
    return late;
}

static ngx_int_t hang(ngx_conf_t *cf)
{
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_handler_pt *place = ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (place == NULL)
        return NGX_ERROR;
    *place = handle;
    return NGX_OK;
}

static ngx_command_t commands[] = {
    {ngx_string("late"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(struct late, on), NULL},
    ngx_null_command,
};

static ngx_http_module_t context = {.postconfiguration = hang, .create_loc_conf = create};

ngx_module_t ngx_http_late_module = {NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE,
                                     NULL,          NULL,     NULL,     NULL,
                                     NULL,          NULL,     NULL,     NGX_MODULE_V1_PADDING};

static char late_name[] = "ngx_http_late_module";
static char stkgate_name[] = "ngx_http_stkgate_module";
extern char *ngx_module_order[];
LOADED_BY_NGINX ngx_module_t *ngx_modules[] = {&ngx_http_late_module, NULL};
LOADED_BY_NGINX char *ngx_module_names[] = {late_name, NULL};
LOADED_BY_NGINX char *ngx_module_order[] = {late_name, stkgate_name, NULL};
