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
#include "module/cli/gate.h"
#include "module/cli/secretline.h"
#include "stkgate.h"

#define CREDENTIAL_MAX 4096 /* bytes: longer than any that is well-formed */

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
    struct gate_options gate;
    const char *site, *origin, *token_env;
    int token_fd; /* -1: not given */
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

static int take_token_fd(struct options *options, const char *value)
{
    uint64_t fd;
    const char *end;
    if (!gate_parse_number(value, &fd, &end) || *end || fd > INT32_MAX ||
        fcntl((int)fd, F_GETFD) < 0)
        return fail_usage("--token-fd must be the number of an open file descriptor");
    options->token_fd = (int)fd;
    return EXIT_STATUS_OK;
}

/* mistake: NULL for none. */
static int status_of(const char *mistake)
{
    return mistake ? fail_usage("%s", mistake) : EXIT_STATUS_OK;
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
    case OPTION_SERVICE: options->gate.service = optarg; break;
    case OPTION_SITE: options->site = optarg; break;
    case OPTION_ORIGIN: options->origin = optarg; break;
    case OPTION_SCOPE: return status_of(gate_take_scopes(&options->gate, optarg));
    case OPTION_COST: return status_of(gate_take_cost(&options->gate, optarg));
    case OPTION_PEEK: options->peek = true; break;
    case OPTION_JSON: options->form.json = true; break;
    case OPTION_HEADERS: options->form.headers = true; break;
    case OPTION_RUNTIME: options->gate.runtime = optarg; break;
    case OPTION_DEADLINE: return status_of(gate_take_deadline(&options->gate, optarg));
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
    if (options->peek && options->gate.cost)
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

/* No verdict could be had. */
static int fail_to_ask(const struct options *options, int error)
{
    gate_explain("stkgate check", &options->gate, error);
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
    const char *mistake = NULL;
    *(options->legacy ? &request.api_key : &request.token) = credential;
    request.site = stkgate_text(options->site);
    request.origin = stkgate_text(options->origin);
    request.cost = options->gate.cost;
    request.flags = options->peek ? STKGATE_PEEK : 0;
    int r = gate_scopes(&options->gate, gate, &request.scopes, &mistake);
    if (mistake)
        return fail_usage("%s", mistake);
    if (r == 0)
        r = stkgate_check(gate, &request, &verdict);
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
    stkgate *gate = NULL;
    const char *mistake = NULL;
    int r = gate_open(&options->gate, &gate, &mistake);
    if (mistake)
        return fail_usage("%s", mistake);
    if (r < 0)
        return fail_to_ask(options, r);
    int status = ask(gate, options, credential);
    stkgate_close(gate);
    return status;
}

int command_check(int argc, char *argv[])
{
    struct options options = {.gate = GATE_OPTIONS_INIT, .token_fd = -1};
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
