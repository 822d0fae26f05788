/* scopes.h - scopes by name and by bit, kept with the handle that was asked first
 *
 * As a rule a server has one handle, a Require line is asked about with that alone, and the tokens
 * of a shop have the same scopes. What others come to is looked up each time: what bit a name is,
 * is the daemon's to say that decides. Bits stay valid for the life of a handle.
 */
#ifndef STKGATE_APACHE_SCOPES_H
#define STKGATE_APACHE_SCOPES_H

#include <apr_pools.h>

#include "stkgate.h"

/* What a line of the configuration names. */
struct scopes_line;

/* For a line, as long as the pool lives; the handles that it is used with must live longer. */
struct scopes_line *scopes_line_make(apr_pool_t *pool);

/* As stkgate_scope(). Always the same names for the same line. Any thread. */
int scopes_look_up(struct scopes_line *line, stkgate *gate, const char *names, uint64_t *ret_mask);

/* The names of these, with a space between them; a bit that has none is left out. As long as the
 * pool and the handle live. Any thread. */
const char *scopes_names(apr_pool_t *pool, stkgate *gate, uint64_t scopes);

/* Forget the names: the handles that told them are closed. Nobody else is at work. */
void scopes_begin(void);

#endif
