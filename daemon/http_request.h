/* http_request.h - one request, from its first line to its answer; for http.c and http_request.c
 *
 * libmicrohttpd 0.9.75 takes header lines for C strings: what follows a NUL byte is cut off in
 * silence, and a line that begins with one ends the header section. A value would be judged here
 * that is not the one that was sent. So http_request_begin() looks at the section's bytes itself.
 */
#ifndef STKGATE_DAEMON_HTTP_REQUEST_H
#define STKGATE_DAEMON_HTTP_REQUEST_H

#include <microhttpd.h>

#include "daemon/http.h"

struct http_connection;

/* Memory that a text of the request points to. */
struct http_kept {
    struct http_kept *next;
    size_t len;
    char bytes[];
};

struct http_answer_field {
    struct http_answer_field *next;
    const char *name; /* static */
    char *value;
};

struct http_request {
    struct http_connection *owner;     /* NULL once that is freed */
    struct MHD_Connection *connection; /* NULL once that is gone, or not begun */
    struct peer peer;

    const char *raw_target; /* where MHD has it: for comparing addresses, never read through */
    char *target;           /* a copy, before MHD decodes in place; ours to cut up */
    size_t target_len;
    char method[16];
    struct text path;
    char *arguments; /* name NUL value NUL and so on, decoded */
    size_t arguments_len;

    char *body;
    size_t body_len, body_capacity;
    bool body_too_long, body_refused;
    size_t body_dropped;   /* bytes, of one that is too long */
    uint64_t body_counted; /* bytes, as the user's */

    struct http_kept *kept;
    struct http_answer_field *fields;
    struct MHD_Response *response; /* set when answered */
    unsigned status;

    bool begun;     /* its header section was looked at */
    bool handed;    /* the handler has it, and frees it by answering */
    bool answered;  /* http_answer() was called */
    bool suspended; /* MHD waits for http_answer() */
};

/* What is wrong with a request, if anything: static. status 0: nothing. */
struct http_fault {
    unsigned status;
    const char *detail;
};

/* target: as it stands in the request line. NULL when memory is short. */
struct http_request *http_request_new(struct http_connection *owner, const char *target);
struct http_request *http_request_free(struct http_request *request); /* returns NULL */

/* The header section is complete. method and version are MHD's own pointers into it; section_len is
 * its length in bytes as MHD counts it: from method to the body. */
struct http_fault http_request_begin(struct http_request *request,
                                     struct MHD_Connection *connection, const char *method,
                                     const char *version, size_t section_len);

/* The answer is to say that the header section was what could not be read: a proxy has that from
 * its client, and can tell it so. Every other fault is the proxy's own. */
void http_request_mark_unreadable(struct http_request *request);

/* Append to the body; what is above max is dropped, and body_too_long set. -ENOMEM. */
int http_request_add_body(struct http_request *request, const void *bytes, size_t len, size_t max);

/* Wipe and free what there is of it, and drop the rest. */
void http_request_drop_body(struct http_request *request);

/* Wipe the values of fields that carry a credential, in MHD's memory. */
void http_request_wipe_fields(struct http_request *request);

/* A query string -> name NUL value NUL name NUL value NUL..., decoded. ret has room for 2 *
 * query.len
 * + 2 bytes. False: a percent sign without two hexadecimal digits, or a control character. Pure. */
bool http_request_decode(struct text query, char *ret, size_t *ret_len);

#endif
