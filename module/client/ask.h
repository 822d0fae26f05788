/* ask.h - have the daemon decide about one query
 */
#ifndef STKGATE_CLIENT_ASK_H
#define STKGATE_CLIENT_ASK_H

#include "module/client/handle.h"

/* query has a well-formed credential. 0 and the daemon's verdict; else a negative errno value as
 * stkgate_check() has it, and *ret is undefined. When a connection that was used before turns out
 * dead, the query is put once more on a new one: should the daemon have died between spending and
 * answering, the call is spent twice. Once it is answered, the view is asked for, where it may be
 * had and is needed; whatever comes of that, the verdict is there. */
int ask_verdict(struct stkgate *gate, const struct query *query, struct verdict *ret);

/* Have the daemon say WELCOME again. */
int ask_welcome(struct stkgate *gate);

#endif
