/* logs.h - no secret in an error log
 *
 * Puts a writer on nginx's logs that masks (mask.h) each line, which then goes where it would have
 * gone. nginx builds a line in a buffer of its own and hands it to each log of a chain in turn, the
 * one that logs most first: what the first one masks is masked for all, for syslog and memory, too.
 */
#ifndef STKGATE_NGINX_LOGS_H
#define STKGATE_NGINX_LOGS_H

#include <ngx_config.h>
#include <ngx_core.h>

/* Remember the first log of a chain, once; logs is an array of ngx_log_t *. 0, -ENOMEM. */
int logs_remember(ngx_array_t *logs, ngx_log_t *log);

/* Put the writer on all that are remembered, on the cycle's own and on those of its listening
 * sockets, until the cycle's pool is destroyed: code that was unloaded must not be called. When the
 * whole configuration is read: an error_log directive moves logs about. 0, -ENOMEM. */
int logs_mask(ngx_cycle_t *cycle, const ngx_array_t *logs);

#endif
