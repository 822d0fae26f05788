/* rows.h - where the items of a list go: a table, an array of JSON, or their ids alone
 *
 * A table is printed when it is whole; JSON and ids go out one by one, so that a list of a million
 * items need not fit in memory.
 */
#ifndef STKGATE_ADMIN_ROWS_H
#define STKGATE_ADMIN_ROWS_H

#include "daemon/admin/admin.h"
#include "daemon/admin/pages.h"
#include "daemon/admin/table.h"

/* What a list looks like. Static. */
struct rows_shape {
    const struct table_column *columns;
    unsigned column_count;
    /* Add the cells of one item. */
    void (*add)(struct table *table, const struct admin *admin, const json_t *item);
    const char *id_member; /* "key_id": what is printed when ids alone are wanted; may be NULL */
    const char *none;      /* what a person at a terminal is told when there are no items */
};

struct rows {
    struct admin *admin;
    const struct rows_shape *shape;
    bool ids_only;
    struct table *table; /* NULL: JSON, or ids alone */
    size_t count;
};

#define ROWS_IDS_HELP "      --quiet                print their ids alone, one on a line\n"

/* EXIT_STATUS_OK; then rows_end() must follow. Or the exit status, printed. */
int rows_begin(struct rows *ret, struct admin *admin, const struct rows_shape *shape,
               bool ids_only);
/* A pages_take_fn: rows is its userdata. */
int rows_take(const json_t *item, void *rows);
/* Print what is to be printed at the end if status is EXIT_STATUS_OK, and release. Returns status,
 * or that of a failure to print. */
int rows_end(struct rows *rows, int status);

/* All three, over the pages of a list. ret_more: as of pages_walk(). */
int rows_walk(struct admin *admin, const struct rows_shape *shape, bool ids_only,
              const struct pages *pages, bool *ret_more);

/* The next cell: a time, as long ago or ahead on a terminal, else as RFC 3339; or instead. */
void rows_add_time(struct table *table, const struct admin *admin, const json_t *item,
                   const char *member, const char *instead);
/* The next cell: a count. */
void rows_add_number(struct table *table, const json_t *item, const char *member);

#endif
