/* facts.h - what a program behind learns of an allowed call, by name
 */
#ifndef STKGATE_MODULE_CGI_FACTS_H
#define STKGATE_MODULE_CGI_FACTS_H

#include "stkgate.h"

#define FACTS_COUNT 5

/* Call fn for each: STKGATE_KEY_ID, STKGATE_SITE, STKGATE_SCOPES (names, a space between),
 * STKGATE_KIND (live, test or legacy), STKGATE_REMAINING. 0; what fn returned, if not 0; or what
 * stkgate_scope_names() did. */
int facts_walk(stkgate *gate, const struct stkgate_verdict *verdict, stkgate_header_fn fn,
               void *userdata);

#endif
