/* require.h - the lines "Require stkgate-scope NAME..." and "Require stkgate-site ID..."
 *
 * A call needs all scopes of a line, as of a list of scopes anywhere; and its token must be of one
 * of the sites of a line, since it can't be of more. Further logic is httpd's, with <RequireAny>
 * and others.
 */
#ifndef STKGATE_APACHE_REQUIRE_H
#define STKGATE_APACHE_REQUIRE_H

#include <apr_pools.h>
#include <httpd.h>

/* Forget the lines of an earlier reading of the configuration. */
void require_begin(apr_pool_t *pconf);

/* Tell httpd of the two. */
void require_register(apr_pool_t *pool);

/* Ask the daemon about the scope names that were read. OK; or HTTP_INTERNAL_SERVER_ERROR and an
 * error in the log when there is no such scope. A daemon that can't be asked is no error: then
 * requests are refused until it can. */
int require_look_up(server_rec *server);

#endif
