/* fastcgi.h - FastCGI, by libfcgi, which is known to fastcgi.c alone
 *
 * Where stkgate was built without it, fastcgi_none.c stands in its place.
 */
#ifndef STKGATE_MODULE_CGI_FASTCGI_H
#define STKGATE_MODULE_CGI_FASTCGI_H

#include <stdbool.h>

#include "module/cgi/reply.h"

/* Make the answer to a call. parameters are as an environment is; is_authorizer: the web server
 * asks whether the call may pass, and not for the page itself. */
typedef void (*fastcgi_answer_fn)(char *const parameters[], bool is_authorizer, struct reply *reply,
                                  void *userdata);

/* Once, before the others. 0; -ENOSYS: built without it; -EIO. */
int fastcgi_init(void);

/* Read one call from a connection and answer it. Does not close it, but nothing more is to be read
 * from it or written. Any number of threads, each with another connection. What a call's parameters
 * take is not limited here: the peer must be a web server, and limits what its own clients send. */
void fastcgi_serve(int connection, fastcgi_answer_fn answer, void *userdata);

#endif
