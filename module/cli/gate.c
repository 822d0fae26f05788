#include "module/cli/gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ------------------------------------------------------------------------------- */

bool gate_parse_number(const char *text, uint64_t *ret, const char **ret_end)
{
    size_t len = strspn(text, "0123456789");
    unsigned long long number = strtoull(text, NULL, 10); /* beyond its range: its largest */
    if (len == 0 || number > INT64_MAX)
        return false;
    *ret = number;
    *ret_end = text + len;
    return true;
}

const char *gate_take_scopes(struct gate_options *options, const char *value)
{
    size_t used = strlen(options->scopes), len = strlen(value);
    if (used + len + 2 > sizeof options->scopes)
        return "--scope: too many scopes";
    options->scopes[used] = ' ';
    memcpy(options->scopes + used + 1, value, len + 1);
    return NULL;
}

const char *gate_take_cost(struct gate_options *options, const char *value)
{
    uint64_t cost;
    const char *end;
    if (!gate_parse_number(value, &cost, &end) || *end || cost == 0)
        return "--cost must be a whole number of at least 1";
    options->cost = cost;
    return NULL;
}

const char *gate_take_deadline(struct gate_options *options, const char *value)
{
    uint64_t number;
    const char *end = "";
    bool is_number = gate_parse_number(value, &number, &end) && number > 0 && number <= 60000;
    if (is_number && strcmp(end, "s") == 0 && number <= 60)
        options->deadline_ms = (uint32_t)number * 1000;
    else if (is_number && strcmp(end, "ms") == 0)
        options->deadline_ms = (uint32_t)number;
    else
        return "--deadline must be a time from 1ms to 60s, with its unit";
    return NULL;
}

/* ---- the handle ---------------------------------------------------------------------------- */

static const char *mistake_of_open(int error)
{
    switch (error) {
    case -EINVAL: return "--service must be 1 to 64 of a-z, 0-9, '-' and '_'";
    case -ENAMETOOLONG: return "--runtime (or $STKGATE_RUNTIME) is too long for a socket address";
    default: return NULL;
    }
}

static const char *mistake_of_scope(int error)
{
    switch (error) {
    case -EINVAL: return "--scope must be names such as cart:write";
    case -ENXIO:
        return "--scope names a scope that is not registered; 'stkgate admin scope list' lists "
               "them";
    default: return NULL;
    }
}

int gate_open(const struct gate_options *options, stkgate **ret, const char **ret_mistake)
{
    struct stkgate_options how = STKGATE_OPTIONS_INIT;
    how.runtime = options->runtime;
    how.deadline_ms = options->deadline_ms;
    int r = stkgate_open(ret, options->service, &how);
    *ret_mistake = mistake_of_open(r);
    return r;
}

int gate_scopes(const struct gate_options *options, stkgate *gate, uint64_t *ret_scopes,
                const char **ret_mistake)
{
    uint64_t scopes = 0;
    int r = options->scopes[0] ? stkgate_scope(gate, options->scopes, &scopes) : 0;
    *ret_mistake = mistake_of_scope(r);
    if (r == 0)
        *ret_scopes = scopes;
    return r;
}

/* ---- what to do ---------------------------------------------------------------------------- */

static const char *runtime_of(const struct gate_options *options)
{
    const char *environment = getenv("STKGATE_RUNTIME");
    if (options->runtime)
        return options->runtime;
    return environment && *environment ? environment : "/run/stkgate";
}

void gate_explain(const char *program, const struct gate_options *options, int error)
{
    const char *runtime = runtime_of(options);
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        fprintf(stderr,
                "%s: no daemon at %s/check.sock (%s): start it with 'systemctl start "
                "stkgate.socket', or name its directory with --runtime\n",
                program, runtime, strerror(-error));
        break;
    case EACCES:
        fprintf(stderr, "%s: you may not open %s/check.sock: ask the operator for access\n",
                program, runtime);
        break;
    case EPERM:
        fprintf(stderr,
                "%s: you may not ask as service %s: see 'callers' in the operator's "
                "services.d/%s.conf\n",
                program, options->service, options->service);
        break;
    case ETIMEDOUT:
        fprintf(stderr,
                "%s: the daemon at %s/check.sock did not answer within %u ms: see --deadline\n",
                program, runtime, options->deadline_ms);
        break;
    case EPROTO:
    case ECONNRESET:
        fprintf(stderr,
                "%s: what listens at %s/check.sock broke off or is no stkgate daemon of this "
                "version\n",
                program, runtime);
        break;
    default:
        fprintf(stderr, "%s: the daemon at %s/check.sock can't be asked: %s\n", program, runtime,
                strerror(-error));
    }
}
