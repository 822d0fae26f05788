#include "module/cgi/variables.h"

#include <errno.h>
#include <stdlib.h>

/* Behind "NAME=", when that is what a variable begins with; else NULL. */
static const char *value_of(const char *variable, const char *name)
{
    size_t len = strlen(name);
    return strncmp(variable, name, len) == 0 && variable[len] == '=' ? variable + len + 1 : NULL;
}

const char *variables_get(char *const list[], const char *name)
{
    for (; *list; list++) {
        const char *value = value_of(*list, name);
        if (value)
            return value;
    }
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

static char *join(const char *before, const char *value)
{
    static const char between[] = ", ";
    char *joined = malloc(strlen(before) + sizeof between + strlen(value));
    if (joined)
        stpcpy(stpcpy(stpcpy(joined, before), between), value);
    return joined;
}

static void drop(char *joined)
{
    if (joined)
        explicit_bzero(joined, strlen(joined));
    free(joined);
}

static int read_field(char *const list[], enum field field, struct variables *ret)
{
    const char *found = NULL;
    for (; *list; list++) {
        const char *value = value_of(*list, field_variable(field));
        if (!value)
            continue;
        if (found) {
            char *joined = join(found, value);
            drop(ret->joined[field]);
            ret->joined[field] = joined;
            if (!joined)
                return -ENOMEM;
            value = joined;
        }
        found = value;
    }
    field_set(&ret->request, field, stkgate_text(found));
    return 0;
}

int variables_read(char *const list[], struct variables *ret)
{
    struct variables variables = {.request = STKGATE_REQUEST_INIT};
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        int r = read_field(list, (enum field)field, &variables);
        if (r < 0) {
            variables_deinit(&variables);
            return r;
        }
    }
    const char *method = variables_get(list, "REQUEST_METHOD");
    const char *wanted = variables_get(list, "HTTP_ACCESS_CONTROL_REQUEST_METHOD");
    variables.method = method ? method : "";
    variables.is_preflight = strcmp(variables.method, "OPTIONS") == 0 && wanted && *wanted;
    *ret = variables;
    return 0;
}

void variables_deinit(struct variables *variables)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        drop(variables->joined[field]);
        variables->joined[field] = NULL;
    }
}

/* ---- handing on ---------------------------------------------------------------------------- */

static const char *skip(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool is_credential(const char *variable)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        const char *value = value_of(variable, field_variable((enum field)field));
        if (value && field_is_secret((enum field)field, stkgate_text(value)))
            return true;
    }
    return false;
}

bool variable_goes_on(const char *variable, bool with_credentials)
{
    for (const char *rest; (rest = skip(variable, "REDIRECT_"));)
        variable = rest;
    if (skip(variable, "STKGATE_"))
        return value_of(variable, "STKGATE_RUNTIME") || value_of(variable, "STKGATE_DIRECT");
    return with_credentials || !is_credential(variable);
}
