/* answer.h - what the caller is told: header fields with every answer, and a body with a refusal */
#ifndef STKGATE_NGINX_ANSWER_H
#define STKGATE_NGINX_ANSWER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "module/nginx/kept.h"

/* Hang the filter that adds a verdict's fields into the chain: they stand in whatever answer is
 * given in the end, once. NGX_OK. */
ngx_int_t answer_init(ngx_conf_t *cf);

/* Refuse with kept->verdict, for good: what the access handler is to return. Where the location has
 * an error_page for that status nginx goes there; else the problem is sent from here. */
ngx_int_t answer_refusal(ngx_http_request_t *r, struct kept *kept);

#endif
