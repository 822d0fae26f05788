/* client.h - requests to the daemon's admin.sock: HTTP over a Unix socket, JSON both ways
 *
 * One connection, kept between calls. Bounded: 5 s to connect, 60 s for an answer, 64 KiB of header
 * fields, 8 MiB of body. Answers may hold secrets: their memory is wiped (wiping.h).
 */
#ifndef STKGATE_ADMIN_CLIENT_H
#define STKGATE_ADMIN_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#define CLIENT_MESSAGE_MAX 1024

struct client;

struct client_options {
    const char *runtime; /* the daemon's --runtime directory */
    long timeout_ms;     /* of a whole call; 0: 60000 */
};

struct client_call {
    const char *method; /* "GET"; all others are changes: "POST", "PATCH", "DELETE" */
    const char *path;   /* "/v1/tokens", with its query */
    const json_t *body; /* of a change; NULL: none */
};

/* wiping_install() comes first. Connects to nothing yet. -ENOMEM; -ENAMETOOLONG: runtime is too
 * long for a socket address. */
int client_new(const struct client_options *options, struct client **ret);
struct client *client_free(struct client *client); /* NULL is allowed; returns NULL */

/* Make one call. Returns EXIT_STATUS_OK and *ret, an object that the caller releases; or another
 * exit status, and client_message() says what to do: EXIT_STATUS_UNAVAILABLE when no daemon was
 * reached, EXIT_STATUS_REFUSED when it refused, failed, or did not answer. */
int client_call(struct client *client, const struct client_call *call, json_t **ret);

/* Why the last call failed; may hold text from the daemon: print it with printable_write(). */
const char *client_message(const struct client *client);

/* text in a form that can stand in a query. wiping_free() it; NULL when there is no memory. */
char *client_escape(struct client *client, const char *text);

#endif
