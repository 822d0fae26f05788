/* reply.h - answers as CGI has them: header lines, an empty line, a body
 *
 * A server reads what a CGI program writes, and makes an answer to the client of it. Lines end with
 * LF alone there, which is a program's line end on Unix (RFC 3875, 7.2): what a program behind adds
 * may end with LF or CR LF. Or it hands on raw what it gets ("nph-" programs, RFC 3875, 5): then it
 * is HTTP itself. Pure, but for asking the handle.
 */
#ifndef STKGATE_MODULE_CGI_REPLY_H
#define STKGATE_MODULE_CGI_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "stkgate.h"

/* The longest one: a challenge that names all scopes, the same again in the body, a link. */
#define REPLY_MAX 8192

struct reply {
    size_t len;
    bool is_raw;   /* HTTP itself, for the client */
    bool too_long; /* some was left out */
    char text[REPLY_MAX];
};

/* Empty, to be read by a server; raw: to be handed on. */
void reply_init(struct reply *reply, bool is_raw);

/* Add a header line. Bytes that are no part of a header field's value are left out. */
void reply_add_field(struct reply *reply, const char *name, const char *value);

/* Add the fields of a verdict (stkgate_verdict_headers()). 0, or its error. */
int reply_add_verdict(struct reply *reply, stkgate *gate, const struct stkgate_verdict *verdict);

/* End the header: the empty line. */
void reply_end(struct reply *reply);

/* Make of a reply, whatever is in it, the whole answer of a verdict that is no 200, without its
 * body to HEAD. Never fails: where there is no room or the handle can't tell, it is a 503. */
void reply_refuse(struct reply *reply, stkgate *gate, const struct stkgate_verdict *verdict,
                  bool is_head);

/* Likewise, when there is no verdict and no handle: status is 500 or 503. */
void reply_fail(struct reply *reply, unsigned status, bool is_head);

#endif
