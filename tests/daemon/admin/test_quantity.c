#include "daemon/admin/quantity.h"

#include "tests/suite.h"

typedef void (*format_fn)(uint64_t value, char ret[static QUANTITY_TEXT_MAX]);

START_TEST(reads_as_people_write)
{
    static const struct {
        format_fn format;
        uint64_t value;
        const char *text;
    } cases[] = {
        {quantity_bytes, 0, "0 B"},
        {quantity_bytes, 1023, "1023 B"},
        {quantity_bytes, 1024, "1.0 KiB"},
        {quantity_bytes, 1048575, "1023.9 KiB"},
        {quantity_bytes, 1610612736, "1.5 GiB"},
        {quantity_bytes, UINT64_MAX, "16777215.9 TiB"},
        {quantity_us, 0, "0 us"},
        {quantity_us, 999, "999 us"},
        {quantity_us, 1000, "1.0 ms"},
        {quantity_us, 999999, "999.9 ms"},
        {quantity_us, 60000000, "60.0 s"},
        {quantity_uptime, 0, "0 s"},
        {quantity_uptime, 59, "59 s"},
        {quantity_uptime, 60, "1 min"},
        {quantity_uptime, 725, "12 min 5 s"},
        {quantity_uptime, 3600, "1 h"},
        {quantity_uptime, 3659, "1 h"},
        {quantity_uptime, 86399, "23 h 59 min"},
        {quantity_uptime, 273600, "3 d 4 h"},
        {quantity_uptime, UINT64_MAX, "213503982334601 d 7 h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[QUANTITY_TEXT_MAX];
        cases[i].format(cases[i].value, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(takes_shares_without_overflow)
{
    ck_assert_uint_eq(quantity_thousandths(1, 0), 0);
    ck_assert_uint_eq(quantity_thousandths(0, 5), 0);
    ck_assert_uint_eq(quantity_thousandths(1, 3), 333);
    ck_assert_uint_eq(quantity_thousandths(3, 3), 1000);
    ck_assert_uint_eq(quantity_thousandths(UINT64_MAX / 2, UINT64_MAX), 499);
    ck_assert_uint_le(quantity_thousandths(UINT64_MAX, UINT64_MAX), 1000);
}
END_TEST

SUITE_MAIN("quantity", reads_as_people_write, takes_shares_without_overflow)
