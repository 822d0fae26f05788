/* schema.h - the tables in the file: opened when they are ours, made when there are none
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_SCHEMA_H
#define STKGATE_DAEMON_STORE_SCHEMA_H

#include "daemon/store/tables.h"

/* Sets store->dbi. dir is for messages. -EPROTONOSUPPORT a newer schema; -EBADMSG not stkgate's, or
 * damaged, or (unless create) empty; message is then filled. */
int schema_open(struct store *store, const char *dir, bool create,
                char message[static STORE_ERROR_MAX]);

#endif
