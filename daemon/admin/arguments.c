#include "daemon/admin/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/commands.h"
#include "lib/core/moment.h"

#define OPTIONS_MAX   24
#define VALUE_FIRST   256 /* getopt's number of options[0]; below are characters */
#define WORD_SHOW_MAX 20

bool argument_may_be_shown(const char *word)
{
    size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
    return word[len] == '\0' && len > 0 && len <= WORD_SHOW_MAX;
}

int arguments_fail(const struct usage *usage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "stkgate %s: ", usage->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nUsage: stkgate %s %s\n", usage->name, usage->synopsis);
    va_end(args);
    return EXIT_STATUS_USAGE;
}

static void print_help(const struct usage *usage)
{
    printf("Usage: stkgate %s %s\n\n%s", usage->name, usage->synopsis, usage->help);
}

/* ---- values: each returns NULL, or what is wrong with the value ---------------------------- */

static const char *parse_count(const char *value, uint64_t *ret)
{
    if (*value == '\0' || value[strspn(value, "0123456789")] != '\0')
        return "must be a whole number, such as 60";
    unsigned long long number = strtoull(value, NULL, 10); /* beyond its range: its largest */
    if (number > INT64_MAX)
        return "is too large: at most 9223372036854775807";
    if (number == 0)
        return "must be at least 1";
    *ret = number;
    return NULL;
}

static const char *parse_span(const char *value, bool may_be_zero, uint64_t *ret_ns)
{
    uint64_t ns;
    int r = span_parse(text_of(value), &ns);
    if (r == -ERANGE)
        return "is too long a time: at most 292 years";
    if (r < 0)
        return "must be a number and a unit (ms, s, m, h, d, w), such as 15m";
    if (ns == 0 && !may_be_zero)
        return "must be longer than 0";
    *ret_ns = ns;
    return NULL;
}

static const char *parse_when(enum argument_type type, const char *value, struct argument_when *ret)
{
    struct argument_when when = {.is_given = true};
    if (type == ARGUMENT_WHEN_OR_NEVER && strcmp(value, "never") == 0) {
        when.is_never = true;
    } else if (moment_parse(text_of(value), &when.at_s) < 0) {
        when.at_s = 0;
        when.is_span = true;
        if (parse_span(value, true, &when.span_ns))
            return type == ARGUMENT_SINCE
                       ? "must be a time such as 2027-01-31T12:00:00Z or 2027-01-31, or a span "
                         "back from now such as 24h"
                   : type == ARGUMENT_WHEN_OR_NEVER
                       ? "must be a time such as 2027-01-31T12:00:00Z or 2027-01-31, a span from "
                         "now such as 90d, or never"
                       : "must be a time such as 2027-01-31T12:00:00Z or 2027-01-31, or a span "
                         "from now such as 90d";
    }
    *ret = when;
    return NULL;
}

/* value NULL: none came. */
static const char *parse_answer(const char *value, enum argument_answer *ret)
{
    if (value && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return "must be yes or no";
    *ret = !value || *value == 'y' ? ARGUMENT_YES : ARGUMENT_NO;
    return NULL;
}

static const char *check_rule(const char *value)
{
    bool is_rule = strcmp(value, "deny") == 0 || strcmp(value, "allow") == 0;
    return is_rule ? NULL : "must be deny or allow";
}

static const char *parse_texts(const char *value, struct argument_texts *texts)
{
    if (*value == '\0')
        return "must not be empty";
    if (texts->count == ARGUMENT_TEXTS_MAX)
        return "was given too often: at most 64 times";
    texts->items[texts->count++] = value;
    return NULL;
}

static const char *take_value(const struct argument *option, const char *value)
{
    uint64_t ns;
    const char *wrong = NULL;
    switch (option->type) {
    case ARGUMENT_FLAG: *option->to.flag = true; return NULL;
    case ARGUMENT_TEXTS: return parse_texts(value, option->to.texts);
    case ARGUMENT_COUNT: return parse_count(value, option->to.count);
    case ARGUMENT_WHEN:
    case ARGUMENT_WHEN_OR_NEVER:
    case ARGUMENT_SINCE: return parse_when(option->type, value, option->to.when);
    case ARGUMENT_YES_NO: return parse_answer(value, option->to.answer);
    case ARGUMENT_RULE: wrong = check_rule(value); break;
    case ARGUMENT_TEXT: wrong = *value == '\0' ? "must not be empty" : NULL; break;
    case ARGUMENT_SPAN: wrong = parse_span(value, true, &ns); break;
    case ARGUMENT_WINDOW: wrong = parse_span(value, false, &ns); break;
    }
    if (!wrong)
        *option->to.text = value;
    return wrong;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static int fail_unknown(const struct usage *usage, const char *word)
{
    char name[WORD_SHOW_MAX + 1] = "";
    size_t len = strcspn(word, "=");
    if (len < sizeof name)
        memcpy(name, word, len);
    if (!argument_may_be_shown(name))
        return arguments_fail(usage, "unknown option; --help lists them");
    return arguments_fail(usage, "unknown or ambiguous option %s; --help lists them", name);
}

static int take_operand(const struct arguments *arguments, const char *word)
{
    const struct usage *usage = arguments->usage;
    if (!usage->operand)
        return arguments_fail(usage, "takes options only, but there is an argument without one");
    if (*arguments->operand)
        return arguments_fail(usage, "takes one %s, but there are more arguments", usage->operand);
    *arguments->operand = word;
    return EXIT_STATUS_OK;
}

static bool is_missing(const struct argument *option)
{
    switch (option->type) {
    case ARGUMENT_FLAG: return !*option->to.flag;
    case ARGUMENT_TEXTS: return option->to.texts->count == 0;
    case ARGUMENT_COUNT: return *option->to.count == 0;
    case ARGUMENT_WHEN:
    case ARGUMENT_WHEN_OR_NEVER:
    case ARGUMENT_SINCE: return !option->to.when->is_given;
    case ARGUMENT_YES_NO: return *option->to.answer == ARGUMENT_UNSAID;
    default: return !*option->to.text;
    }
}

static int check_complete(const struct arguments *arguments)
{
    const struct usage *usage = arguments->usage;
    for (size_t i = 0; i < arguments->option_count; i++)
        if (arguments->options[i].is_required && is_missing(&arguments->options[i]))
            return arguments_fail(usage, "--%s is missing", arguments->options[i].name);
    if (usage->operand && !*arguments->operand)
        return arguments_fail(usage, "%s is missing", usage->operand);
    return EXIT_STATUS_OK;
}

static void fill_table(const struct arguments *arguments, struct option *table)
{
    size_t n = 0;
    for (; n < arguments->option_count; n++) {
        const struct argument *option = &arguments->options[n];
        int has_value = option->type == ARGUMENT_FLAG     ? no_argument
                        : option->type == ARGUMENT_YES_NO ? optional_argument
                                                          : required_argument;
        table[n] = (struct option){option->name, has_value, NULL, VALUE_FIRST + (int)n};
    }
    table[n++] = (struct option){"help", no_argument, NULL, 'h'};
    table[n] = (struct option){NULL, 0, NULL, 0};
}

/* One answer of getopt. True: go on. */
static bool take(const struct arguments *arguments, int c, char *argv[], int *ret_status)
{
    const struct usage *usage = arguments->usage;
    if (c == 'h') {
        print_help(usage);
        *ret_status = EXIT_STATUS_OK;
        return false;
    }
    if (c == 1) {
        *ret_status = take_operand(arguments, optarg);
    } else if (c >= VALUE_FIRST) {
        const struct argument *option = &arguments->options[c - VALUE_FIRST];
        const char *wrong = take_value(option, optarg);
        *ret_status = wrong ? arguments_fail(usage, "--%s %s", option->name, wrong) : 0;
    } else if (optopt >= VALUE_FIRST) {
        const char *name = arguments->options[optopt - VALUE_FIRST].name;
        *ret_status =
            arguments_fail(usage, "--%s %s", name, c == ':' ? "needs a value" : "takes no value");
    } else {
        *ret_status = fail_unknown(usage, argv[optind - 1]);
    }
    return *ret_status == EXIT_STATUS_OK;
}

bool arguments_parse(const struct arguments *arguments, int argc, char *argv[], int *ret_status)
{
    struct option table[OPTIONS_MAX + 2];
    if (arguments->option_count > OPTIONS_MAX) {
        *ret_status = arguments_fail(arguments->usage, "has too many options");
        return false;
    }
    fill_table(arguments, table);
    /* 0, not 1: begin afresh, whatever the dispatcher has parsed. '-': operands come in order,
     * also under POSIXLY_CORRECT. ':' and opterr: our own messages. */
    optind = 0;
    opterr = 0;
    int c;
    while (optopt = 0, (c = getopt_long(argc, argv, "-:h", table, NULL)) != -1)
        if (!take(arguments, c, argv, ret_status))
            return false;
    for (; optind < argc; optind++) { /* what follows "--" */
        *ret_status = take_operand(arguments, argv[optind]);
        if (*ret_status != EXIT_STATUS_OK)
            return false;
    }
    *ret_status = check_complete(arguments);
    return *ret_status == EXIT_STATUS_OK;
}
