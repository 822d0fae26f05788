/* admin_call.h - one request after the other to admin.sock, without a program for each
 *
 * Whatever goes wrong ends the program.
 */
#ifndef STKGATE_TESTS_CROWD_ADMIN_CALL_H
#define STKGATE_TESTS_CROWD_ADMIN_CALL_H

#include <stddef.h>
#include <stdint.h>

#define ADMIN_REPLY_MAX 8192

/* A connection to admin.sock in the directory runtime. */
int admin_call_dial(const char *runtime);
/* -1: nobody is there. */
int admin_call_try_to_dial(const char *runtime);

/* Ask for path with a JSON body; the answer, which must be 200 or 201, with its header, as a
 * string. */
void admin_call(int fd, const char *method, const char *path, const char *body,
                char ret[static ADMIN_REPLY_MAX + 1]);
void admin_call_post(int fd, const char *path, const char *body,
                     char ret[static ADMIN_REPLY_MAX + 1]);

/* The value of a member that is a string without escapes, NUL-terminated, at most capacity bytes.
 */
void admin_call_member(const char *reply, const char *member, char *ret, size_t capacity);

/* The same of a member that is a number: the first of that name. */
uint64_t admin_call_number(const char *reply, const char *member);

#endif
