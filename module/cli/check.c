#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "module/cli/answer.h"
#include "module/cli/secretline.h"
#include "stkgate.h"

#define CREDENTIAL_MAX 4096 /* bytes: longer than any that is well-formed */
#define SCOPES_MAX     4096 /* bytes of all names */
/* Of the library it is 50 ms; a person or script rather waits than hears that a busy machine was
 * late. */
#define DEADLINE_MS 1000

static const char help[] =
    "Decide whether a call that carries this token may pass, as the program's service would.\n"
    "The token is read from standard input, one line; never give it as an argument, where\n"
    "other users can read it.\n"
    "\n"
    "Options:\n"
    "      --token-fd N       read the token from file descriptor N\n"
    "      --token-env NAME   take the token from the environment variable NAME\n"
    "      --legacy           the value is an X-API-Key, not a token\n"
    "      --service NAME     ask as this service (default: default)\n"
    "      --site ID          the call's X-Site-ID\n"
    "      --origin ORIGIN    the call's Origin\n"
    "      --scope LIST       scopes that the call needs; may be repeated\n"
    "      --cost N           units that the call spends (default: what the service says)\n"
    "      --peek             look without spending\n"
    "      --json             print one JSON object\n"
    "      --headers          print the header fields of the answer, too\n"
    "      --runtime DIR      directory of the daemon's sockets\n"
    "                         (default $STKGATE_RUNTIME, else /run/stkgate)\n"
    "      --deadline TIME    wait no longer than this: 50ms, 2s (default 1s)\n"
    "  -h, --help             show this help\n"
    "\n"
    "Exit status: 0 may pass, 1 refused (401, 403), 2 rate limit reached (429), 64 usage,\n"
    "69 the daemon can't be asked.\n"
    "\n"
    "Examples:\n"
    "  printf '%s\\n' \"$TOKEN\" | stkgate check --site kasa --scope cart:write\n"
    "  STOREFRONT_TOKEN=... stkgate check --token-env STOREFRONT_TOKEN --site kasa --json\n"
    "  stkgate check --token-fd 3 --site kasa --peek --headers 3<token.txt\n";

struct options {
    const char *runtime, *service, *site, *origin, *token_env;
    int token_fd; /* -1: not given */
    char scopes[SCOPES_MAX];
    uint64_t cost;
    uint32_t deadline_ms;
    bool legacy, peek, help;
    struct answer_form form;
};

/* No message repeats what stands on the command line: it may be a token in the wrong place. */
__attribute__((format(printf, 1, 2))) static int fail_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("stkgate check: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\nUsage: stkgate check [OPTION]... <TOKEN-FILE\n", stderr);
    va_end(args);
    return EXIT_STATUS_USAGE;
}

/* ---- options ------------------------------------------------------------------------------- */

enum {
    OPTION_TOKEN_FD = 256,
    OPTION_TOKEN_ENV,
    OPTION_LEGACY,
    OPTION_SERVICE,
    OPTION_SITE,
    OPTION_ORIGIN,
    OPTION_SCOPE,
    OPTION_COST,
    OPTION_PEEK,
    OPTION_JSON,
    OPTION_HEADERS,
    OPTION_RUNTIME,
    OPTION_DEADLINE,
};

static const struct option option_table[] = {
    {"token-fd", required_argument, NULL, OPTION_TOKEN_FD},
    {"token-env", required_argument, NULL, OPTION_TOKEN_ENV},
    {"legacy", no_argument, NULL, OPTION_LEGACY},
    {"service", required_argument, NULL, OPTION_SERVICE},
    {"site", required_argument, NULL, OPTION_SITE},
    {"origin", required_argument, NULL, OPTION_ORIGIN},
    {"scope", required_argument, NULL, OPTION_SCOPE},
    {"cost", required_argument, NULL, OPTION_COST},
    {"peek", no_argument, NULL, OPTION_PEEK},
    {"json", no_argument, NULL, OPTION_JSON},
    {"headers", no_argument, NULL, OPTION_HEADERS},
    {"runtime", required_argument, NULL, OPTION_RUNTIME},
    {"deadline", required_argument, NULL, OPTION_DEADLINE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Digits up to *ret_end. False: none, or the number is above INT64_MAX. */
static bool parse_number(const char *text, uint64_t *ret, const char **ret_end)
{
    size_t len = strspn(text, "0123456789");
    unsigned long long number = strtoull(text, NULL, 10); /* beyond its range: its largest */
    if (len == 0 || number > INT64_MAX)
        return false;
    *ret = number;
    *ret_end = text + len;
    return true;
}

static int take_token_fd(struct options *options, const char *value)
{
    uint64_t fd;
    const char *end;
    if (!parse_number(value, &fd, &end) || *end || fd > INT32_MAX || fcntl((int)fd, F_GETFD) < 0)
        return fail_usage("--token-fd must be the number of an open file descriptor");
    options->token_fd = (int)fd;
    return EXIT_STATUS_OK;
}

static int take_cost(struct options *options, const char *value)
{
    const char *end;
    if (!parse_number(value, &options->cost, &end) || *end || options->cost == 0)
        return fail_usage("--cost must be a whole number of at least 1; --peek looks without "
                          "spending");
    return EXIT_STATUS_OK;
}

static int take_deadline(struct options *options, const char *value)
{
    uint64_t number;
    const char *end = "";
    bool is_number = parse_number(value, &number, &end) && number > 0 && number <= 60000;
    if (is_number && strcmp(end, "s") == 0 && number <= 60)
        options->deadline_ms = (uint32_t)number * 1000;
    else if (is_number && strcmp(end, "ms") == 0)
        options->deadline_ms = (uint32_t)number;
    else
        return fail_usage("--deadline must be a time from 1ms to 60s, with its unit");
    return EXIT_STATUS_OK;
}

static int take_scopes(struct options *options, const char *value)
{
    size_t used = strlen(options->scopes), len = strlen(value);
    if (used + len + 2 > sizeof options->scopes)
        return fail_usage("--scope: too many scopes");
    options->scopes[used] = ' ';
    memcpy(options->scopes + used + 1, value, len + 1);
    return EXIT_STATUS_OK;
}

static int fail_getopt(int c, char *argv[])
{
    if (c == 1)
        return fail_usage("there is an argument that is no option. A token must not be given "
                          "there: other users can read it. Write it to standard input, or use "
                          "--token-fd or --token-env");
    for (size_t i = 0; option_table[i].name; i++)
        if (optopt == option_table[i].val && optopt > 255)
            return fail_usage("--%s %s", option_table[i].name,
                              c == ':' ? "needs a value" : "takes no value");
    return fail_usage("unknown or ambiguous option; --help lists them");
}

static int take_option(struct options *options, int c, char *argv[])
{
    switch (c) {
    case OPTION_TOKEN_FD: return take_token_fd(options, optarg);
    case OPTION_TOKEN_ENV: options->token_env = optarg; break;
    case OPTION_LEGACY: options->legacy = true; break;
    case OPTION_SERVICE: options->service = optarg; break;
    case OPTION_SITE: options->site = optarg; break;
    case OPTION_ORIGIN: options->origin = optarg; break;
    case OPTION_SCOPE: return take_scopes(options, optarg);
    case OPTION_COST: return take_cost(options, optarg);
    case OPTION_PEEK: options->peek = true; break;
    case OPTION_JSON: options->form.json = true; break;
    case OPTION_HEADERS: options->form.headers = true; break;
    case OPTION_RUNTIME: options->runtime = optarg; break;
    case OPTION_DEADLINE: return take_deadline(options, optarg);
    case 'h': options->help = true; break;
    default: return fail_getopt(c, argv);
    }
    return EXIT_STATUS_OK;
}

static int parse_options(struct options *options, int argc, char *argv[])
{
    int c;
    optind = 0; /* begin afresh */
    opterr = 0; /* getopt's own messages repeat arguments */
    while (optopt = 0, (c = getopt_long(argc, argv, "-:h", option_table, NULL)) != -1) {
        int status = take_option(options, c, argv);
        if (status != EXIT_STATUS_OK || options->help)
            return status;
    }
    if (optind < argc)
        return fail_getopt(1, argv);
    if (options->token_fd >= 0 && options->token_env)
        return fail_usage("--token-fd and --token-env exclude each other");
    if (options->peek && options->cost)
        return fail_usage("--peek spends nothing, so it goes without --cost");
    return EXIT_STATUS_OK;
}

/* ---- the credential ------------------------------------------------------------------------ */

static int copy_from_environment(const char *name, char *line, size_t *ret_len)
{
    const char *value = getenv(name);
    if (!value)
        return fail_usage("the environment variable that --token-env names is not set");
    size_t len = strlen(value);
    if (len >= CREDENTIAL_MAX)
        return fail_usage("the token is too long: at most %d bytes", CREDENTIAL_MAX - 1);
    memcpy(line, value, len + 1);
    *ret_len = len;
    return EXIT_STATUS_OK;
}

static int read_credential(const struct options *options, char line[static CREDENTIAL_MAX],
                           size_t *ret_len)
{
    if (options->token_env)
        return copy_from_environment(options->token_env, line, ret_len);
    int fd = options->token_fd >= 0 ? options->token_fd : STDIN_FILENO;
    int r = secretline_read(fd, options->legacy ? "X-API-Key value: " : "Token: ", line,
                            CREDENTIAL_MAX, ret_len);
    if (r == -EMSGSIZE)
        return fail_usage("the token is too long: at most %d bytes", CREDENTIAL_MAX - 1);
    if (r < 0)
        return fail_usage("the token can't be read: %s", strerror(-r));
    return EXIT_STATUS_OK;
}

/* ---- asking -------------------------------------------------------------------------------- */

static const char *runtime_of(const struct options *options)
{
    const char *environment = getenv("STKGATE_RUNTIME");
    if (options->runtime)
        return options->runtime;
    return environment && *environment ? environment : "/run/stkgate";
}

/* No verdict could be had: say why, and what to do. */
static int fail_to_ask(const struct options *options, int error)
{
    const char *runtime = runtime_of(options);
    fprintf(stderr, "stkgate check: ");
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        fprintf(stderr,
                "no daemon at %s/check.sock (%s): start it with 'systemctl start stkgate.socket', "
                "or name its directory with --runtime\n",
                runtime, strerror(-error));
        break;
    case EACCES:
        fprintf(stderr, "you may not open %s/check.sock: ask the operator for access\n", runtime);
        break;
    case EPERM:
        fprintf(stderr,
                "you may not ask as service %s: see 'callers' in the operator's "
                "services.d/%s.conf\n",
                options->service, options->service);
        break;
    case ETIMEDOUT:
        fprintf(stderr, "the daemon at %s/check.sock did not answer within %u ms: see --deadline\n",
                runtime, options->deadline_ms);
        break;
    case EPROTO:
    case ECONNRESET:
        fprintf(stderr,
                "what listens at %s/check.sock broke off or is no stkgate daemon of this version\n",
                runtime);
        break;
    default:
        fprintf(stderr, "the daemon at %s/check.sock can't be asked: %s\n", runtime,
                strerror(-error));
    }
    return EXIT_STATUS_UNAVAILABLE;
}

static int exit_status_of(const struct stkgate_verdict *verdict)
{
    switch (verdict->status) {
    case 200: return EXIT_STATUS_OK;
    case 429: return EXIT_STATUS_RATE_LIMITED;
    case 401:
    case 403: return EXIT_STATUS_REFUSED;
    default: return EXIT_STATUS_UNAVAILABLE;
    }
}

static int ask(stkgate *gate, const struct options *options, struct stkgate_text credential)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    *(options->legacy ? &request.api_key : &request.token) = credential;
    request.site = stkgate_text(options->site);
    request.origin = stkgate_text(options->origin);
    request.cost = options->cost;
    request.flags = options->peek ? STKGATE_PEEK : 0;
    if (options->scopes[0]) {
        int r = stkgate_scope(gate, options->scopes, &request.scopes);
        if (r == -EINVAL)
            return fail_usage("--scope must be names such as cart:write");
        if (r == -ENXIO)
            return fail_usage("--scope names a scope that is not registered; 'stkgate admin scope "
                              "list' lists them");
        if (r < 0)
            return fail_to_ask(options, r);
    }
    int r = stkgate_check(gate, &request, &verdict);
    if (r < 0)
        return fail_to_ask(options, r);
    r = answer_print(gate, &verdict, options->form);
    if (r < 0) {
        fprintf(stderr, "stkgate check: the answer can't be printed: %s\n", strerror(-r));
        return EXIT_STATUS_UNAVAILABLE;
    }
    return exit_status_of(&verdict);
}

static int open_and_ask(const struct options *options, struct stkgate_text credential)
{
    struct stkgate_options how = STKGATE_OPTIONS_INIT;
    how.runtime = options->runtime;
    how.deadline_ms = options->deadline_ms;
    stkgate *gate = NULL;
    int r = stkgate_open(&gate, options->service, &how);
    if (r == -EINVAL)
        return fail_usage("--service must be 1 to 64 of a-z, 0-9, '-' and '_'");
    if (r == -ENAMETOOLONG)
        return fail_usage("--runtime (or $STKGATE_RUNTIME) is too long for a socket address");
    if (r < 0)
        return fail_to_ask(options, r);
    int status = ask(gate, options, credential);
    stkgate_close(gate);
    return status;
}

int command_check(int argc, char *argv[])
{
    struct options options = {.service = "default", .token_fd = -1, .deadline_ms = DEADLINE_MS};
    int status = parse_options(&options, argc, argv);
    if (status != EXIT_STATUS_OK)
        return status;
    if (options.help) {
        printf("Usage: stkgate check [OPTION]... <TOKEN-FILE\n\n%s", help);
        return EXIT_STATUS_OK;
    }
    char line[CREDENTIAL_MAX];
    struct stkgate_text credential = {line, 0};
    status = read_credential(&options, line, &credential.length);
    if (status == EXIT_STATUS_OK)
        status = open_and_ask(&options, credential);
    explicit_bzero(line, sizeof line);
    return status;
}
