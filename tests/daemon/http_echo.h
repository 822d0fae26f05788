/* http_echo.h - a handler that shows what it was given, for tests
 *
 *   /count    how many requests reached the handler; is none itself
 *   /later    is answered by the next /release, "late"
 *   /never    is answered after the server was freed
 *   /starve   opens all descriptors there are; /feed closes them
 *   else      200, the request's own body, and X-Uid, X-Method, X-Path, X-Field (of X-Test),
 *             X-Argument (of a); X-Field-There and X-Argument-There say yes or no
 */
#ifndef STKGATE_TESTS_DAEMON_HTTP_ECHO_H
#define STKGATE_TESTS_DAEMON_HTTP_ECHO_H

#include "tests/daemon/http_rig.h"

#define ECHO_HEADER_MAX  8192
#define ECHO_BODY_MAX    65536
#define ECHO_CONNECTIONS 4

/* A rig_serve_fn; the socket is DIR/s. */
void http_echo_serve(struct rig *rig, sd_event *event);

/* Ask /count. */
unsigned http_echo_handled(const struct rig *rig);

#endif
