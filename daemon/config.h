/* config.h - what the operator configured: stkgate.conf and services.d
 *
 * Read all or nothing: on any mistake nothing is taken, and the message says file, line and what to
 * write instead. Unknown keys are mistakes. A missing configuration directory is the defaults.
 */
#ifndef STKGATE_DAEMON_CONFIG_H
#define STKGATE_DAEMON_CONFIG_H

#include <stdio.h>

#include "daemon/authz.h"
#include "daemon/quota.h"
#include "lib/core/policy.h"
#include "lib/core/scope.h"

#define CONFIG_ERROR_MAX 512

struct service_config {
    char name[SERVICE_MAX + 1];
    struct policy policy; /* its scopes and accept are set by config_resolve_scopes() */
    uint8_t accept;       /* as configured */
    char scope_names[SCOPE_TEXT_MAX];
    struct principals callers; /* who may ask as this service */
    struct principals direct;  /* who, of those, may map the view */
};

/* Of one HTTP connection; those of admin.sock are the same. */
struct http_limits {
    uint64_t request_deadline_ns; /* from its first byte, or the connection's, to its last */
    uint64_t idle_timeout_ns;     /* between two requests */
    uint64_t header_bytes_max;    /* of a request's header section; more is answered 431 */
    uint64_t body_bytes_max;      /* more is answered 413 */
};

/* [daemon] of stkgate.conf is all but the services; the keys are in config_daemon.c. */
struct config {
    uint64_t map_size_bytes; /* the most that the table can grow to */
    unsigned change_queue_max;
    struct quota_limits quota;  /* of check.sock and http.sock */
    unsigned connects_per_s;    /* new connections of check.sock that are taken */
    uint64_t hello_deadline_ns; /* a connection that says nothing is closed */
    struct http_limits http;
    struct principals admins;
    unsigned admin_connections_max; /* of admin.sock, in all */
    bool log_refusals;
    unsigned refusals_logged_per_s;
    /* services.d */
    struct service_config *services; /* [0] is "default" */
    unsigned service_count;
};

/* dir: the directory with stkgate.conf and services.d/; NULL: defaults only. 0, or -errno with
 * message filled. */
int config_load(const char *dir, struct config **ret, char message[static CONFIG_ERROR_MAX]);
struct config *config_free(struct config *config); /* NULL is allowed; returns NULL */

/* The name of a key whose new value needs a restart; NULL: none of those has changed. */
const char *config_restart_key(const struct config *old, const struct config *changed);

/* What differs from the defaults, as lines of text: keys of stkgate.conf, then those of each
 * service. 0 or -ENOMEM. */
int config_print(const struct config *config, FILE *file);

/* Set each policy's scope mask from its names, and what it accepts. A service that names a scope
 * which is not registered accepts nothing until it is: -ENOENT then, with message filled about the
 * first such; all others are set all the same. Again after a scope was added. */
int config_resolve_scopes(struct config *config, const struct scope_registry *registry,
                          char message[static CONFIG_ERROR_MAX]);

/* The service of this name, else "default". Never NULL. */
const struct service_config *config_service(const struct config *config, struct text name);

#endif
