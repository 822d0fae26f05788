/* authorizer.c - `stkgate authorizer`: tells a web server, by FastCGI, whether a call may pass */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "daemon/commands.h"
#include "module/cgi/facts.h"
#include "module/cgi/fastcgi.h"
#include "module/cgi/judge.h"
#include "module/cgi/listener.h"
#include "module/cgi/reply.h"
#include "module/cgi/workers.h"

static const char usage[] = "Usage: stkgate authorizer [OPTION]...\n";
static const char help[] =
    "A FastCGI authorizer: a web server asks it about each call, and passes its answer on when\n"
    "it is a refusal. It listens on the socket that systemd hands it, or on standard input as\n"
    "lighttpd's bin-path and spawn-fcgi have it.\n"
    "\n"
    "Options:\n"
    "      --service NAME     ask as this service (default: default)\n"
    "      --scope LIST       scopes that each call needs; may be repeated\n"
    "      --site ID          the site that the calls are for, whatever X-Site-ID says\n"
    "      --cost N           units that a call spends (default: what the service says)\n"
    "      --preflight        let a browser's CORS preflight pass, unspent\n"
    "      --log-refusals     a line on standard error for each call that is refused\n"
    "      --threads N        calls that are judged at a time, 1 to 64 (default 4)\n"
    "      --socket PATH      the daemon's check.sock, or its directory\n"
    "      --runtime DIR      directory of the daemon's sockets\n"
    "                         (default $STKGATE_RUNTIME, else /run/stkgate)\n"
    "      --deadline TIME    wait no longer than this: 50ms, 2s (default 1s)\n"
    "  -h, --help             show this help\n"
    "\n"
    "The web server's parameters STKGATE_NEEDS and STKGATE_COST name further scopes and another\n"
    "cost for the calls that it gives them to.\n"
    "\n"
    "Exit status: 0 ended by SIGTERM, 64 usage, 69 no socket was handed over, or it failed.\n"
    "\n"
    "Examples:\n"
    "  spawn-fcgi -s /run/shop/gate.sock -- /usr/bin/stkgate authorizer --scope catalog:read\n"
    "  systemd-socket-activate -l /run/shop/gate.sock stkgate authorizer --service shop\n";

struct authorizer {
    const struct options *options;
    stkgate *gate;
};

/* ---- one call ------------------------------------------------------------------------------ */

/* What the web server's configuration says of this call: no client can set a name without HTTP_. */
struct needs {
    uint64_t scopes, cost;
};

static int read_needs(const struct authorizer *authorizer, char *const parameters[],
                      struct needs *ret)
{
    const char *scopes = variables_get(parameters, "STKGATE_NEEDS");
    const char *cost = variables_get(parameters, "STKGATE_COST");
    const char *end = "";
    struct needs needs = {0, 0};
    if (cost && *cost && (!gate_parse_number(cost, &needs.cost, &end) || *end || needs.cost == 0))
        return -EINVAL;
    int r = scopes && *scopes ? stkgate_scope(authorizer->gate, scopes, &needs.scopes) : 0;
    if (r == 0)
        *ret = needs;
    return r;
}

static int add_variable(const char *name, const char *value, void *userdata)
{
    char variable[64];
    if (snprintf(variable, sizeof variable, "Variable-%s", name) >= (int)sizeof variable)
        return -ENOBUFS;
    reply_add_field(userdata, variable, value);
    return 0;
}

/* Of RateLimit-Limit, STKGATE_RATELIMIT_LIMIT. */
static int add_field_variable(const char *name, const char *value, void *userdata)
{
    char variable[48] = "STKGATE_";
    size_t len = strlen(variable);
    for (; *name; name++) {
        if (len + 1 == sizeof variable)
            return -ENOBUFS;
        variable[len++] = (char)(*name == '-' ? '_' : toupper((unsigned char)*name));
    }
    return add_variable(variable, value, userdata);
}

/* The server goes on with the call, which gets these variables. FastCGI says nothing of other
 * fields; lighttpd drops them. So they are variables, too, for a program behind to send. */
static void allow(const struct authorizer *authorizer, const struct stkgate_verdict *verdict,
                  struct reply *reply, bool is_head)
{
    stkgate *gate = authorizer->gate;
    reply_add_field(reply, "Status", "200 OK");
    int r = reply_add_verdict(reply, gate, verdict);
    if (r == 0)
        r = stkgate_verdict_headers(gate, verdict, add_field_variable, reply);
    if (r == 0)
        r = facts_walk(gate, verdict, add_variable, reply);
    reply_end(reply);
    if (r != 0 || reply->too_long)
        reply_fail(reply, 503, is_head);
}

static void decide(const struct authorizer *authorizer, char *const parameters[],
                   const struct variables *variables, struct reply *reply)
{
    const struct options *options = authorizer->options;
    bool is_head = strcmp(variables->method, "HEAD") == 0;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct needs needs = {0, 0};
    int r = read_needs(authorizer, parameters, &needs);
    if (r == -EINVAL || r == -ENXIO) {
        fprintf(stderr,
                "%s: the web server's STKGATE_NEEDS must be names of registered scopes, "
                "and its STKGATE_COST a whole number of at least 1\n",
                options->program);
        reply_fail(reply, 500, is_head);
        return;
    }
    if (r < 0)
        gate_explain(options->program, &options->gate, r);
    else
        r = judge(options, authorizer->gate, variables, needs.scopes, needs.cost, &verdict);
    if (r == -EINVAL)
        reply_fail(reply, 500, is_head);
    else if (r == 0 && verdict.status == 200)
        allow(authorizer, &verdict, reply, is_head);
    else
        reply_refuse(reply, authorizer->gate, &verdict, is_head);
}

static void answer(char *const parameters[], bool is_authorizer, struct reply *reply,
                   void *userdata)
{
    const struct authorizer *authorizer = userdata;
    const struct options *options = authorizer->options;
    struct variables variables;
    if (!is_authorizer) {
        fprintf(stderr,
                "%s: asked for a page, and not whether a call may pass: the web server must have "
                "it as an authorizer (lighttpd: \"mode\" => \"authorizer\")\n",
                options->program);
        reply_fail(reply, 500, false);
        return;
    }
    if (variables_read(parameters, &variables) < 0) {
        fprintf(stderr, "%s: %s\n", options->program, strerror(ENOMEM));
        reply_fail(reply, 503, false);
        return;
    }
    if (options->preflight && variables.is_preflight) {
        reply_add_field(reply, "Status", "200 OK");
        reply_end(reply);
    } else {
        decide(authorizer, parameters, &variables, reply);
    }
    variables_deinit(&variables);
}

static void serve(int connection, void *userdata)
{
    fastcgi_serve(connection, answer, userdata);
}

/* ---- the command --------------------------------------------------------------------------- */

static int fail_usage(const char *mistake)
{
    fprintf(stderr, "stkgate authorizer: %s\n%s", mistake, usage);
    return EXIT_STATUS_USAGE;
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "stkgate authorizer: %s: %s\n", what, strerror(-error));
    return EXIT_STATUS_UNAVAILABLE;
}

static int fail_to_listen(int error)
{
    switch (error) {
    case -ENOTSOCK:
        fputs("stkgate authorizer: there is no socket to listen on: it is started by systemd "
              "(stkgate-authorizer.socket), by lighttpd (\"bin-path\") or by spawn-fcgi\n",
              stderr);
        return EXIT_STATUS_UNAVAILABLE;
    case -E2BIG:
        fputs("stkgate authorizer: systemd has more than one socket for it: give it one\n", stderr);
        return EXIT_STATUS_UNAVAILABLE;
    case -EINVAL:
        fputs("stkgate authorizer: the socket that it was given is not a listening stream "
              "socket\n",
              stderr);
        return EXIT_STATUS_UNAVAILABLE;
    default: return fail("the socket that it was given can't be used", error);
    }
}

/* A scope with a typing error must be noticed now, and not by the first call. Custom names need the
 * daemon: when it is not there yet, they are looked up with each call. */
static int open_gate(struct authorizer *authorizer)
{
    const char *mistake = NULL;
    uint64_t scopes;
    int r = gate_open(&authorizer->options->gate, &authorizer->gate, &mistake);
    if (r == 0)
        gate_scopes(&authorizer->options->gate, authorizer->gate, &scopes, &mistake);
    if (mistake)
        return fail_usage(mistake);
    return r < 0 ? fail("no handle could be opened", r) : EXIT_STATUS_OK;
}

static int listen_and_serve(struct authorizer *authorizer)
{
    int fd;
    int r = listener_take(&fd);
    if (r < 0)
        return fail_to_listen(r);
    r = workers_run(fd, authorizer->options->threads, serve, authorizer);
    return r < 0 ? fail("it can't serve", r) : EXIT_STATUS_OK;
}

int command_authorizer(int argc, char *argv[])
{
    struct options options;
    struct authorizer authorizer = {.options = &options};
    const char *mistake = options_parse(FACE_AUTHORIZER, argc, argv, &options);
    if (mistake)
        return fail_usage(mistake);
    if (options.help) {
        printf("%s\n%s", usage, help);
        return EXIT_STATUS_OK;
    }
    int r = fastcgi_init();
    if (r == -ENOSYS) {
        fputs("stkgate authorizer: this stkgate was built without FastCGI: build it where "
              "libfcgi-dev is installed\n",
              stderr);
        return EXIT_STATUS_UNAVAILABLE;
    }
    if (r < 0)
        return fail("libfcgi can't be used", r);
    int status = open_gate(&authorizer);
    if (status == EXIT_STATUS_OK)
        status = listen_and_serve(&authorizer);
    stkgate_close(authorizer.gate);
    return status;
}
