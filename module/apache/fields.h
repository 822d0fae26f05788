/* fields.h - the header fields of a request that a verdict depends on, and the secrets among them
 *
 * httpd logs all header fields at LogLevel trace4, right after it has read them, and hands them to
 * every program behind it. So credentials are taken out of the request's table at once, and are put
 * back where nobody guards.
 */
#ifndef STKGATE_APACHE_FIELDS_H
#define STKGATE_APACHE_FIELDS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "module/face/field.h"

struct fields {
    struct stkgate_request request; /* the fields that came, and nothing else */
    apr_array_header_t *secrets;    /* of struct hidden; NULL: nothing was taken yet */
};

/* Read the fields of a request from the table of its header, and take the credentials out. Those of
 * look-alikes such as X_Stella_Token count for nothing, but are taken out, too: what somebody sends
 * there is a token all the same. One that came more than once is
 * its values joined by ", ". What ret points to lives as long as pool and the table's. */
void fields_take(apr_pool_t *pool, apr_table_t *headers, struct fields *ret);

/* Take out what fields_take() found, where it is; put it back where it was. Any number of times, in
 * any order. */
void fields_hide(const struct fields *fields, apr_table_t *headers);
void fields_show(const struct fields *fields, apr_table_t *headers);

/* Take the credentials out of an environment: httpd makes variables of all fields, and hands them
 * on, as REDIRECT_HTTP_..., too, from a place where they are shown to one where they are not. */
void fields_hide_variables(apr_table_t *environment);

/* Of a request that nobody has read the fields of: take all credentials out, for good. */
void fields_drop(apr_pool_t *pool, apr_table_t *headers);

#endif
