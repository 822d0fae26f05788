/* field.h - the header fields of an API call that a verdict depends on, as web servers have them
 *
 * For the modules and programs that stand between a web server and libstkgate. Pure.
 */
#ifndef STKGATE_FACE_FIELD_H
#define STKGATE_FACE_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "stkgate.h"

enum field {
    FIELD_TOKEN,         /* X-Stella-Token */
    FIELD_AUTHORIZATION, /* Authorization */
    FIELD_API_KEY,       /* X-API-Key */
    FIELD_SITE,          /* X-Site-ID */
    FIELD_ORIGIN,        /* Origin */
    FIELD_COUNT,         /* none of them */
};

/* Which one a header field's name is, whatever its case; FIELD_COUNT: none. Only with hyphens: a
 * server that makes X_Stella_Token into the same variable as X-Stella-Token must not be asked by
 * this one. */
enum field field_of_name(const char *name, size_t len);

/* Which one it would be if its underscores were hyphens; FIELD_COUNT also where it has none. It is
 * no field of ours, but what somebody sends there may be a token all the same. */
enum field field_of_lookalike(const char *name, size_t len);
#define FIELD_NAME_MAX 14 /* bytes, of the longest name */

/* Its name as HTTP has it, and as the CGI variable that a server makes of it (RFC 3875, 4.1.18):
 * "X-Stella-Token", "HTTP_X_STELLA_TOKEN". Static; of FIELD_COUNT, "". */
const char *field_name(enum field field);
const char *field_variable(enum field field);

/* Its place in a request; NULL: FIELD_COUNT. */
struct stkgate_text *field_in(struct stkgate_request *request, enum field field);

/* Put its value into a request, which borrows it, without the blanks around it. A field that came
 * more than once is its values joined with ", ", by the caller. FIELD_COUNT: nothing happens. */
void field_set(struct stkgate_request *request, enum field field, struct stkgate_text value);

/* Whether this value of this field is a credential of ours, not to be handed to programs behind or
 * to be logged: any X-Stella-Token or X-API-Key, and an Authorization that has "stk_" anywhere. */
bool field_is_secret(enum field field, struct stkgate_text value);

#endif
