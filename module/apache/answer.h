/* answer.h - what the remote caller is told: header fields, and the body of a refusal
 */
#ifndef STKGATE_APACHE_ANSWER_H
#define STKGATE_APACHE_ANSWER_H

#include <httpd.h>

#include "module/apache/call.h"
#include "module/face/cold.h"

/* Once, before any request. */
void answer_register(void);

/* The fields of the call's verdict into the answer, whatever it will be: of a call that passed into
 * that of the request the client sent, also when r is a sub-request. */
void answer_fields(request_rec *r, const struct call *call);

/* Refuse by the call's verdict: log it, prepare the answer, and return its status. error: 0, or the
 * negative errno value of a call that failed. */
COLD int answer_refusal(request_rec *r, struct call *call, int error);

/* httpd's insert_error_filter hook: the body of a refusal in place of httpd's own, unless an
 * ErrorDocument says otherwise. */
void answer_insert(request_rec *r);

#endif
