/* What is masked in a line of a log, and what is left. */
#include "module/nginx/mask.h"
#include "tests/suite.h"

#include <stdlib.h>

/* In memory that ends where the line does: a sanitizer sees a byte too many. */
static void check_line(const char *line, const char *wanted)
{
    size_t len = strlen(line);
    unsigned char *bytes = malloc(len > 0 ? len : 1);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, line, len);
    mask_secrets(bytes, len);
    ck_assert_uint_eq(strlen(wanted), len);
    ck_assert_msg(memcmp(bytes, wanted, len) == 0, "%.*s, not %s", (int)len, (char *)bytes, wanted);
    free(bytes);
}

struct row {
    const char *line, *wanted;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_line(rows[i].line, rows[i].wanted);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

START_TEST(shows_four_characters_of_a_token)
{
    const struct row rows[] = {
        {"http header: \"Authorization: Bearer stk_live_zQWBuTSOoRi4\"",
         "http header: \"Authorization: Bearer stk_live_zQWB........\""},
        {"stk_test_abcdefgh and stk_live_ABCDEFGH", "stk_test_abcd.... and stk_live_ABCD...."},
        {"stk_live_abcdefgh, stk_live_abcdefgh", "stk_live_abcd...., stk_live_abcd...."},
        {"STK_Live_abcdefgh", "STK_Live_abcd...."},
        {"/?t=stk%5Flive%5fabcdefgh&x=1", "/?t=stk%5Flive%5fabcd....&x=1"},
        {"stk_live_abcd", "stk_live_abcd"},
        {"stk_live_abc-defg.h", "stk_live_abc-......"},
        {"xstk_live_abcdefgh", "xstk_live_abcd...."},
        {"stk_live_abcdstk_live_efgh", "stk_live_abcd............."},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(masks_the_value_of_a_credentials_own_field_whole)
{
    const struct row rows[] = {
        {"http header: \"X-API-Key: secret\"", "http header: \"X-API-Key: ......\""},
        {"http2 header: \"x-api-key: se cr,t\"", "http2 header: \"x-api-key: .......\""},
        {"line: \"X_API_KEY:secret\" while reading", "line: \"X_API_KEY:......\" while reading"},
        {"param: \"HTTP_X_API_KEY: secret\"", "param: \"HTTP_X_API_KEY: ......\""},
        {"\"X-API-Key \t: se\"cret\", client: x", "\"X-API-Key \t: .......\", client: x"},
        {"GET\r\nX-API-Key: secret\r\nHost: x\r\n", "GET\r\nX-API-Key: ......\r\nHost: x\r\n"},
        {"X-API-Key: stk_live_abcdefgh", "X-API-Key: ................."},
        {"http header: \"X-Stella-Token: legacy-1\"", "http header: \"X-Stella-Token: ........\""},
        {"\"HTTP_X_STELLA_TOKEN: stk_live_abcdefgh\"",
         "\"HTTP_X_STELLA_TOKEN: .................\""},
        {"x-x-api-key: s", "x-x-api-key: ."},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(leaves_other_lines_alone)
{
    const struct row rows[] = {
        {"", ""},
        {"stk_lively and stk_other_abcdefgh, stk-live-abcdefgh",
         "stk_lively and stk_other_abcdefgh, stk-live-abcdefgh"},
        {"unknown \"http_x_api_key\" variable", "unknown \"http_x_api_key\" variable"},
        {"X-API-Keys: a, X-Site-ID: kasa", "X-API-Keys: a, X-Site-ID: kasa"},
        {"key_id=key_zQWBuTSOoRi4A9sp", "key_id=key_zQWBuTSOoRi4A9sp"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(takes_a_line_that_ends_anywhere)
{
    static const char line[] = "stk%5Flive_abcdefgh X-API-Key: \"secret\" stk_test_abcdefgh\n";
    char wanted[sizeof line], cut[sizeof line];

    for (size_t len = 0; len < sizeof line; len++) {
        memcpy(cut, line, len);
        cut[len] = '\0';
        memcpy(wanted, cut, sizeof wanted);
        for (size_t i = 0; i < len; i++)
            if ((i >= 15 && i < 19) || (i >= 31 && i < 38) || (i >= 53 && i < 57))
                wanted[i] = '.';
        /* Cut there, the quote that begins the value could be the one that ends it. */
        if (len == 32)
            wanted[31] = '"';
        check_line(cut, wanted);
    }
}
END_TEST

START_TEST(takes_any_bytes)
{
    unsigned char bytes[2048];
    unsigned random = 1;
    static const char alphabet[] = "stk_live_X-API-Key: \"\r\n%5f\x80";
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1103515245u + 12345u;
            bytes[i] = (unsigned char)alphabet[(random >> 16) % sizeof alphabet];
        }
        mask_secrets(bytes, (random >> 16) % sizeof bytes);
    }
}
END_TEST

SUITE_MAIN("mask", shows_four_characters_of_a_token,
           masks_the_value_of_a_credentials_own_field_whole, leaves_other_lines_alone,
           takes_a_line_that_ends_anywhere, takes_any_bytes)
