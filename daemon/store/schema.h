/* schema.h - the tables in the file: opened when they are ours, made when there are none
 *
 * Private to daemon/store.
 */
#ifndef STKGATE_DAEMON_STORE_SCHEMA_H
#define STKGATE_DAEMON_STORE_SCHEMA_H

#include "daemon/store/tables.h"

/* Find the tables, and set store->dbi. dir is for messages. -EPROTONOSUPPORT a newer schema;
 * -EBADMSG not stkgate's, empty, or damaged; message is then filled. */
int schema_open(struct store *store, const char *dir, char message[static STORE_ERROR_MAX]);

/* Make the tables in an empty file, and commit them. */
int schema_make(MDB_env *env);

#endif
