/* settings.h - the directives, and what they come to at each place of the configuration */
#ifndef STKGATE_NGINX_SETTINGS_H
#define STKGATE_NGINX_SETTINGS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "stkgate.h"

/* Of the whole configuration. */
struct settings_main {
    ngx_array_t gates; /* gates.h */
    ngx_array_t logs;  /* of ngx_log_t *: each that a server or location has */
};

/* Of an http, server or location block. The first part is what directives set. */
struct settings {
    ngx_str_t service;        /* NUL-terminated; data is NULL: not set; empty: off */
    ngx_str_t runtime;        /* NUL-terminated; data is NULL: not set */
    ngx_array_t *scope_names; /* of ngx_str_t */
    ngx_str_t scope_file;     /* where they stand */
    ngx_uint_t scope_line;
    ngx_http_complex_value_t *site; /* NULL: the field X-Site-ID */
    ngx_int_t cost;                 /* 0: look without spending; SETTINGS_COST_OF_SERVICE */
    ngx_msec_t timeout_ms;          /* 0: the library's */
    ngx_flag_t preflight;
    ngx_flag_t pass_token;

    stkgate *gate; /* NULL: off */
    uint64_t scopes;
};
#define SETTINGS_COST_OF_SERVICE (-2) /* unlike NGX_CONF_UNSET */

extern ngx_command_t settings_commands[];

/* As in ngx_http_module_t. Merging opens the handles and resolves the scopes, and logs what is
 * wrong with them. */
void *settings_create_main(ngx_conf_t *cf);
void *settings_create(ngx_conf_t *cf);
char *settings_merge(ngx_conf_t *cf, void *parent, void *child);

#endif
