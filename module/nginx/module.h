/* module.h - the two modules of ngx_http_stkgate_module.so, as nginx knows them
 *
 * The first has the directives, variables and handlers; the second only adds header fields to
 * answers. They are two because a handler and a filter stand at different places in nginx's order.
 */
#ifndef STKGATE_NGINX_MODULE_H
#define STKGATE_NGINX_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>

extern ngx_module_t ngx_http_stkgate_module;
extern ngx_module_t ngx_http_stkgate_filter_module;

#endif
