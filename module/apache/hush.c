#include "module/apache/hush.h"

#include <http_config.h>
#include <http_log.h>

APLOG_USE_MODULE(stkgate);

static const struct ap_logconf hushed[] = {
    {NULL, APLOG_EMERG}, {NULL, APLOG_ALERT},   {NULL, APLOG_CRIT},
    {NULL, APLOG_ERR},   {NULL, APLOG_WARNING}, {NULL, APLOG_NOTICE},
};

/* In httpd's own order. */
static const struct ap_logconf *in_force(const request_rec *r)
{
    return r->log ? r->log : r->connection->log ? r->connection->log : &r->server->log;
}

void hush_begin(request_rec *r)
{
    int level = in_force(r)->level;
    r->log = &hushed[level < 0 ? 0 : level > APLOG_NOTICE ? APLOG_NOTICE : level];
}

void hush_end(request_rec *r)
{
    const size_t count = sizeof hushed / sizeof hushed[0];
    if (r->log >= hushed && r->log < hushed + count)
        r->log = r->connection->log;
}

void hush_http2(apr_pool_t *pconf, server_rec *first)
{
    const module *http2 = ap_find_linked_module("mod_http2.c");
    for (server_rec *server = first; http2 && server; server = server->next) {
        if (ap_get_server_module_loglevel(server, http2->module_index) <= APLOG_TRACE1)
            continue;
        ap_set_module_loglevel(pconf, &server->log, http2->module_index, APLOG_TRACE1);
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                     "stkgate: mod_http2 would log tokens at this LogLevel: for it, it is trace1");
    }
}
