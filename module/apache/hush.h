/* hush.h - httpd's log while it reads the header of a request
 *
 * About a line that is no header field, or has bytes that it may not have, httpd says so in its log
 * (debug, info), with the first 80 bytes of it: a token that somebody sent, with a blank in the
 * wrong place. No module can change what is logged. But it can say how much is logged about one
 * request.
 */
#ifndef STKGATE_APACHE_HUSH_H
#define STKGATE_APACHE_HUSH_H

#include <apr_pools.h>
#include <httpd.h>

/* From before the header is read, log about this request only what is `notice` or worse; until
 * hush_end(), once it is read and the credentials are taken out. A request whose header is wrong
 * never gets there, and stays so. */
void hush_begin(request_rec *r);
void hush_end(request_rec *r);

/* mod_http2 logs the fields of a header as it reads them, from trace2 on, about a connection of
 * which no request is known yet: of all servers from first on, it logs trace1 or worse. Once the
 * configuration was read. */
void hush_http2(apr_pool_t *pconf, server_rec *first);

#endif
