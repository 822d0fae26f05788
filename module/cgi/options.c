#include "module/cgi/options.h"

#include <errno.h>
#include <getopt.h>

#include "module/face/runtime.h"

#define THREADS_DEFAULT 4
#define THREADS_MAX     64

enum {
    OPTION_SERVICE = 256,
    OPTION_SCOPE,
    OPTION_SITE,
    OPTION_COST,
    OPTION_SOCKET,
    OPTION_RUNTIME,
    OPTION_DEADLINE,
    OPTION_PREFLIGHT,
    OPTION_LOG_REFUSALS,
    OPTION_PASS_TOKEN,
    OPTION_NO_FIELDS,
    OPTION_THREADS,
};

/* clang-format off */
#define OPTIONS_OF_BOTH                                                                            \
    {"service", required_argument, NULL, OPTION_SERVICE},                                          \
    {"scope", required_argument, NULL, OPTION_SCOPE},                                              \
    {"site", required_argument, NULL, OPTION_SITE},                                                \
    {"cost", required_argument, NULL, OPTION_COST},                                                \
    {"socket", required_argument, NULL, OPTION_SOCKET},                                            \
    {"runtime", required_argument, NULL, OPTION_RUNTIME},                                          \
    {"deadline", required_argument, NULL, OPTION_DEADLINE},                                        \
    {"preflight", no_argument, NULL, OPTION_PREFLIGHT},                                            \
    {"log-refusals", no_argument, NULL, OPTION_LOG_REFUSALS},                                      \
    {"help", no_argument, NULL, 'h'}
/* clang-format on */

static const struct option cgi_table[] = {
    OPTIONS_OF_BOTH,
    {"pass-token", no_argument, NULL, OPTION_PASS_TOKEN},
    {"no-fields", no_argument, NULL, OPTION_NO_FIELDS},
    {NULL, 0, NULL, 0},
};

static const struct option authorizer_table[] = {
    OPTIONS_OF_BOTH,
    {"threads", required_argument, NULL, OPTION_THREADS},
    {NULL, 0, NULL, 0},
};

static const char *take_socket(struct options *options, const char *value)
{
    switch (runtime_of_socket(value, options->runtime, sizeof options->runtime)) {
    case 0: options->gate.runtime = options->runtime; return NULL;
    case -ENAMETOOLONG: return "--socket is too long for a socket address";
    default:
        return "--socket must be the full path of the daemon's check.sock, or of its directory";
    }
}

static const char *take_threads(struct options *options, const char *value)
{
    uint64_t threads;
    const char *end;
    if (!gate_parse_number(value, &threads, &end) || *end || threads == 0 || threads > THREADS_MAX)
        return "--threads must be a whole number from 1 to 64";
    options->threads = (unsigned)threads;
    return NULL;
}

static const char *take_option(struct options *options, int c)
{
    switch (c) {
    case OPTION_SERVICE: options->gate.service = optarg; break;
    case OPTION_SCOPE: return gate_take_scopes(&options->gate, optarg);
    case OPTION_SITE: options->site = optarg; break;
    case OPTION_COST: return gate_take_cost(&options->gate, optarg);
    case OPTION_SOCKET: return take_socket(options, optarg);
    case OPTION_RUNTIME: options->gate.runtime = optarg; break;
    case OPTION_DEADLINE: return gate_take_deadline(&options->gate, optarg);
    case OPTION_PREFLIGHT: options->preflight = true; break;
    case OPTION_LOG_REFUSALS: options->log_refusals = true; break;
    case OPTION_PASS_TOKEN: options->pass_token = true; break;
    case OPTION_NO_FIELDS: options->no_fields = true; break;
    case OPTION_THREADS: return take_threads(options, optarg);
    case 'h': options->help = true; break;
    case ':': return "an option lacks its value; --help shows which have one";
    default: return "unknown or ambiguous option; --help lists them";
    }
    return NULL;
}

const char *options_parse(enum face face, int argc, char *argv[], struct options *ret)
{
    const struct option *table = face == FACE_CGI ? cgi_table : authorizer_table;
    int c;
    *ret = (struct options){
        .face = face,
        .program = face == FACE_CGI ? "stkgate cgi" : "stkgate authorizer",
        .gate = GATE_OPTIONS_INIT,
        .threads = THREADS_DEFAULT,
    };
    optind = 0; /* begin afresh */
    opterr = 0; /* getopt's own messages repeat arguments */
    while ((c = getopt_long(argc, argv, "+:h", table, NULL)) != -1) {
        const char *mistake = take_option(ret, c);
        if (mistake || ret->help)
            return mistake;
    }
    if (face == FACE_AUTHORIZER)
        return optind < argc ? "there is an argument that is no option" : NULL;
    if (optind >= argc)
        return "the program to run is missing: it and its arguments stand behind --";
    /* Else an option with a typing error might be run as a program. */
    if (optind < 2 || strcmp(argv[optind - 1], "--") != 0)
        return "the program to run must stand behind --";
    ret->command = argv + optind;
    return NULL;
}
