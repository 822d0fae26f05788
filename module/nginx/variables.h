/* variables.h - what is known of a request, for logs and for programs behind
 *
 * $stkgate_key_id, $stkgate_site, $stkgate_scopes, $stkgate_kind, $stkgate_reason,
 * $stkgate_remaining: empty, "-" in a log, where nothing is known.
 */
#ifndef STKGATE_NGINX_VARIABLES_H
#define STKGATE_NGINX_VARIABLES_H

#include <ngx_config.h>
#include <ngx_core.h>

/* Before the configuration is read. NGX_OK, NGX_ERROR. */
ngx_int_t variables_init(ngx_conf_t *cf);

#endif
