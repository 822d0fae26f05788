#include "module/cgi/environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "module/cgi/facts.h"
#include "module/cgi/variables.h"

int environment_init(char *const came[], bool with_credentials, struct environment *ret)
{
    size_t count = 0, used = 0;
    while (came[count])
        count++;
    char **list = calloc(count + FACTS_COUNT + 1, sizeof *list);
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (variable_goes_on(came[i], with_credentials))
            list[used++] = came[i];
    *ret = (struct environment){list, used, used};
    return 0;
}

static int add(const char *name, const char *value, void *userdata)
{
    struct environment *environment = userdata;
    char *variable;
    if (asprintf(&variable, "%s=%s", name, value) < 0)
        return -ENOMEM;
    environment->list[environment->used++] = variable;
    return 0;
}

int environment_add_facts(struct environment *environment, stkgate *gate,
                          const struct stkgate_verdict *verdict)
{
    if (environment->used != environment->count)
        return -EINVAL;
    return facts_walk(gate, verdict, add, environment);
}

void environment_deinit(struct environment *environment)
{
    for (size_t i = environment->count; i < environment->used; i++)
        free(environment->list[i]);
    free(environment->list);
    *environment = ENVIRONMENT_NONE;
}
