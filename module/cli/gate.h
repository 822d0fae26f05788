/* gate.h - the options by which a command says how it asks, and the handle that they make
 *
 * For `stkgate check`, `stkgate cgi` and `stkgate authorizer`. No message here repeats what stands
 * on the command line: it may be a token in the wrong place.
 */
#ifndef STKGATE_MODULE_CLI_GATE_H
#define STKGATE_MODULE_CLI_GATE_H

#include <stdbool.h>

#include "stkgate.h"

#define GATE_SCOPES_MAX 4096 /* bytes of all names */

struct gate_options {
    const char *runtime; /* NULL: as stkgate_options.runtime */
    const char *service;
    char scopes[GATE_SCOPES_MAX]; /* names with a space before each list, or "" */
    uint64_t cost;                /* 0: what the service says */
    uint32_t deadline_ms;
};
/* The library's own deadline is 50 ms; a person, a script or a web server rather waits than hears
 * that a busy machine was late. */
#define GATE_OPTIONS_INIT ((struct gate_options){.service = "default", .deadline_ms = 1000})

/* Digits up to *ret_end. False: there are none, or the number is above INT64_MAX. */
bool gate_parse_number(const char *text, uint64_t *ret, const char **ret_end);

/* Take the value of --scope, --cost, --deadline. NULL; or what is wrong with it: a static text. */
const char *gate_take_scopes(struct gate_options *options, const char *value);
const char *gate_take_cost(struct gate_options *options, const char *value);
const char *gate_take_deadline(struct gate_options *options, const char *value);

/* Open a handle by options. 0, or -errno with *ret_mistake: what is wrong with the options, a
 * static text, or NULL when it is none of their fault. */
int gate_open(const struct gate_options *options, stkgate **ret, const char **ret_mistake);

/* The bits of their scopes; likewise. Without a mistake it is the daemon that could not be asked.
 */
int gate_scopes(const struct gate_options *options, stkgate *gate, uint64_t *ret_scopes,
                const char **ret_mistake);

/* Write to stderr, behind "PROGRAM: ", why no verdict could be had and what to do: one line. error
 * is what gate_open(), gate_scopes() or stkgate_check() returned. */
void gate_explain(const char *program, const struct gate_options *options, int error);

#endif
