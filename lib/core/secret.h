/* secret.h - memory that held a secret is wiped
 *
 * Comparing secrets is digest_equal() in digest.h: what is compared is always a digest.
 */
#ifndef STKGATE_CORE_SECRET_H
#define STKGATE_CORE_SECRET_H

#include <stddef.h>

/* Overwrite len bytes with zeroes, in a way that no compiler leaves out. NULL with 0 is allowed. */
void secret_wipe(void *bytes, size_t len);

/* Wipe the string at *string up to its NUL, free it and set it to NULL. For
 * __attribute__((cleanup)) on a char *. */
void secret_free(char **string);

#endif
