/* http_rig.h - an HTTP server in a process of its own, and a client that sends it bytes, for tests
 *
 * The client writes what it is told, valid HTTP or not, and reads one answer at a time. Nothing
 * sleeps: each read waits for what must come, at most 30 seconds.
 */
#ifndef STKGATE_TESTS_DAEMON_HTTP_RIG_H
#define STKGATE_TESTS_DAEMON_HTTP_RIG_H

#include <limits.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/http.h"
#include "lib/core/token.h"

#define RIG_ANSWER_MAX 262144

struct rig {
    char dir[PATH_MAX];
    pid_t pid; /* of the server */
};

/* Serve (in the child) until SIGTERM; set up servers on event, run the loop, take all down. */
typedef void (*rig_serve_fn)(struct rig *rig, sd_event *event);

/* Makes a directory and starts the child; returns when it serves. */
void rig_start(struct rig *rig, rig_serve_fn serve);
/* SIGTERM; the child must end with 0: a leak or a sanitizer's finding fails the test. */
void rig_stop(struct rig *rig);

/* For serve: a listening socket DIR/NAME; and the loop, which tells the parent that it is there. */
int rig_listen(struct rig *rig, const char *name);
void rig_loop(struct rig *rig, sd_event *event);

/* A rig_serve_fn: the daemon's two faces, DIR/http and DIR/admin, with a table of their own. */
struct fixture_file;
extern const struct fixture_file *rig_config; /* of the service; set before rig_start() */
struct fixture;
extern void (*rig_prepare)(struct fixture *fixture); /* what is done to the table first; or NULL */
void rig_serve_faces(struct rig *rig, sd_event *event);

/* ---- the client --------------------------------------------------------------------------------
 */

struct answer {
    unsigned status;               /* 0: the connection was closed without an answer */
    char header[32768];            /* status line and fields, NUL-terminated */
    char body[RIG_ANSWER_MAX + 1]; /* NUL-terminated */
    size_t body_len;
};

int rig_connect(const struct rig *rig, const char *name);
/* False: the other side closed before all was sent. */
bool rig_send(int fd, const void *bytes, size_t len);
/* The next answer on the connection; of a HEAD request it has no body. */
void rig_receive(int fd, bool head, struct answer *ret);
/* Wait until the other side has closed; what it still sends is dropped. */
void rig_expect_close(int fd);
/* Nothing to read now, and not closed. */
bool rig_is_silent(int fd);

/* The value of a field; NULL when it is not there. Static storage, until the next call. */
const char *rig_field(const struct answer *answer, const char *name);

/* Connect, send, receive one answer, close. */
void rig_ask(const struct rig *rig, const char *name, const void *bytes, size_t len,
             struct answer *ret);

/* The same for a request in parts: head is the request line and fields without Host and length. */
void rig_call(const struct rig *rig, const char *name, const char *head, const char *body,
              struct answer *ret);

/* A token of site kasa, minted on DIR/admin: members are further ones of the body, such as
 * ",\"strict\":true". */
struct rig_token {
    char key_id[KEY_ID_LEN + 1];
    char secret[TOKEN_LEN + 1];
};
struct rig_token rig_mint(const struct rig *rig, const char *members);

#endif
