/* http_admin.h - admin.sock: JSON for whoever manages tokens
 *
 *   GET   /v1/tokens[?site=&state=&after=&limit=]   POST /v1/tokens           mint
 *   GET   /v1/tokens/KEY_ID                         POST /v1/tokens/KEY_ID/rotate, /revoke
 *   POST  /v1/legacy                                GET  /v1/scopes  POST /v1/scopes
 *   GET   /v1/audit[?before=&limit=]                GET  /v1/status
 *
 * Errors are problem+json whose detail says what to do. docs/PROTOCOL.md is the reference.
 */
#ifndef STKGATE_DAEMON_HTTP_ADMIN_H
#define STKGATE_DAEMON_HTTP_ADMIN_H

#include "daemon/http.h"
#include "daemon/service.h"

/* An http_handler; userdata is the struct service. Refuses peers that may not admin with 403. */
void http_admin_handle(struct http_request *request, void *userdata);

#endif
