/* reveal.h - tell a new token's secret, once
 *
 * --json: the object, on stdout. On a terminal: a block that says what to do with it. Else the
 * secret alone on its line on stdout, and the rest on stderr, for TOKEN=$(stkgate admin mint ...).
 */
#ifndef STKGATE_ADMIN_REVEAL_H
#define STKGATE_ADMIN_REVEAL_H

#include "daemon/admin/admin.h"

/* token: the daemon's answer to a mint or a rotation. old_fate: after a rotation, what became of
 * the old token ("is revoked"); else NULL. Returns the exit status. */
int reveal_token(const struct admin *admin, const json_t *token, const char *old_fate);

#endif
