/* arguments.h - options and operands of a verb, from a table
 *
 * --opt VALUE and --opt=VALUE, in any order with the operand. What is refused here is what can't
 * mean anything (a limit of -1); whether a value makes sense is for the daemon to say, in one
 * place. No message repeats a value from the command line: it may be a secret in the wrong place.
 */
#ifndef STKGATE_ADMIN_ARGUMENTS_H
#define STKGATE_ADMIN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A verb as its help and its messages have it. All static. */
struct usage {
    const char *name;     /* "admin mint" */
    const char *synopsis; /* "--site ID --name TEXT [OPTION]..." */
    const char *operand;  /* "KEY_ID"; NULL: takes none */
    const char *help;     /* what follows the synopsis */
};

#define ARGUMENT_TEXTS_MAX 64

struct argument_texts {
    size_t count;
    const char *items[ARGUMENT_TEXTS_MAX];
};

/* A point in time, a span from now on (or back from now), or never. */
struct argument_when {
    bool is_given, is_span, is_never;
    int64_t at_s;     /* Unix seconds; of a span, 0 */
    uint64_t span_ns; /* of a point, 0 */
};

enum argument_answer {
    ARGUMENT_UNSAID = 0,
    ARGUMENT_NO,
    ARGUMENT_YES,
};

enum argument_type {
    ARGUMENT_FLAG,
    ARGUMENT_TEXT,   /* not empty */
    ARGUMENT_TEXTS,  /* may be given more than once; not empty */
    ARGUMENT_COUNT,  /* 1 to 2^63 - 1; stays 0 when not given */
    ARGUMENT_SPAN,   /* "15m", "0s"; the text is handed on */
    ARGUMENT_WINDOW, /* a span above 0 */
    ARGUMENT_WHEN,   /* a time, or a span */
    ARGUMENT_WHEN_OR_NEVER,
    ARGUMENT_SINCE,  /* as ARGUMENT_WHEN; a span goes back */
    ARGUMENT_YES_NO, /* --opt alone is yes */
    ARGUMENT_RULE,   /* "deny" or "allow" */
};

struct argument {
    const char *name; /* "site" */
    enum argument_type type;
    bool is_required;
    union {
        bool *flag;
        const char **text; /* also of spans and rules: borrowed from argv */
        struct argument_texts *texts;
        uint64_t *count;
        struct argument_when *when;
        enum argument_answer *answer;
    } to;
};

struct arguments {
    const struct usage *usage;
    const struct argument *options;
    size_t option_count;
    const char **operand; /* set when usage->operand is there; it is then required */
};

/* True: go on. False: *ret_status is the exit status; help (on stdout) or what is wrong, and the
 * synopsis (on stderr), has been printed. --help is always an option. Not thread-safe (getopt). */
bool arguments_parse(const struct arguments *arguments, int argc, char *argv[], int *ret_status);

/* Print what is wrong, and the synopsis. Returns the exit status. */
int arguments_fail(const struct usage *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a word from the command line may stand in a message: it looks like an option or a verb,
 * and not like a secret. */
bool argument_may_be_shown(const char *word);

#endif
