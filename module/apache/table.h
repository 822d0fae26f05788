/* table.h - what APR's tables lack
 */
#ifndef STKGATE_APACHE_TABLE_H
#define STKGATE_APACHE_TABLE_H

#include <apr_tables.h>
#include <stdbool.h>

/* Take out all names of which is_one says so of a name and a value of theirs. */
void table_unset_where(apr_table_t *table, bool (*is_one)(const char *name, const char *value));

#endif
