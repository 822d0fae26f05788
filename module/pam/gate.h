/* gate.h - one question to the daemon, as the options of a service file put it
 *
 * Each has a handle of its own, opened and closed within the call. So nothing is shared by the PAM
 * handles of a threaded program, nothing is left when libpam unloads the module, and the cost, a
 * connection, is small beside a login.
 */
#ifndef STKGATE_PAM_GATE_H
#define STKGATE_PAM_GATE_H

#include "module/pam/options.h"
#include "stkgate.h"

struct question {
    const struct options *options;
    struct stkgate_text credential;
    struct stkgate_text site; /* not empty */
    bool legacy;              /* the credential is an X-API-Key */
    bool peek;                /* spend nothing, whatever options say */
};

struct answer {
    struct stkgate_verdict verdict;  /* a refusal until it is known better */
    char scopes[STKGATE_SCOPES_MAX]; /* names of those that the token has */
    const char *failed;              /* what, when the call failed; static */
    bool misconfigured;              /* it failed because of an option */
};

/* 0, or -errno as stkgate_open(), stkgate_scope() and stkgate_check(); the verdict is a refusal
 * then. Takes at most two seconds, mostly far less than one millisecond. */
int gate_ask(const struct question *question, struct answer *ret);

#endif
