#include "module/apache/hush.h"

#include <http_log.h>
#include <stdbool.h>

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
