/* mod_stkgate.c - the Apache module: which of httpd's hooks does what
 *
 * docs/servers/apache.md is its manual.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

#include "module/apache/answer.h"
#include "module/apache/call.h"
#include "module/apache/gates.h"
#include "module/apache/hush.h"
#include "module/apache/require.h"
#include "module/apache/scopes.h"
#include "module/apache/settings.h"

APLOG_USE_MODULE(stkgate);

/* ---- the configuration: read twice at the start, and at each restart ----------------------- */

static int before_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    gates_begin(pconf);
    require_begin(pconf);
    scopes_begin();
    return OK;
}

/* Also for apachectl -t. */
static int check_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *server)
{
    return require_look_up(server);
}

static int after_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *server)
{
    int r = gates_open();
    hush_http2(pconf, server);
    if (r == 0)
        return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "stkgate: no handle can be opened: %s",
                 strerror(-r));
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* ---- a request ----------------------------------------------------------------------------- */

/* The server is the one of the address; whose name is asked for, the header says. */
static void before_reading(request_rec *r, conn_rec *connection)
{
    hush_begin(r);
}

/* Right after this httpd logs the header. It comes here with each internal redirect, too. */
static int after_reading(request_rec *r)
{
    if (!r->main && !r->prev && settings_are_mentioned(r->server))
        call_take_fields(r);
    hush_end(r);
    return DECLINED;
}

/* Now it is known which sections apply. */
static int after_sections(request_rec *r)
{
    if (call_first(r)->fields.secrets)
        call_hide_fields(r);
    return DECLINED;
}

/* A log's format may name any field. */
static int before_log(request_rec *r)
{
    const struct call *call = ap_get_module_config(r->request_config, &stkgate_module);
    if (call && call->fields.secrets && (call->hidden_in == r->headers_in || call_is_ours(r))) {
        fields_hide(&call->fields, r->headers_in);
        return DECLINED;
    }
    if (settings_are_mentioned(r->server) && !(call && call->fields.secrets))
        fields_drop(r->pool, r->headers_in);
    apr_table_unset(r->headers_in, field_name(FIELD_TOKEN));
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    /* It writes down whole headers, and is meant to come first. */
    static const char *const forensic[] = {"mod_log_forensic.c", NULL};

    ap_hook_pre_config(before_configuration, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_configuration, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(after_configuration, NULL, NULL, APR_HOOK_MIDDLE);

    ap_hook_pre_read_request(before_reading, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_read_request(after_reading, NULL, forensic, APR_HOOK_REALLY_FIRST);
    ap_hook_header_parser(after_sections, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_check_authn(call_authenticate, NULL, NULL, APR_HOOK_REALLY_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(call_authorize, NULL, NULL, APR_HOOK_REALLY_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(call_fixup, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_insert_error_filter(answer_insert, NULL, NULL, APR_HOOK_LAST);
    ap_hook_log_transaction(before_log, NULL, NULL, APR_HOOK_REALLY_FIRST);

    require_register(pool);
    answer_register();
}

STKGATE_PUBLIC module AP_MODULE_DECLARE_DATA stkgate_module = {
    STANDARD20_MODULE_STUFF, settings_create,   settings_merge, settings_create_server,
    settings_merge_server,   settings_commands, register_hooks, 0,
};
