/* settings.h - the directives of the module, and what they come to for a request
 *
 * None of ours is allowed in .htaccess files: who writes these is not always who may choose whom
 * the server asks, and what it hands on.
 */
#ifndef STKGATE_APACHE_SETTINGS_H
#define STKGATE_APACHE_SETTINGS_H

#include <ap_config.h>
#include <ap_expr.h>
#include <httpd.h>
#include <http_config.h>
#include <stdbool.h>
#include <stdint.h>

extern module AP_MODULE_DECLARE_DATA stkgate_module;

#define SETTINGS_AUTH_TYPE "Stkgate"

/* What AuthType says: httpd's own directive, which we read, too, since to ask httpd for it
 * evaluates an expression each time. */
enum auth_type {
    AUTH_TYPE_UNSET,
    AUTH_TYPE_OURS,
    AUTH_TYPE_ANOTHER,
    AUTH_TYPE_EXPRESSION, /* ap_auth_type() knows */
};

enum toggle { TOGGLE_UNSET, TOGGLE_OFF, TOGGLE_ON };

/* Of a directory, location or server; merged by httpd on the way to a request. */
struct settings {
    const char *service;        /* StkgateService; NULL: GATES_SERVICE */
    const char *runtime;        /* StkgateSocket, its directory; NULL: the library's */
    uint64_t cost;              /* StkgateCost; 0: as the service's policy says */
    const ap_expr_info_t *site; /* StkgateSite; NULL: the X-Site-ID field */
    enum auth_type auth_type;
    enum toggle passes_token;     /* StkgatePassToken */
    enum toggle passes_preflight; /* StkgatePreflight */
};

extern const command_rec settings_commands[];

/* httpd's hooks for them. */
void *settings_create(apr_pool_t *pool, char *directory);
void *settings_merge(apr_pool_t *pool, void *outer, void *inner);
void *settings_create_server(apr_pool_t *pool, server_rec *server);
void *settings_merge_server(apr_pool_t *pool, void *outer, void *inner);

/* Those that apply to a request. Never NULL. */
const struct settings *settings_of(const request_rec *r);

/* Note that a line of the configuration of this server names stkgate; whether there is one: then
 * the fields of all its requests are taken at once. */
void settings_mention(const cmd_parms *command);
bool settings_are_mentioned(const server_rec *server);

/* Whether the directive stands in a .htaccess file, read while requests are served. */
bool settings_is_htaccess(const cmd_parms *command);

#endif
