/* admin_json.h - what the admin face answers, as JSON
 *
 * Field names are those of product and protocol: key_id, secret_prefix, created_at... Times are
 * RFC 3339 or null. Each function returns a new reference, or NULL when memory is short.
 */
#ifndef STKGATE_DAEMON_ADMIN_JSON_H
#define STKGATE_DAEMON_ADMIN_JSON_H

#include <jansson.h>

#include "daemon/service.h"

/* Make jansson wipe each piece of memory when it gives it back: secrets and legacy keys pass
 * through it. For the whole process; to be called before its first use, again does no harm. */
void admin_json_own_memory(void);

/* Whether jansson was refused memory since the last call: when its buffer for a string can't grow,
 * it drops a character and goes on. A text that was parsed then is none. */
bool admin_json_was_short(void);

/* A token or legacy key as lists show it; never a secret. */
json_t *admin_json_token(const struct listing *listing, const struct scope_registry *registry);

json_t *admin_json_audit(const struct audit_entry *entry);

json_t *admin_json_scopes(const struct scope_registry *registry, uint64_t mask);

json_t *admin_json_site(const struct site_summary *summary);

struct admin_status {
    const char *version;
    uint64_t uptime_s;
    int64_t started_at; /* Unix seconds */
    pid_t pid;
    struct store_stats stats;
    struct committer_stats commits;
    uint64_t checks[REASON_COUNT];
    const struct config *config;
    const struct quota *quota;
    struct view_stats view;
    const struct attached_list *attached;
};
/* Of the users, the first 500 of quota_walk(), and of attached_each(). */
json_t *admin_json_status(const struct admin_status *status);

/* A list's position, opaque to clients, as hexadecimal digits: and back. */
#define ADMIN_POSITION_MAX 256 /* bytes, of the position itself */
bool admin_json_position_format(struct text position, char ret[static 2 * ADMIN_POSITION_MAX + 1]);
bool admin_json_position_parse(struct text digits, char ret[static ADMIN_POSITION_MAX],
                               size_t *ret_len);

#endif
