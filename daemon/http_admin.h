/* http_admin.h - admin.sock: JSON for whoever manages tokens
 *
 * The routes stand in http_admin.c. Errors are problem+json whose detail says what to do.
 * docs/PROTOCOL.md is the reference.
 */
#ifndef STKGATE_DAEMON_HTTP_ADMIN_H
#define STKGATE_DAEMON_HTTP_ADMIN_H

#include "daemon/http.h"
#include "daemon/service.h"

/* An http_handler; userdata is the struct service. Refuses peers that may not admin with 403,
 * before it looks at anything but who they are. */
void http_admin_handle(struct http_request *request, void *userdata);

#endif
