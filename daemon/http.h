/* http.h - HTTP on a Unix socket: libmicrohttpd hung into the event loop
 *
 * The daemon has two: http.sock (http_check.h) and admin.sock (http_admin.h). This file knows MHD
 * and sd-event; the two know requests and answers.
 */
#ifndef STKGATE_DAEMON_HTTP_H
#define STKGATE_DAEMON_HTTP_H

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "daemon/descriptors.h"
#include "daemon/turns.h"
#include "lib/core/text.h"

struct http_server;
struct http_request;

/* Called once per request, when its headers and body are complete. Must answer with http_answer(),
 * at once or later on the same thread: also when the server was freed in between. */
typedef void (*http_handler)(struct http_request *request, void *userdata);

struct http_options {
    int listen_fd;            /* taken: a listening, non-blocking AF_UNIX SOCK_STREAM socket */
    struct turns *turns;      /* borrowed; NULL: its own */
    struct quota *quota;      /* borrowed; connections above a share are answered 503. NULL: */
    unsigned connections_max; /* those above it wait */
    struct reserve *reserve;  /* borrowed; used when there are no descriptors else. NULL: none */
    struct http_limits limits;
    http_handler handler;
    void *userdata;
};

int http_server_new(sd_event *event, const struct http_options *options, struct http_server **ret);
struct http_server *http_server_free(struct http_server *server); /* returns NULL */

/* Take no further connection in, as server_stop_accepting(). */
void http_server_stop_accepting(struct http_server *server);

/* In force for connections and requests that come from now on. */
void http_server_set_limits(struct http_server *server, const struct http_limits *limits,
                            unsigned connections_max);

/* ---- the request: texts are valid until http_answer() or http_server_free() --------------------
 */

const char *http_method(const struct http_request *request); /* "GET" */
struct text http_path(const struct http_request *request);   /* without the query, not decoded */
/* The field's value; of a repeated field the values joined with ", ". Names compare without regard
 * to case. Empty when absent. A value with a NUL byte or another control character but TAB never
 * gets here: such a request is answered 400. */
struct text http_field(struct http_request *request, const char *name);
/* A query argument, decoded; of a repeated one the values joined with ' '. data is NULL when it is
 * absent, and not NULL when it is there without a value. */
struct text http_argument(struct http_request *request, const char *name);
struct text http_body(const struct http_request *request);
const struct peer *http_peer(const struct http_request *request);

/* ---- the answer: fields are added first, then http_answer() ends the request -------------------
 */

void http_add_field(struct http_request *request, const char *name, const char *value);
/* Copies body, and wipes its own copy afterwards when secret is set. Safe when the client has left
 * or the server was freed meanwhile: nobody gets the answer then. request is gone afterwards. */
void http_answer(struct http_request *request, unsigned status, struct text body, bool secret);

/* Answer application/problem+json (RFC 9457) with this detail: a sentence without a secret. */
void http_answer_problem(struct http_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
