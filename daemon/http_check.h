/* http_check.h - http.sock: the check for whoever speaks HTTP
 *
 *   any method  /v1/check[/SERVICE[/anything]]   200 with an empty body, else problem+json
 *   GET         /healthz                         200 "ok"
 *   GET         /metrics                         Prometheus text
 *
 * The request carries the API call's own header fields; ?scope=...&cost=...&peek say what it needs.
 */
#ifndef STKGATE_DAEMON_HTTP_CHECK_H
#define STKGATE_DAEMON_HTTP_CHECK_H

#include "daemon/http.h"
#include "daemon/service.h"

/* An http_handler; userdata is the struct service. */
void http_check_handle(struct http_request *request, void *userdata);

#endif
