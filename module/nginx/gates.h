/* gates.h - one stkgate handle for each service, socket and time-out that a configuration names
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

/* What a handle is opened for. Both names end with a NUL. */
struct gate_key {
    ngx_str_t service;
    ngx_str_t runtime;   /* the daemon's directory; empty: the library's default */
    uint32_t timeout_ms; /* 0: the library's default */
};

/* The handle for this, opened or found. NULL: it was logged why not. */
stkgate *gates_get(ngx_array_t *gates, ngx_conf_t *cf, const struct gate_key *key);

#endif
