/* admin.h - `stkgate admin`: the verbs, and what they share
 */
#ifndef STKGATE_ADMIN_ADMIN_H
#define STKGATE_ADMIN_ADMIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/admin/arguments.h"
#include "daemon/admin/client.h"
#include "daemon/admin/terminal.h"

/* One run of the program. */
struct admin {
    const struct usage *usage; /* of the verb that runs */
    const char *runtime;       /* --runtime, else $STKGATE_RUNTIME, else /run/stkgate */
    bool json;                 /* --json */
    int64_t now_s;             /* Unix seconds */
    struct terminal terminal;  /* standard output */
    struct client *client;     /* NULL until admin_connect() */
};

/* The two options that each verb has. */
/* clang-format off */
#define ADMIN_OPTIONS(admin) \
    {"runtime", ARGUMENT_TEXT, false, {.text = &(admin)->runtime}}, \
    {"json", ARGUMENT_FLAG, false, {.flag = &(admin)->json}}
/* clang-format on */
#define ADMIN_OPTIONS_HELP                                                                         \
    "      --runtime DIR          directory of the daemon's sockets\n"                             \
    "      --json                 print JSON, for programs\n"                                      \
    "  -h, --help                 show this help\n"

/* A verb parses its arguments, calls the daemon, prints, and returns the exit status. */
struct verb {
    const char *name;    /* as the first words of the command line: "legacy", "add" */
    const char *subname; /* NULL: a verb of one word */
    const struct usage *usage;
    int (*run)(struct admin *admin, int argc, char *argv[]);
};

extern const struct verb verb_mint, verb_list, verb_show, verb_edit, verb_suspend, verb_resume;
extern const struct verb verb_rotate, verb_revoke, verb_site_list, verb_scope_list, verb_scope_add;
extern const struct verb verb_legacy_add, verb_legacy_list, verb_legacy_remove, verb_legacy_report;
extern const struct verb verb_audit, verb_status;

/* Make admin->client, if it is not there yet: for those who need it before a call. EXIT_STATUS_OK,
 * or the exit status, and the failure is printed. */
int admin_connect(struct admin *admin);

/* client_call(), with its failure printed. body is released (may be NULL: of a GET, or there was
 * no memory). EXIT_STATUS_OK and *ret, for the caller to release; or the exit status. */
int admin_call(struct admin *admin, const char *method, const char *path, json_t *body,
               json_t **ret);

/* A path with a key_id in it. */
#define ADMIN_PATH_MAX 64
struct admin_place {
    const char *before; /* "/v1/tokens/" */
    const char *key_id; /* from the command line: may be anything */
    const char *behind; /* "/revoke" */
};
/* EXIT_STATUS_OK; or the exit status, and it has been printed that this is no key id (without
 * repeating it: it may be a token). */
int admin_path(const struct admin *admin, const struct admin_place *place,
               char path[static ADMIN_PATH_MAX]);

/* GET /v1/tokens/KEY_ID: a token or a legacy key. EXIT_STATUS_OK and *ret, for the caller to
 * release; or the exit status, printed. */
int admin_get_token(struct admin *admin, const char *key_id, json_t **ret);

/* Print a failure that is not a matter of usage. Returns EXIT_STATUS_REFUSED. */
int admin_fail(const struct admin *admin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print a JSON value: indented on a terminal, else on one line. EXIT_STATUS_OK, or printed. */
int admin_print_json(const struct admin *admin, const json_t *value);

#endif
