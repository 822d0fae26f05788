#include "daemon/admin/table.h"

#include <string.h>

#include "daemon/admin/printable.h"
#include "tests/suite.h"

static const struct table_column columns[] = {
    {"KEY", COLUMN_WHOLE}, {"NAME", COLUMN_FLEXIBLE}, {"STATE", COLUMN_WHOLE}};

static const char *printed(const struct table *table, struct terminal terminal)
{
    static char buffer[4096];
    FILE *out = fmemopen(buffer, sizeof buffer, "w");
    ck_assert_int_eq(table_print(table, &terminal, out), 0);
    fputc('\0', out);
    fclose(out);
    return buffer;
}

static struct table *table_of(const char *const *cells, size_t count)
{
    printable_init();
    struct table *table = table_new(columns, 3);
    for (size_t i = 0; i < count; i++)
        table_add(table, cells[i], i % 3 == 2 ? STYLE_GOOD : STYLE_PLAIN);
    return table;
}

START_TEST(aligns_columns_by_width)
{
    static const char *const cells[] = {"key_1", "Ödeme", "active", "key_22", "店舗", "revoked"};
    struct table *table = table_of(cells, 6);
    ck_assert_uint_eq(table_rows(table), 2);
    ck_assert_str_eq(printed(table, (struct terminal){0}), "KEY     NAME   STATE\n"
                                                           "key_1   Ödeme  active\n"
                                                           "key_22  店舗   revoked\n");
    table_free(table);
}
END_TEST

START_TEST(aligns_numbers_by_their_ends)
{
    static const struct table_column numbers[] = {
        {"SITE", COLUMN_WHOLE}, {"CALLS", COLUMN_NUMBER}, {"LAST", COLUMN_NUMBER}};
    static const char *const cells[] = {"a", "7", "1", "b", "1000000", "22222"};
    struct table *table = table_new(numbers, 3);
    for (size_t i = 0; i < 6; i++)
        table_add(table, cells[i], STYLE_PLAIN);
    ck_assert_str_eq(printed(table, (struct terminal){0}), "SITE    CALLS   LAST\n"
                                                           "a           7      1\n"
                                                           "b     1000000  22222\n");
    table_free(table);
}
END_TEST

START_TEST(shows_a_dash_for_nothing)
{
    static const char *const cells[] = {"", NULL, "x"};
    struct table *table = table_of(cells, 3);
    ck_assert_str_eq(printed(table, (struct terminal){0}), "KEY  NAME  STATE\n"
                                                           "-    -     x\n");
    table_free(table);
}
END_TEST

START_TEST(colours_the_words_only)
{
    static const char *const cells[] = {"k", "n", "on"};
    struct table *table = table_of(cells, 3);
    ck_assert_str_eq(printed(table, (struct terminal){true, true, 80}),
                     "\033[1mKEY\033[0m  \033[1mNAME\033[0m  \033[1mSTATE\033[0m\n"
                     "k    n     \033[32mon\033[0m\n");
    table_free(table);
}
END_TEST

START_TEST(cuts_the_flexible_column_to_fit)
{
    static const char *const cells[] = {"key_1", "a name that is much too long", "active"};
    struct table *table = table_of(cells, 3);
    ck_assert_str_eq(printed(table, (struct terminal){true, false, 30}),
                     "KEY    NAME             STATE\n"
                     "key_1  a name that is\xe2\x80\xa6  active\n");
    /* No narrower than twelve columns, though the line gets too long. */
    ck_assert_str_eq(printed(table, (struct terminal){true, false, 5}),
                     "KEY    NAME          STATE\n"
                     "key_1  a name that\xe2\x80\xa6  active\n");
    table_free(table);
}
END_TEST

START_TEST(cuts_between_wide_characters)
{
    static const char *const cells[] = {"k", "店舗店舗店舗店舗", "active"};
    struct table *table = table_of(cells, 3);
    /* 12 columns: five characters of two, the ellipsis, and one column left over. */
    ck_assert_str_eq(printed(table, (struct terminal){true, false, 5}),
                     "KEY  NAME          STATE\n"
                     "k    店舗店舗店\xe2\x80\xa6   active\n");
    table_free(table);
}
END_TEST

START_TEST(makes_cells_printable)
{
    static const char *const cells[] = {"k", "a\033[2Jb", "x\ny"};
    struct table *table = table_of(cells, 3);
    ck_assert_str_eq(printed(table, (struct terminal){0}), "KEY  NAME         STATE\n"
                                                           "k    a\\u001b[2Jb  x\\u000ay\n");
    table_free(table);
}
END_TEST

START_TEST(holds_many_rows)
{
    struct table *table = table_of(NULL, 0);
    for (unsigned i = 0; i < 3000; i++)
        table_add(table, "cell", STYLE_PLAIN);
    ck_assert_uint_eq(table_rows(table), 1000);
    table_free(table);
}
END_TEST

SUITE_MAIN("table", aligns_columns_by_width, aligns_numbers_by_their_ends, shows_a_dash_for_nothing,
           colours_the_words_only, cuts_the_flexible_column_to_fit, cuts_between_wide_characters,
           makes_cells_printable, holds_many_rows)
