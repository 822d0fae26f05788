/* user.h - names of users, looked up by the one who reads them
 *
 * The daemon knows numbers: a look-up may ask a directory server, for which no check is to wait.
 */
#ifndef STKGATE_ADMIN_USER_H
#define STKGATE_ADMIN_USER_H

#include <jansson.h>
#include <stdbool.h>

#define USER_TEXT_MAX 64

/* True: "www-data", not made printable. False: "uid 33", when nobody has the number; "" when uid (a
 * member of an answer; may be NULL) is no number. */
bool user_name(const json_t *uid, char ret[static USER_TEXT_MAX]);

#endif
