/* http.h - a check over HTTP on a kept connection, as a web server's auth_request makes it
 *
 * The same request, byte for byte, may go to any other HTTP server: only 200 with an empty body is
 * taken for an answer. Plain send(2) and recv(2), so that the client weighs little in the ratio.
 */
#ifndef STKGATE_BENCH_HTTP_H
#define STKGATE_BENCH_HTTP_H

#include "bench/token_file.h"

struct http {
    const char *socket_path;
    int fd;
};

/* socket_path is borrowed. All end the program on failure. */
void http_open(struct http *http, const char *socket_path);
void http_call(void *http, const struct token_entry *token); /* struct subject's call */
void http_close(struct http *http);

#endif
