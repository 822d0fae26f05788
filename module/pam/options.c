#include "module/pam/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module/face/runtime.h"
#include "stkgate.h"

#define TIMEOUT_MS     1000
#define TIMEOUT_MAX_MS 60000 /* as the library has it */

enum option {
    OPTION_SERVICE,
    OPTION_SITE,
    OPTION_SCOPE,
    OPTION_COST,
    OPTION_SOCKET,
    OPTION_TIMEOUT,
    OPTION_PROMPT,
    OPTION_LEGACY,
    OPTION_USE_FIRST_PASS,
    OPTION_TRY_FIRST_PASS,
    OPTION_COUNT,
};

static const struct {
    const char *name;
    bool has_value;
} known[OPTION_COUNT] = {
    [OPTION_SERVICE] = {"service", true},
    [OPTION_SITE] = {"site", true},
    [OPTION_SCOPE] = {"scope", true},
    [OPTION_COST] = {"cost", true},
    [OPTION_SOCKET] = {"socket", true},
    [OPTION_TIMEOUT] = {"timeout", true},
    [OPTION_PROMPT] = {"prompt", true},
    [OPTION_LEGACY] = {"legacy", false},
    [OPTION_USE_FIRST_PASS] = {"use_first_pass", false},
    [OPTION_TRY_FIRST_PASS] = {"try_first_pass", false},
};

static enum option option_of_name(const char *name, size_t len)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
            return (enum option)i;
    return OPTION_COUNT;
}

/* Digits up to unit, the end of text: strtoull() would take a sign, blanks, and what is behind. */
static bool parse_number(const char *text, const char *unit, uint64_t *ret)
{
    size_t len = strspn(text, "0123456789");

    if (len == 0 || len > 19 || strcmp(text + len, unit) != 0)
        return false;
    *ret = strtoull(text, NULL, 10);
    return true;
}

static bool parse_cost(const char *text, struct options *ret)
{
    if (!parse_number(text, "", &ret->cost))
        return false;
    ret->peek = ret->cost == 0;
    return true;
}

static bool parse_timeout(const char *text, struct options *ret)
{
    uint64_t n;

    if (parse_number(text, "s", &n) && n <= TIMEOUT_MAX_MS / 1000)
        n *= 1000;
    else if (!parse_number(text, "ms", &n) || n > TIMEOUT_MAX_MS)
        return false;
    ret->timeout_ms = (unsigned)n;
    return n > 0;
}

/* What is wrong with the value, or NULL. */
static const char *take(enum option option, const char *value, struct options *ret)
{
    switch (option) {
    case OPTION_SERVICE: ret->service = value; return NULL;
    case OPTION_SITE:
        ret->site = value;
        return strlen(value) > STKGATE_SITE_MAX ? "is longer than a site id can be" : NULL;
    case OPTION_SCOPE: ret->scopes = value; return NULL;
    case OPTION_COST:
        return parse_cost(value, ret) ? NULL : "write a whole number; 0 looks without spending";
    case OPTION_SOCKET:
        return runtime_of_socket(value, ret->runtime, sizeof ret->runtime) == 0
                   ? NULL
                   : "write the absolute path of check.sock, or of its directory";
    case OPTION_TIMEOUT:
        return parse_timeout(value, ret) ? NULL
                                         : "write a time such as 500ms or 2s, of at most 60s";
    case OPTION_PROMPT: ret->prompt = value; return NULL;
    case OPTION_LEGACY: ret->legacy = true; return NULL;
    case OPTION_USE_FIRST_PASS: ret->first_pass = true; return NULL;
    case OPTION_TRY_FIRST_PASS: return NULL;
    case OPTION_COUNT: break;
    }
    return "is no option";
}

int options_parse(int argc, const char *const *argv, struct options *ret,
                  char complaint[static OPTIONS_COMPLAINT_MAX])
{
    struct options options = {.service = "default",
                              .scopes = "",
                              .timeout_ms = TIMEOUT_MS,
                              .prompt = "Token: ",
                              .runtime = "/run/stkgate"};
    bool given[OPTION_COUNT] = {false};

    for (int i = 0; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        bool valued = argv[i][len] == '=';
        const char *value = argv[i] + len + (valued ? 1 : 0);
        enum option option = option_of_name(argv[i], len);
        const char *wrong = NULL;

        if (option == OPTION_COUNT) {
            snprintf(complaint, OPTIONS_COMPLAINT_MAX,
                     "argument %d is no option: there are service=, site=, scope=, cost=, "
                     "socket=, timeout=, prompt=, legacy, use_first_pass and try_first_pass",
                     i + 1);
            return -EINVAL;
        }
        if (given[option])
            wrong = "is given twice";
        else if (known[option].has_value && value[0] == '\0')
            wrong = "needs a value";
        else if (!known[option].has_value && valued)
            wrong = "takes no value";
        else
            wrong = take(option, value, &options);
        if (wrong) {
            snprintf(complaint, OPTIONS_COMPLAINT_MAX, "%s: %s", known[option].name, wrong);
            return -EINVAL;
        }
        given[option] = true;
    }
    *ret = options;
    return 0;
}
