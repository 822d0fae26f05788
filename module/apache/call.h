/* call.h - one request on its way through the gate: who it is, whether it may pass, what it is told
 *
 * httpd asks twice: who are you (check_authn), and may you (check_authz, where the Require lines
 * are looked at). Which scopes a call needs is known only after the second. So the first looks
 * without spending, and the charge is the last thing of the second: a refusal spends nothing. What
 * was right at the first question and is wrong by then, a token revoked in between, is refused by
 * the second.
 *
 * One HTTP request can become several request_recs, by internal redirects and sub-requests. What
 * the client sent, and that it was charged, is kept with the first of them: it is charged once.
 */
#ifndef STKGATE_APACHE_CALL_H
#define STKGATE_APACHE_CALL_H

#include <httpd.h>
#include <stdbool.h>

#include "module/apache/fields.h"
#include "module/apache/settings.h"

enum call_stage {
    CALL_NEW,       /* nobody has asked yet, or it is not to be asked here */
    CALL_PREFLIGHT, /* passes without a token, if it passes all that is not about tokens */
    CALL_KNOWN,     /* whose token it is: the verdict of a look */
    CALL_PASSED,    /* the verdict is the one it was charged by */
    CALL_REFUSED,   /* the verdict is why */
};

/* Lives as long as the first request_rec. */
struct call {
    enum call_stage stage;
    stkgate *gate;
    struct stkgate_verdict verdict;
    uint64_t granted;   /* scopes that Require lines wanted, and the token has */
    uint64_t missing;   /* ... and it has not */
    bool is_other_site; /* a Require line wants another site than the token's */
    bool is_unanswered; /* a Require line could not be decided */
    bool is_within;     /* the Require lines are being looked at */
    char *problem;      /* of a refusal: the body of the answer */
    bool has_told;      /* that body was sent */

    /* of the first alone */
    struct fields fields;
    const apr_table_t *hidden_in; /* its own table, when they are not in it; else NULL */
    const struct call *spent;     /* the one that was charged; NULL: none was */
};

/* That of this request_rec; call_first(): of the one that the client sent. Made when they are not
 * there. */
struct call *call_of(request_rec *r);
struct call *call_first(request_rec *r);

/* Whether this request is one that we are to let in: its AuthType is ours. */
bool call_is_ours(request_rec *r);

/* Take credentials out of the header of the request, unless they were; and have the programs behind
 * see them or not, as the configuration wants. */
void call_take_fields(request_rec *r);
void call_hide_fields(request_rec *r);

/* httpd's hooks: DECLINED when it is not for us; OK; or the status to refuse with. */
int call_authenticate(request_rec *r);
int call_authorize(request_rec *r);
/* ... and the last look before the request is served: what went through the above by a mistake of
 * anybody's, ends here. Sets the environment of programs behind. */
int call_fixup(request_rec *r);

#endif
