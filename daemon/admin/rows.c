#include "daemon/admin/rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"
#include "lib/core/moment.h"

int rows_begin(struct rows *ret, struct admin *admin, const struct rows_shape *shape, bool ids_only)
{
    struct rows rows = {.admin = admin, .shape = shape, .ids_only = ids_only};
    if (ids_only && admin->json)
        return arguments_fail(admin->usage, "--quiet and --json exclude each other");
    if (!ids_only && !admin->json) {
        rows.table = table_new(shape->columns, shape->column_count);
        if (!rows.table)
            return admin_fail(admin, "out of memory");
    }
    *ret = rows;
    return EXIT_STATUS_OK;
}

int rows_take(const json_t *item, void *userdata)
{
    struct rows *rows = userdata;
    int status = EXIT_STATUS_OK;
    if (rows->table) {
        rows->shape->add(rows->table, rows->admin, item);
    } else if (rows->ids_only) {
        printable_write(stdout, answer_text(item, rows->shape->id_member));
        putchar('\n');
    } else {
        fputs(rows->count ? "," : "[", stdout);
        status = admin_print_json(rows->admin, item);
    }
    rows->count++;
    return status;
}

static int finish(const struct rows *rows)
{
    const struct admin *admin = rows->admin;
    if (!rows->table) {
        if (!rows->ids_only)
            puts(rows->count ? "]" : "[]");
        return EXIT_STATUS_OK;
    }
    if (rows->count == 0) {
        if (admin->terminal.is_terminal)
            fprintf(stderr, "%s\n", rows->shape->none);
        return EXIT_STATUS_OK;
    }
    if (table_print(rows->table, &admin->terminal, stdout) < 0)
        return admin_fail(admin, "out of memory: choose fewer, or use --json");
    return EXIT_STATUS_OK;
}

int rows_end(struct rows *rows, int status)
{
    if (status == EXIT_STATUS_OK)
        status = finish(rows);
    rows->table = table_free(rows->table);
    return status;
}

int rows_walk(struct admin *admin, const struct rows_shape *shape, bool ids_only,
              const struct pages *pages, bool *ret_more)
{
    struct rows rows;
    int status = rows_begin(&rows, admin, shape, ids_only);
    if (status != EXIT_STATUS_OK)
        return status;
    return rows_end(&rows, pages_walk(admin, pages, rows_take, &rows, ret_more));
}

void rows_add_time(struct table *table, const struct admin *admin, const json_t *item,
                   const char *member, const char *instead)
{
    char text[ANSWER_TEXT_MAX];
    int64_t at_s;
    if (!answer_time(item, member, &at_s))
        snprintf(text, sizeof text, "%s", instead);
    else if (admin->terminal.is_terminal)
        answer_relative(at_s, admin->now_s, text);
    else
        moment_rfc3339(at_s, text);
    table_add(table, text, STYLE_PLAIN);
}

void rows_add_number(struct table *table, const json_t *item, const char *member)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, answer_number(item, member));
    table_add(table, text, STYLE_PLAIN);
}
