#include "lib/core/moment.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>

#include "tests/suite.h"
#include "tests/vectors.h"

START_TEST(writes_both_forms)
{
    struct vectors v;
    for (vectors_open(&v, "moment.txt", 3); vectors_next(&v);) {
        int64_t unix_s = strtoll(v.fields[0].data, NULL, 10), parsed;
        char text[MOMENT_TEXT_MAX];
        moment_rfc3339(unix_s, text);
        ck_assert_str_eq(text, v.fields[1].data);
        ck_assert_int_eq(moment_parse(v.fields[1], &parsed), 0);
        ck_assert_int_eq(parsed, unix_s);
        moment_imf(unix_s, text);
        ck_assert_str_eq(text, v.fields[2].data);
    }
}
END_TEST

START_TEST(writes_a_dash_out_of_range)
{
    static const int64_t out[] = {-1, INT64_MIN, MOMENT_MAX_S + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        char text[MOMENT_TEXT_MAX];
        moment_rfc3339(out[i], text);
        ck_assert_str_eq(text, "-");
        moment_imf(out[i], text);
        ck_assert_str_eq(text, "-");
    }
}
END_TEST

START_TEST(knows_no_locale_and_no_zone)
{
    char text[MOMENT_TEXT_MAX];
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    setenv("TZ", "Asia/Kathmandu", 1);
    setlocale(LC_ALL, "");
    moment_imf(1719791999, text);
    ck_assert_str_eq(text, "Sun, 30 Jun 2024 23:59:59 GMT");
}
END_TEST

/* Every day from 1970 to 9999, counted by hand. */
START_TEST(counts_every_day)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = 0;
    for (unsigned year = 1970; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (unsigned month = 0; month < 12; month++) {
            unsigned length = lengths[month] + (month == 1 && leap);
            for (unsigned i = 1; i <= length; i++, day++) {
                char expected[48], text[MOMENT_TEXT_MAX];
                snprintf(expected, sizeof expected, "%04u-%02u-%02uT00:00:00Z", year, month + 1, i);
                moment_rfc3339(day * 86400, text);
                if (strcmp(text, expected) != 0)
                    ck_abort_msg("%s is written as %s", expected, text);
            }
        }
    }
    ck_assert_int_eq(day * 86400 - 1, MOMENT_MAX_S);
}
END_TEST

START_TEST(parses_what_exists_and_nothing_else)
{
    struct vectors v;
    for (vectors_open(&v, "moment-parse.txt", 2); vectors_next(&v);) {
        int64_t unix_s = 77;
        int r = moment_parse(v.fields[0], &unix_s);
        if (v.fields[1].data[0] == '-') {
            ck_assert_msg(r == -EINVAL, "%s: %d", v.fields[0].data, r);
            ck_assert_int_eq(unix_s, 77);
        } else {
            ck_assert_msg(r == 0, "%s: %d", v.fields[0].data, r);
            ck_assert_int_eq(unix_s, strtoll(v.fields[1].data, NULL, 10));
        }
    }
}
END_TEST

START_TEST(parses_and_formats_spans)
{
    struct vectors v;
    for (vectors_open(&v, "span.txt", 3); vectors_next(&v);) {
        uint64_t ns = 77, again;
        char text[SPAN_TEXT_MAX];
        int r = span_parse(v.fields[0], &ns);
        int expected = text_equal(v.fields[1], TEXT("EINVAL"))   ? -EINVAL
                       : text_equal(v.fields[1], TEXT("ERANGE")) ? -ERANGE
                                                                 : 0;
        ck_assert_msg(r == expected, "%s: %d", v.fields[0].data, r);
        if (r < 0) {
            ck_assert_uint_eq(ns, 77);
            continue;
        }
        ck_assert_uint_eq(ns, strtoull(v.fields[1].data, NULL, 10));
        span_format(ns, text);
        ck_assert_str_eq(text, v.fields[2].data);
        ck_assert_int_eq(span_parse(text_of(text), &again), 0);
        ck_assert_uint_eq(again, ns);
    }
}
END_TEST

START_TEST(formats_the_longest_span)
{
    char text[SPAN_TEXT_MAX];
    span_format(UINT64_MAX, text);
    ck_assert_str_eq(text, "18446744073709551615ns");
}
END_TEST

SUITE_MAIN("moment", writes_both_forms, writes_a_dash_out_of_range, knows_no_locale_and_no_zone,
           counts_every_day, parses_what_exists_and_nothing_else, parses_and_formats_spans,
           formats_the_longest_span)
