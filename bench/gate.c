#include "bench/gate.h"

#include <err.h>
#include <stdlib.h>

/* A check that waits for a disk by mistake is to be measured, not cut off. */
#define DEADLINE_MS 10000

static void choose(enum gate_path path)
{
    int r = path == GATE_SOCKET ? setenv("STKGATE_DIRECT", "no", 1) : unsetenv("STKGATE_DIRECT");

    if (r < 0)
        err(EXIT_FAILURE, "STKGATE_DIRECT");
}

void gate_open(struct gate *gate, const char *runtime, enum gate_path path)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;

    choose(path); /* it is read when a handle is opened */
    options.runtime = runtime;
    options.deadline_ms = DEADLINE_MS;
    int r = stkgate_open(&gate->handle, "bench", &options);
    if (r == 0)
        r = stkgate_scope(gate->handle, "cart:write", &gate->scopes);
    if (r < 0)
        errx(EXIT_FAILURE, "cannot open %s: %s", runtime, strerror(-r));
}

void gate_call(void *state, const struct token_entry *token)
{
    struct gate *gate = state;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    request.token = stkgate_text(token->token);
    request.site = stkgate_text(token->site);
    request.origin = stkgate_text(TOKEN_FILE_ORIGIN);
    request.scopes = gate->scopes;
    int r = stkgate_check(gate->handle, &request, &verdict);
    if (r < 0)
        errx(EXIT_FAILURE, "a check failed: %s", strerror(-r));
    if (verdict.status != 200)
        errx(EXIT_FAILURE, "a check was refused: %s", stkgate_reason_string(verdict.reason));
}

void gate_close(struct gate *gate)
{
    gate->handle = stkgate_close(gate->handle);
}
