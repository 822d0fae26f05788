/* access.h - who may pass
 *
 * Two handlers: one gathers the fields of a request and hides its credentials, before any access
 * handler, since auth_request hands the header on; the other checks, after all of nginx's own
 * access handlers, so that whom they refuse, or let pass by themselves, spends nothing.
 */
#ifndef STKGATE_NGINX_ACCESS_H
#define STKGATE_NGINX_ACCESS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Hang them into their phases. NGX_OK, NGX_ERROR. */
ngx_int_t access_init(ngx_conf_t *cf);

#endif
