#include "daemon/admin/printable.h"

#include <string.h>

#include "tests/suite.h"

static const char *printed(const char *text, void (*write)(FILE *, const char *))
{
    static char buffer[1024];
    FILE *out = fmemopen(buffer, sizeof buffer, "w");
    write(out, text);
    fputc('\0', out);
    fclose(out);
    return buffer;
}

START_TEST(leaves_text_as_it_is)
{
    static const char *const texts[] = {"",     "production", "Kasa Ödeme",
                                        "店舗", "a \\ \" b",  "🙂"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_str_eq(printed(texts[i], printable_write), texts[i]);
}
END_TEST

START_TEST(spells_out_what_a_terminal_would_obey)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\033[31mred", "\\u001b[31mred"},
        {"a\nb\rc\td", "a\\u000ab\\u000dc\\u0009d"},
        {"\177", "\\u007f"},
        {"\xc2\x9b", "\\u009b"},     /* CSI in one character */
        {"\xc2\x85", "\\u0085"},     /* next line */
        {"\xe2\x80\xa8", "\\u2028"}, /* line separator */
        {"a\xe2\x80\xae"
         "b",
         "a\\u202eb"},               /* right-to-left override */
        {"\xe2\x81\xa6", "\\u2066"}, /* isolate */
        {"\xef\xbb\xbf", "\\ufeff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(printed(cases[i].text, printable_write), cases[i].expected);
}
END_TEST

START_TEST(shows_bytes_that_are_no_utf8)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\x9b", "\\x9b"},
        {"\xff", "\\xff"},
        {"a\xc3", "a\\xc3"},                          /* cut short */
        {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(printed(cases[i].text, printable_write), cases[i].expected);
}
END_TEST

START_TEST(keeps_the_lines_of_json)
{
    ck_assert_str_eq(printed("{\n  \"a\": \"\xc2\x9b\"\n}", printable_write_json),
                     "{\n  \"a\": \"\\u009b\"\n}");
}
END_TEST

START_TEST(measures_columns_not_bytes)
{
    printable_init();
    ck_assert_uint_eq(printable_width(""), 0);
    ck_assert_uint_eq(printable_width("kasa"), 4);
    ck_assert_uint_eq(printable_width("Ödeme"), 5);
    ck_assert_uint_eq(printable_width("店舗"), 4);
    ck_assert_uint_eq(printable_width("e\xcc\x81"), 1); /* a combining accent */
}
END_TEST

START_TEST(fits_whole_characters)
{
    static const struct {
        const char *text;
        unsigned columns;
        size_t len;
        unsigned used;
    } cases[] = {
        {"kasa", 2, 2, 2}, {"kasa", 9, 4, 4},  {"店舗", 3, 3, 2},
        {"店舗", 1, 0, 0}, {"Ödeme", 1, 2, 1}, {"e\xcc\x81x", 1, 3, 1},
    };
    printable_init();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned used;
        ck_assert_uint_eq(printable_fit(cases[i].text, cases[i].columns, &used), cases[i].len);
        ck_assert_uint_eq(used, cases[i].used);
    }
}
END_TEST

SUITE_MAIN("printable", leaves_text_as_it_is, spells_out_what_a_terminal_would_obey,
           shows_bytes_that_are_no_utf8, keeps_the_lines_of_json, measures_columns_not_bytes,
           fits_whole_characters)
