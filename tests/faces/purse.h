/* purse.h - the credentials that the table's calls carry: made over admin.sock, named as there
 *
 * Shared ones are made once and kept in a file, which the faces' own programs read; fresh ones come
 * new with each row. Each value is added to a list of secrets, so that logs can be searched for
 * them. Whatever goes wrong ends the program.
 */
#ifndef STKGATE_TESTS_FACES_PURSE_H
#define STKGATE_TESTS_FACES_PURSE_H

#include <stdio.h>

#include "tests/faces/table.h"

#define PURSE_VALUE_MAX 80 /* bytes, with the NUL */

struct purse {
    const struct table *table;
    char values[CREDENTIALS_MAX][PURSE_VALUE_MAX]; /* empty: not made yet */
    int admin_fd;
    FILE *secrets;
};

/* runtime: the daemon's directory. secrets: a file that is appended to. */
void purse_open(struct purse *purse, const struct table *table, const char *runtime,
                const char *secrets);
void purse_close(struct purse *purse);

/* Make all shared ones, wait for those that are to expire, and write "NAME VALUE" lines to path. */
void purse_fill(struct purse *purse, const char *path);
/* Take them from there. */
void purse_load(struct purse *purse, const char *path);

/* Forget the fresh ones: the next row begins. */
void purse_next_row(struct purse *purse);

/* The value of a credential of the table, which is made if it is fresh and not made yet. Valid
 * until purse_next_row(). */
const char *purse_value(struct purse *purse, const struct credential_spec *spec);

#endif
