#include "module/pam/gate.h"

#include <errno.h>

static int check(stkgate *gate, const struct question *question, struct answer *ret)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    size_t len;
    int r;

    ret->failed = "its scopes";
    r = stkgate_scope(gate, question->options->scopes, &request.scopes);
    if (r < 0) {
        ret->misconfigured = r == -EINVAL || r == -ENXIO;
        return r;
    }
    if (question->legacy)
        request.api_key = question->credential;
    else
        request.token = question->credential;
    request.site = question->site;
    request.cost = question->options->cost;
    if (question->peek || question->options->peek) {
        request.flags = STKGATE_PEEK;
        request.cost = 0;
    }
    ret->failed = "the check";
    r = stkgate_check(gate, &request, &ret->verdict);
    if (r < 0)
        return r;
    return stkgate_scope_names(gate, ret->verdict.scopes, ret->scopes, sizeof ret->scopes, &len);
}

int gate_ask(const struct question *question, struct answer *ret)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate;
    int r;

    *ret = (struct answer){.verdict = STKGATE_VERDICT_INIT, .failed = "its service or socket"};
    /* Not $STKGATE_RUNTIME, ever: who starts a login program must not choose whom it asks. */
    options.runtime = question->options->runtime;
    options.deadline_ms = question->options->timeout_ms;
    r = stkgate_open(&gate, question->options->service, &options);
    if (r < 0) {
        ret->misconfigured = r == -EINVAL || r == -ENAMETOOLONG;
        return r;
    }
    r = check(gate, question, ret);
    if (r < 0) /* also where a verdict came and the names of its scopes did not */
        ret->verdict = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    stkgate_close(gate);
    return r;
}
