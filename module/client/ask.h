/* ask.h - have the daemon decide about one query
 */
#ifndef STKGATE_CLIENT_ASK_H
#define STKGATE_CLIENT_ASK_H

#include "module/client/handle.h"

/* query has a well-formed credential. 0 and the daemon's verdict; else a negative errno value as
 * stkgate_check() has it, and *ret is undefined. attach: once that is answered, ask for the view,
 * too, if it may be had; whatever comes of that, the verdict is there. When a connection that was used before turns out
 * dead, the query is put once more on a new one: should the daemon have died between spending and
 * answering, the call is spent twice. */
int ask_verdict(struct stkgate *gate, const struct query *query, bool attach, struct verdict *ret);

/* Have the daemon say WELCOME again. */
int ask_welcome(struct stkgate *gate);

#endif
