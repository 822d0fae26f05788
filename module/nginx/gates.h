/* gates.h - one stkgate handle for each service and socket that a configuration names
 *
 * Opened while the configuration is read, in the master; used in the workers, each of which gets
 * connections of its own; closed with the cycle's pool.
 */
#ifndef STKGATE_NGINX_GATES_H
#define STKGATE_NGINX_GATES_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "stkgate.h"

/* Make ret an empty collection in cf's pool. 0, -ENOMEM. */
int gates_init(ngx_array_t *ret, ngx_conf_t *cf);

/* The handle for this service; runtime is the daemon's directory, or empty: the library's default.
 * Both end with a NUL. NULL: it was logged why not. */
stkgate *gates_get(ngx_array_t *gates, ngx_conf_t *cf, const ngx_str_t *service,
                   const ngx_str_t *runtime);

#endif
