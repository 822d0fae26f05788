/* credentials.h - a request's fields for the check, and credentials out of the request's header */
#ifndef STKGATE_NGINX_CREDENTIALS_H
#define STKGATE_NGINX_CREDENTIALS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "module/nginx/kept.h"

/* Learn what credentials_take() makes variables forget. While the configuration is read. NGX_OK,
 * NGX_ERROR. */
ngx_int_t credentials_init(ngx_conf_t *cf);

/* The values of all fields into kept->request, if they are not there yet: those that came more than
 * once joined with ", ". They point into the request's buffers, or its pool.
 *
 * hides: take credentials out of r's header, so that they reach no program behind, whatever speaks
 * to it, nor a variable such as $http_x_stella_token. Also those with underscores for hyphens,
 * which programs behind could not tell from ours. NGX_OK, NGX_ERROR. */
ngx_int_t credentials_take(ngx_http_request_t *r, struct kept *kept, bool hides);

#endif
