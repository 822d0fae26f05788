/* fuzz_cgi.c - the variables of a call, as a web server hands them to a CGI or FastCGI program:
 * strings separated by NUL; and an answer that is made of them */
#include <string.h>

#include "fuzz/target.h"
#include "module/cgi/environment.h"
#include "module/cgi/reply.h"
#include "module/cgi/variables.h"

FUZZ_TARGET("cgi");

#define VARIABLES_MAX 512

/* The bytes with a NUL behind, and where each string begins. */
struct list {
    char *bytes;
    char *variables[VARIABLES_MAX + 1];
    size_t count;
};

static struct list make_list(const uint8_t *bytes, size_t len)
{
    struct list list = {.bytes = malloc(len + 1)};
    DEMAND(list.bytes);
    memcpy(list.bytes, bytes, len);
    list.bytes[len] = '\0';
    for (size_t at = 0; at < len && list.count < VARIABLES_MAX; at += strlen(list.bytes + at) + 1)
        list.variables[list.count++] = list.bytes + at;
    return list;
}

/* How often a variable is there, how long its values are, and without blanks. */
static size_t lengths(const struct list *list, const char *name, unsigned *ret_count,
                      size_t *ret_solid)
{
    size_t sum = 0, name_len = strlen(name);
    *ret_count = 0;
    *ret_solid = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *variable = list->variables[i];
        if (strncmp(variable, name, name_len) == 0 && variable[name_len] == '=') {
            for (const char *at = variable + name_len + 1; *at; at++, sum++)
                *ret_solid += *at != ' ' && *at != '\t';
            ++*ret_count;
        }
    }
    return sum;
}

static void check_fields(const struct list *list, const struct variables *variables)
{
    const struct stkgate_text texts[FIELD_COUNT] = {
        [FIELD_TOKEN] = variables->request.token,
        [FIELD_AUTHORIZATION] = variables->request.authorization,
        [FIELD_API_KEY] = variables->request.api_key,
        [FIELD_SITE] = variables->request.site,
        [FIELD_ORIGIN] = variables->request.origin,
    };
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        unsigned count;
        size_t solid, sum = lengths(list, field_variable((enum field)field), &count, &solid);
        /* All of the values are in it, whichever of them another program would take, but for blanks
         * around it. */
        DEMAND(texts[field].length <= sum + (count > 1 ? 2 * (count - 1) : 0));
        DEMAND(texts[field].length >= solid + (count > 1 ? count - 1 : 0));
        DEMAND((variables->joined[field] != NULL) == (count > 1));
    }
}

static void check_environment(struct list *list)
{
    struct environment environment;
    DEMAND(environment_init(list->variables, false, &environment) == 0);
    DEMAND(environment.used <= list->count);
    for (size_t i = 0; i < environment.used; i++) {
        const char *variable = environment.list[i];
        while (strncmp(variable, "REDIRECT_", 9) == 0)
            variable += 9;
        DEMAND(strncmp(variable, "HTTP_X_STELLA_TOKEN=", 20) != 0);
        DEMAND(strncmp(variable, "HTTP_X_API_KEY=", 15) != 0);
        DEMAND(strncmp(variable, "HTTP_AUTHORIZATION=", 19) != 0 || !strstr(variable, "stk_"));
        DEMAND(strncmp(variable, "STKGATE_", 8) != 0 ||
               strncmp(variable, "STKGATE_RUNTIME=", 16) == 0 ||
               strncmp(variable, "STKGATE_DIRECT=", 15) == 0);
    }
    environment_deinit(&environment);
}

/* One line each, whatever is in a value. */
static void check_reply(const struct list *list)
{
    static struct reply reply;
    size_t lines = 0;
    reply_init(&reply, false);
    for (size_t i = 0; i < list->count; i++)
        reply_add_field(&reply, "X", list->variables[i]);
    for (size_t i = 0; i < reply.len; i++)
        lines += reply.text[i] == '\n';
    DEMAND(lines == list->count || reply.too_long);
    DEMAND(!memchr(reply.text, '\r', reply.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct variables variables;
    struct list list = make_list(bytes, len);
    DEMAND(variables_read(list.variables, &variables) == 0);
    check_fields(&list, &variables);
    DEMAND(!variables.is_preflight || strcmp(variables.method, "OPTIONS") == 0);
    variables_deinit(&variables);
    check_environment(&list);
    check_reply(&list);
    free(list.bytes);
    return 0;
}
