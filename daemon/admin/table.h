/* table.h - rows of text in aligned columns
 *
 * Cells are made printable when they are added. An allocation that fails is remembered and told by
 * table_print().
 */
#ifndef STKGATE_ADMIN_TABLE_H
#define STKGATE_ADMIN_TABLE_H

#include <stdio.h>

#include "daemon/admin/terminal.h"

#define TABLE_COLUMNS_MAX 12

struct table;

enum column {
    COLUMN_WHOLE = 0,
    COLUMN_FLEXIBLE, /* may be cut, with an ellipsis, for the table to fit on a terminal */
    COLUMN_NUMBER,   /* whole, and its ends are one below the other */
};

struct table_column {
    const char *heading;
    enum column kind;
};

/* columns is borrowed; count is at most TABLE_COLUMNS_MAX. NULL when there is no memory. */
struct table *table_new(const struct table_column *columns, unsigned count);
struct table *table_free(struct table *table); /* NULL is allowed; returns NULL */

/* Add the next cell, left to right, row by row. text NULL or empty: "-". */
void table_add(struct table *table, const char *text, enum style style);

size_t table_rows(const struct table *table);

/* Headings, then the rows; two spaces between columns, none at the end of a line. 0; -ENOMEM: cells
 * are missing, and nothing was printed. */
int table_print(const struct table *table, const struct terminal *terminal, FILE *out);

#endif
