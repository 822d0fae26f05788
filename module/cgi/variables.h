/* variables.h - a call as the variables of RFC 3875 tell it, and what of them goes on to a program
 *
 * A list of variables is what a CGI program gets as its environment and a FastCGI program as its
 * parameters: "NAME=value" strings, NULL behind the last. Their values come from whoever called,
 * unless a name tells otherwise: HTTP_* are the header fields of the call. Pure.
 */
#ifndef STKGATE_MODULE_CGI_VARIABLES_H
#define STKGATE_MODULE_CGI_VARIABLES_H

#include <stdbool.h>

#include "module/face/field.h"
#include "stkgate.h"

struct variables {
    struct stkgate_request request; /* its five fields; they are the list's, or joined */
    char *joined[FIELD_COUNT]; /* of a field that stood in the list more than once; else NULL */
    const char *method;        /* REQUEST_METHOD, "" when there is none */
    bool is_preflight; /* OPTIONS with Access-Control-Request-Method: a browser asks what it may */
};

/* Read a list, which ret borrows. Unset and empty are alike. A server makes one variable of
 * X-Stella-Token and X_Stella_Token, and some then have it twice in the list; programs differ in
 * which of them they take. Here it is a field that came twice: its values joined with ", ".
 * -ENOMEM. */
int variables_read(char *const list[], struct variables *ret);

/* Wipe and free what was joined. */
void variables_deinit(struct variables *variables);

/* The value of a variable; NULL: not there. The first, when it is there more than once. */
const char *variables_get(char *const list[], const char *name);

/* Whether a "NAME=value" goes on to the program behind. Not: what claims to be ours (STKGATE_*, but
 * for what the library itself reads: STKGATE_RUNTIME, STKGATE_DIRECT) and, unless with_credentials,
 * the credentials: HTTP_X_STELLA_TOKEN, HTTP_X_API_KEY, and an HTTP_AUTHORIZATION that has one of
 * ours. Apache keeps those of the call before an internal redirect as REDIRECT_..., as often as
 * there was one: these neither. */
bool variable_goes_on(const char *variable, bool with_credentials);

#endif
