#include "daemon/admin/table.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/admin/printable.h"

#define ELLIPSIS       "\xe2\x80\xa6"
#define GAP            2u  /* spaces between columns */
#define FLEXIBLE_LEAST 12u /* a column is cut no shorter than this */

struct cell {
    char *text;
    enum style style;
    unsigned width;
};

struct table {
    const struct table_column *columns;
    unsigned count;
    unsigned widths[TABLE_COLUMNS_MAX];
    struct cell *cells;
    size_t used, capacity;
    bool failed;
};

struct table *table_new(const struct table_column *columns, unsigned count)
{
    if (count == 0 || count > TABLE_COLUMNS_MAX)
        return NULL;
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->columns = columns;
    table->count = count;
    for (unsigned i = 0; i < count; i++)
        table->widths[i] = printable_width(columns[i].heading);
    return table;
}

struct table *table_free(struct table *table)
{
    if (table) {
        for (size_t i = 0; i < table->used; i++)
            free(table->cells[i].text);
        free(table->cells);
        free(table);
    }
    return NULL;
}

/* A printable copy, for the caller to free; NULL when there is no memory. */
static char *printable_copy(const char *text)
{
    char *copy = NULL;
    size_t len;
    FILE *out = open_memstream(&copy, &len);
    if (!out)
        return NULL;
    printable_write(out, text);
    if (fclose(out) != 0) {
        free(copy);
        return NULL;
    }
    return copy;
}

static bool make_room(struct table *table)
{
    if (table->used < table->capacity)
        return true;
    size_t capacity = table->capacity ? table->capacity * 2 : 256;
    struct cell *cells = reallocarray(table->cells, capacity, sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

void table_add(struct table *table, const char *text, enum style style)
{
    char *copy = printable_copy(text && *text ? text : "-");
    if (!copy || !make_room(table)) {
        free(copy);
        table->failed = true;
        return;
    }
    unsigned column = (unsigned)(table->used % table->count);
    unsigned width = printable_width(copy);
    if (width > table->widths[column])
        table->widths[column] = width;
    table->cells[table->used++] = (struct cell){copy, style, width};
}

size_t table_rows(const struct table *table)
{
    return table->used / table->count;
}

/* The widths to print with: flexible columns give way, the first one first, until a line fits. */
static void fit_widths(const struct table *table, unsigned columns, unsigned *ret_widths)
{
    unsigned total = GAP * (table->count - 1);
    for (unsigned i = 0; i < table->count; i++) {
        ret_widths[i] = table->widths[i];
        total += table->widths[i];
    }
    if (columns == 0)
        return;
    for (unsigned i = 0; i < table->count && total > columns; i++) {
        if (table->columns[i].kind != COLUMN_FLEXIBLE || ret_widths[i] <= FLEXIBLE_LEAST)
            continue;
        unsigned excess = total - columns, spare = ret_widths[i] - FLEXIBLE_LEAST;
        unsigned cut = excess < spare ? excess : spare;
        ret_widths[i] -= cut;
        total -= cut;
    }
}

struct line {
    const struct terminal *terminal;
    FILE *out;
    unsigned pending; /* spaces owed before the next cell: none are left at the end of a line */
};

static void print_cell(struct line *line, const char *text, enum style style, unsigned width,
                       enum column kind)
{
    bool is_cut = printable_width(text) > width;
    unsigned shown;
    size_t len = printable_fit(text, is_cut ? width - 1 : width, &shown);
    if (kind == COLUMN_NUMBER) {
        line->pending += width - shown;
        width = shown;
    }
    fprintf(line->out, "%*s%s%.*s%s%s", (int)line->pending, "",
            terminal_begin(line->terminal, style), (int)len, text, is_cut ? ELLIPSIS : "",
            terminal_end(line->terminal, style));
    line->pending = width - shown - is_cut + GAP;
}

int table_print(const struct table *table, const struct terminal *terminal, FILE *out)
{
    if (table->failed)
        return -ENOMEM;
    unsigned widths[TABLE_COLUMNS_MAX];
    fit_widths(table, terminal->columns, widths);
    struct line line = {terminal, out, 0};
    for (unsigned i = 0; i < table->count; i++)
        print_cell(&line, table->columns[i].heading, STYLE_HEADING, widths[i],
                   table->columns[i].kind);
    fputc('\n', out);
    for (size_t i = 0; table->count > 0 && i < table->used; i++) {
        unsigned column = (unsigned)(i % table->count);
        if (column == 0)
            line.pending = 0;
        print_cell(&line, table->cells[i].text, table->cells[i].style, widths[column],
                   table->columns[column].kind);
        if (column + 1 == table->count)
            fputc('\n', out);
    }
    return 0;
}
