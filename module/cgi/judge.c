#include "module/cgi/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* systemd reads how grave a line is from its beginning; others would show it as text. */
static const char *level_of_refusals(void)
{
    return getenv("JOURNAL_STREAM") ? "<6>" : "";
}

static void tell(const struct options *options, const struct stkgate_verdict *verdict)
{
    if (!options->log_refusals || verdict->status == 200)
        return;
    const char *reason = stkgate_reason_string(verdict->reason);
    if (verdict->key_id[0])
        fprintf(stderr, "%s%s: refused: %u %s key_id=%s site=%s\n", level_of_refusals(),
                options->program, verdict->status, reason, verdict->key_id, verdict->site);
    else
        fprintf(stderr, "%s%s: refused: %u %s\n", level_of_refusals(), options->program,
                verdict->status, reason);
}

static int ask(const struct options *options, stkgate *gate, struct stkgate_request *request,
               struct stkgate_verdict *ret, const char **ret_mistake)
{
    uint64_t scopes = 0;
    int r = gate_scopes(&options->gate, gate, &scopes, ret_mistake);
    if (r < 0)
        return r;
    request->scopes |= scopes;
    return stkgate_check(gate, request, ret);
}

int judge(const struct options *options, stkgate *gate, const struct variables *variables,
          uint64_t scopes, uint64_t cost, struct stkgate_verdict *ret)
{
    struct stkgate_request request = variables->request;
    const char *mistake = NULL;
    *ret = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    request.scopes = scopes;
    request.cost = cost ? cost : options->gate.cost;
    if (options->site)
        request.site = stkgate_text(options->site);
    int r = ask(options, gate, &request, ret, &mistake);
    if (r == 0) {
        tell(options, ret);
        return 0;
    }
    if (!mistake) {
        gate_explain(options->program, &options->gate, r);
        return r;
    }
    fprintf(stderr, "%s: %s\n", options->program, mistake);
    return -EINVAL;
}
