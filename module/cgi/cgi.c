/* cgi.c - `stkgate cgi`: run by a web server as a CGI program, before the program that it is for */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "module/cgi/environment.h"
#include "module/cgi/firstline.h"
#include "module/cgi/judge.h"
#include "module/cgi/reply.h"

static const char usage[] = "Usage: stkgate cgi [OPTION]... -- PROGRAM [ARGUMENT]...\n";
static const char help[] =
    "Run by a web server as a CGI program: decide whether the call may pass. If it may, run\n"
    "PROGRAM in its place, with STKGATE_KEY_ID, STKGATE_SITE, STKGATE_SCOPES, STKGATE_KIND and\n"
    "STKGATE_REMAINING in its environment and the call's credentials taken out. If not, answer.\n"
    "\n"
    "Options:\n"
    "      --service NAME     ask as this service (default: default)\n"
    "      --scope LIST       scopes that the call needs; may be repeated\n"
    "      --site ID          the site that the program is for, whatever X-Site-ID says\n"
    "      --cost N           units that the call spends (default: what the service says)\n"
    "      --preflight        let a browser's CORS preflight pass, unspent\n"
    "      --pass-token       leave the credentials in the program's environment\n"
    "      --no-fields        put no RateLimit-* and the like before the program's own fields\n"
    "      --log-refusals     a line on standard error for each call that is refused\n"
    "      --socket PATH      the daemon's check.sock, or its directory\n"
    "      --runtime DIR      directory of the daemon's sockets\n"
    "                         (default $STKGATE_RUNTIME, else /run/stkgate)\n"
    "      --deadline TIME    wait no longer than this: 50ms, 2s (default 1s)\n"
    "  -h, --help             show this help\n"
    "\n"
    "In the first line of a script it stands before the script's interpreter.\n"
    "\n"
    "Exit status: that of PROGRAM; 0 refused, and answered; 64 usage, 69 the daemon can't be\n"
    "asked, 126 PROGRAM can't be run, 127 there is no PROGRAM: answered with 500 or 503.\n"
    "\n"
    "Examples:\n"
    "  exec stkgate cgi --scope cart:write -- /usr/lib/shop/cart \"$@\"\n"
    "  #!/usr/bin/stkgate cgi --scope catalog:read -- /usr/bin/perl\n"
    "  #!/usr/bin/stkgate cgi --service shop --site kasa -- /usr/bin/php-cgi\n";

struct call {
    const struct options *options;
    struct variables variables;
    bool is_head;
    bool is_raw; /* the server hands on what it gets, as it is */
};

/* A web server is there, to whom a mistake can be answered. */
static bool is_cgi(void)
{
    const char *method = getenv("REQUEST_METHOD");
    return method && *method;
}

/* The name by which servers know a program that speaks HTTP itself. */
static bool is_nph(void)
{
    const char *path = getenv("SCRIPT_FILENAME");
    if (!path || !*path)
        path = getenv("SCRIPT_NAME");
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path;
    return name && strncmp(name, "nph-", 4) == 0;
}

static void init_call(const struct options *options, struct call *ret)
{
    const char *method = getenv("REQUEST_METHOD");
    *ret = (struct call){
        .options = options,
        .is_head = method && strcmp(method, "HEAD") == 0,
        .is_raw = is_nph(),
    };
}

/* ---- answering ----------------------------------------------------------------------------- */

/* Not by stdio: nothing of it may be left in a buffer when the program takes over. */
static int write_reply(const struct reply *reply)
{
    for (size_t sent = 0; sent < reply->len;) {
        ssize_t n = write(STDOUT_FILENO, reply->text + sent, reply->len - sent);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            int error = errno;
            fprintf(stderr, "stkgate cgi: the answer can't be written: %s\n", strerror(error));
            return -error;
        }
    }
    return 0;
}

#define DRAIN_MAX_MS    2000
#define DRAIN_MAX_BYTES ((size_t)64 << 20)

static int64_t clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What is left of the call's body, once it is answered: mod_cgid and others break the answer off
 * when the program ends before it has read all that was sent to it. Bounded by bytes and time: the
 * answer is written, and nobody may keep us here, not by a byte now and then either. */
static void drain_body(void)
{
    static char bytes[65536];
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    int64_t end_ms = clock_ms() + DRAIN_MAX_MS, left_ms = DRAIN_MAX_MS;

    for (size_t drained = 0; drained < DRAIN_MAX_BYTES && left_ms > 0;) {
        ssize_t n = poll(&wait, 1, (int)left_ms) > 0 ? read(STDIN_FILENO, bytes, sizeof bytes) : 0;
        if (n <= 0)
            return;
        drained += (size_t)n;
        left_ms = end_ms - clock_ms();
    }
}

static int answer_failure(const struct call *call, unsigned status, int exit_status)
{
    struct reply reply;
    reply_init(&reply, call->is_raw);
    reply_fail(&reply, status, call->is_head);
    write_reply(&reply);
    drain_body();
    return exit_status;
}

/* No message repeats what stands on the command line: it may be a token in the wrong place. */
static int fail_usage(const char *mistake)
{
    struct call call;
    fprintf(stderr, "stkgate cgi: %s\n", mistake);
    if (!is_cgi()) {
        fputs(usage, stderr);
        return EXIT_STATUS_USAGE;
    }
    init_call(NULL, &call);
    return answer_failure(&call, 500, EXIT_STATUS_USAGE);
}

static int fail_memory(const struct call *call)
{
    fprintf(stderr, "stkgate cgi: %s\n", strerror(ENOMEM));
    return answer_failure(call, 503, EXIT_STATUS_UNAVAILABLE);
}

/* ---- running ------------------------------------------------------------------------------- */

/* Comes back only when it can't be run. What was written before is a part of the answer then. */
static int run(const struct call *call, const struct environment *environment)
{
    char **command = call->options->command;
    execvpe(command[0], command, environment->list);
    int error = errno;
    fprintf(stderr, "stkgate cgi: the program behind -- can't be run: %s\n", strerror(error));
    return answer_failure(call, 500,
                          error == ENOENT ? EXIT_STATUS_NO_PROGRAM : EXIT_STATUS_NOT_RUN);
}

/* A server makes one header of all lines until the first empty one: what the program writes comes
 * behind ours, and no process has to stand between it and the server. */
static int send_fields(const struct call *call, stkgate *gate,
                       const struct stkgate_verdict *verdict)
{
    struct reply reply;
    if (call->options->no_fields || call->is_raw)
        return 0;
    reply_init(&reply, false);
    int r = reply_add_verdict(&reply, gate, verdict);
    return r == 0 && !reply.too_long ? write_reply(&reply) : -EINVAL;
}

static int pass(const struct call *call, stkgate *gate, const struct stkgate_verdict *verdict,
                struct environment *environment)
{
    int r = environment_add_facts(environment, gate, verdict);
    if (r < 0)
        return fail_memory(call);
    if (send_fields(call, gate, verdict) < 0)
        return EXIT_STATUS_UNAVAILABLE; /* nobody is there to take an answer */
    return run(call, environment);
}

/* ---- asking -------------------------------------------------------------------------------- */

static int decide(const struct call *call, stkgate *gate, struct environment *environment)
{
    struct stkgate_verdict verdict;
    struct reply reply;
    int r = judge(call->options, gate, &call->variables, 0, 0, &verdict);
    if (r == -EINVAL)
        return answer_failure(call, 500, EXIT_STATUS_USAGE);
    if (r == 0 && verdict.status == 200)
        return pass(call, gate, &verdict, environment);
    reply_init(&reply, call->is_raw);
    reply_refuse(&reply, gate, &verdict, call->is_head);
    write_reply(&reply);
    drain_body();
    return r == 0 ? EXIT_STATUS_OK : EXIT_STATUS_UNAVAILABLE;
}

static int open_and_decide(const struct call *call, struct environment *environment)
{
    const char *mistake = NULL;
    stkgate *gate = NULL;
    if (call->options->preflight && call->variables.is_preflight)
        return run(call, environment);
    int r = gate_open(&call->options->gate, &gate, &mistake);
    if (mistake)
        return fail_usage(mistake);
    if (r < 0) {
        gate_explain(call->options->program, &call->options->gate, r);
        return answer_failure(call, 503, EXIT_STATUS_UNAVAILABLE);
    }
    int status = decide(call, gate, environment);
    stkgate_close(gate);
    return status;
}

static int serve(const struct options *options)
{
    struct call call;
    struct environment environment = ENVIRONMENT_NONE;
    init_call(options, &call);
    if (variables_read(environ, &call.variables) < 0)
        return fail_memory(&call);
    /* Before the call is spent: what can fail should fail now. */
    int status = environment_init(environ, options->pass_token, &environment) < 0
                     ? fail_memory(&call)
                     : open_and_decide(&call, &environment);
    environment_deinit(&environment);
    variables_deinit(&call.variables);
    return status;
}

static int parse_and_serve(int argc, char *argv[])
{
    struct options options;
    const char *mistake = options_parse(FACE_CGI, argc, argv, &options);
    if (mistake)
        return fail_usage(mistake);
    if (options.help) {
        printf("%s\n%s", usage, help);
        return EXIT_STATUS_OK;
    }
    if (!is_cgi())
        return fail_usage("it is for a web server to run, which says in REQUEST_METHOD and other "
                          "variables what the call is");
    return serve(&options);
}

int command_cgi(int argc, char *argv[])
{
    char **words = NULL;
    if (!firstline_is(argv))
        return parse_and_serve(argc, argv);
    int r = firstline_split(argc, argv, &argc, &words);
    if (r < 0)
        return fail_usage(r == -EINVAL ? "the first line of the script does not name, behind --, "
                                         "the interpreter that is to run it"
                                       : strerror(-r));
    int status = parse_and_serve(argc, words);
    free(words);
    return status;
}
