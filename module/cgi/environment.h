/* environment.h - what the program behind `stkgate cgi` gets as its environment
 */
#ifndef STKGATE_MODULE_CGI_ENVIRONMENT_H
#define STKGATE_MODULE_CGI_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "stkgate.h"

struct environment {
    char **list;  /* NULL behind the last: for execve(2) */
    size_t count; /* of those that were handed on, borrowed, which stand first */
    size_t used;  /* with those that are ours, owned, behind them */
};
#define ENVIRONMENT_NONE ((struct environment){NULL, 0, 0})

/* Of what came, take what goes on (variable_goes_on()); the strings are borrowed. -ENOMEM. */
int environment_init(char *const came[], bool with_credentials, struct environment *ret);

/* Add what is known of an allowed call (facts_walk()). Once. -ENOMEM, or as facts_walk(); then some
 * may have been added. */
int environment_add_facts(struct environment *environment, stkgate *gate,
                          const struct stkgate_verdict *verdict);

/* ENVIRONMENT_NONE is allowed, and what remains. */
void environment_deinit(struct environment *environment);

#endif
