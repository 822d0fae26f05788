#include "lib/core/text.h"

#include <errno.h>

#include "tests/suite.h"

#define NOTHING ((struct text){NULL, 0})

/* A text of count times c; lives until the next call. */
static struct text repeated(char c, size_t count)
{
    static char bytes[1024];
    ck_assert_uint_le(count, sizeof bytes);
    memset(bytes, c, count);
    return (struct text){bytes, count};
}

START_TEST(compares_bytes_and_lengths)
{
    ck_assert(text_equal(TEXT("kasa"), TEXT("kasa")));
    ck_assert(!text_equal(TEXT("kasa"), TEXT("kasA")));
    ck_assert(!text_equal(TEXT("kasa"), TEXT("kas")));
    ck_assert(!text_equal(TEXT("a\0b"), TEXT("a\0c")));
    ck_assert(text_equal(NOTHING, TEXT("")));
    ck_assert(text_equal(text_of(NULL), NOTHING));
    ck_assert(text_begins(TEXT("kasa"), TEXT("ka")));
    ck_assert(text_begins(TEXT("kasa"), NOTHING));
    ck_assert(!text_begins(TEXT("k"), TEXT("ka")));
    ck_assert(!text_begins(TEXT("akasa"), TEXT("ka")));
}
END_TEST

START_TEST(takes_printable_text_of_any_script)
{
    ck_assert(text_is_printable(NOTHING));
    ck_assert(text_is_printable(TEXT("production ~!")));
    ck_assert(text_is_printable(TEXT("b\xc3\xbc"
                                     "cher")));
    ck_assert(text_is_printable(TEXT("\xc2\xa0")));                          /* U+00A0 */
    ck_assert(text_is_printable(TEXT("\xe2\x80\xa7 \xe2\x80\xaa")));         /* U+2027, U+202A */
    ck_assert(text_is_printable(TEXT("\xed\x9f\xbf \xee\x80\x80")));         /* around surrogates */
    ck_assert(text_is_printable(TEXT("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"))); /* first, last */
}
END_TEST

START_TEST(refuses_what_a_terminal_or_a_log_would_act_on)
{
    static const struct text refused[] = {
        TEXT("a\0b"),     TEXT("\n"),           TEXT("\r"),           TEXT("\t"),
        TEXT("\x1b[2J"),  TEXT("\x1f"),         TEXT("\x7f"),         TEXT("\xc2\x80"), /* C1 */
        TEXT("\xc2\x9f"), TEXT("\xe2\x80\xa8"), TEXT("\xe2\x80\xa9"), /* U+2028, U+2029 */
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!text_is_printable(refused[i]), "number %zu", i);
}
END_TEST

START_TEST(refuses_what_is_not_utf8)
{
    static const struct text refused[] = {
        TEXT("\x80"),             /* a continuation alone */
        TEXT("\xc3"),             /* cut off */
        TEXT("\xc3("),            /* no continuation */
        TEXT("\xc0\xaf"),         /* overlong '/' */
        TEXT("\xc1\xbf"),         /* overlong */
        TEXT("\xe0\x9f\xbf"),     /* overlong, three bytes */
        TEXT("\xf0\x8f\xbf\xbf"), /* overlong, four bytes */
        TEXT("\xed\xa0\x80"),     /* U+D800 */
        TEXT("\xed\xbf\xbf"),     /* U+DFFF */
        TEXT("\xf4\x90\x80\x80"), /* U+110000 */
        TEXT("\xf5\x80\x80\x80"),
        TEXT("\xff"),
        TEXT("\xe2\x82"), /* cut off after two */
        TEXT("\xe2\x82("),
        TEXT("\xf0\x9f\x92"),
        TEXT("\xf0\x9f\x92("),
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!text_is_printable(refused[i]), "number %zu", i);
}
END_TEST

START_TEST(copies_what_fits)
{
    char out[5] = "xxxx";
    ck_assert(text_copy(TEXT("kasa"), out, sizeof out));
    ck_assert_str_eq(out, "kasa");
    ck_assert(!text_copy(TEXT("kasas"), out, sizeof out));
    ck_assert_str_eq(out, "");
    ck_assert(text_copy(NOTHING, out, 1));
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(knows_site_ids)
{
    ck_assert(text_is_site(TEXT("kasa")));
    ck_assert(text_is_site(TEXT("A-Z_0.9z")));
    ck_assert(text_is_site(repeated('s', SITE_MAX)));
    ck_assert(!text_is_site(repeated('s', SITE_MAX + 1)));
    ck_assert(!text_is_site(NOTHING));
    static const struct text refused[] = {TEXT("ka sa"), TEXT("ka/sa"),     TEXT("ka\0sa"),
                                          TEXT("kasa,"), TEXT("k\xc3\xa4"), TEXT("kasa\n"),
                                          TEXT("ka:sa"), TEXT("ka@sa"),     TEXT("ka[a")};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!text_is_site(refused[i]), "number %zu", i);
}
END_TEST

START_TEST(knows_service_names)
{
    ck_assert(text_is_service(TEXT("storefront-2_b")));
    ck_assert(text_is_service(repeated('s', SERVICE_MAX)));
    ck_assert(!text_is_service(repeated('s', SERVICE_MAX + 1)));
    ck_assert(!text_is_service(NOTHING));
    /* it becomes a file name */
    ck_assert(!text_is_service(TEXT("..")));
    ck_assert(!text_is_service(TEXT("a/b")));
    ck_assert(!text_is_service(TEXT("a.conf")));
    ck_assert(!text_is_service(TEXT("Storefront")));
    ck_assert(!text_is_service(TEXT("a\0b")));
}
END_TEST

START_TEST(knows_token_names)
{
    ck_assert(text_is_name(TEXT("Kasa's production (EU)")));
    ck_assert(text_is_name(repeated('n', NAME_MAX_LEN)));
    ck_assert(!text_is_name(repeated('n', NAME_MAX_LEN + 1)));
    ck_assert(!text_is_name(NOTHING));
    ck_assert(!text_is_name(TEXT("two\nlines")));
}
END_TEST

START_TEST(knows_links)
{
    ck_assert(text_is_link(TEXT("https://kasa.example/migrate?a=b&c=%20#d")));
    ck_assert(text_is_link(TEXT("http://a")));
    static const struct text refused[] = {
        NOTHING,
        TEXT("https://"),
        TEXT("http://"),
        TEXT("https:///a"),
        TEXT("ftp://a"),
        TEXT("HTTPS://a"),
        TEXT("javascript:a"),
        TEXT("//a"),
        TEXT("https://a b"),
        TEXT("https://a>"),
        TEXT("https://a<b"),
        TEXT("https://a\"b"),
        TEXT("https://a\\b"),
        TEXT("https://a^b"),
        TEXT("https://a`b"),
        TEXT("https://a{b"),
        TEXT("https://a|b"),
        TEXT("https://a}b"),
        TEXT("https://a\r\nX:b"),
        TEXT("https://a\x7f"),
        TEXT("https://a\xc3\xa4"),
        TEXT("https://a\0"),
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!text_is_link(refused[i]), "number %zu", i);

    char longest[LINK_MAX_LEN + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://", 8);
    ck_assert(text_is_link((struct text){longest, LINK_MAX_LEN}));
    ck_assert(!text_is_link((struct text){longest, LINK_MAX_LEN + 1}));
}
END_TEST

START_TEST(packs_lists)
{
    uint8_t buffer[10];
    size_t len = 0;
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, TEXT("kasa")), 0);
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, TEXT("b")), 0);
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, TEXT("cde")), -ENOSPC);
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, NOTHING), -EINVAL);
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, repeated('x', 256)), -EINVAL);
    ck_assert_uint_eq(len, 7);
    ck_assert_mem_eq(buffer, "\4kasa\1b", 7);
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, TEXT("cd")), 0);

    struct textlist list = {buffer, len};
    ck_assert(textlist_is_valid(list));
    ck_assert_uint_eq(textlist_count(list), 3);
    ck_assert(textlist_contains(list, TEXT("b")));
    ck_assert(textlist_contains(list, TEXT("cd")));
    ck_assert(!textlist_contains(list, TEXT("kas")));
    ck_assert(!textlist_contains(list, TEXT("kasa\1")));
    ck_assert(!textlist_contains(list, NOTHING));

    size_t at = 0;
    struct text t;
    ck_assert(textlist_next(list, &at, &t) && text_equal(t, TEXT("kasa")));
    ck_assert(textlist_next(list, &at, &t) && text_equal(t, TEXT("b")));
    ck_assert(textlist_next(list, &at, &t) && text_equal(t, TEXT("cd")));
    ck_assert(!textlist_next(list, &at, &t));
}
END_TEST

START_TEST(packs_the_longest_text)
{
    uint8_t buffer[256];
    size_t len = 0;
    ck_assert_int_eq(textlist_append(buffer, sizeof buffer, &len, repeated('x', 255)), 0);
    ck_assert(textlist_is_valid((struct textlist){buffer, len}));
    ck_assert(textlist_contains((struct textlist){buffer, len}, repeated('x', 255)));
}
END_TEST

START_TEST(knows_damaged_lists)
{
    ck_assert(textlist_is_valid((struct textlist){NULL, 0}));
    static const struct textlist refused[] = {
        {(const uint8_t *)"\0", 1},     /* an empty text */
        {(const uint8_t *)"\1", 1},     /* nothing behind the length */
        {(const uint8_t *)"\1a\2b", 4}, /* cut off */
        {(const uint8_t *)"\1a\xff\2", 4},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!textlist_is_valid(refused[i]), "number %zu", i);

    /* Stepping through one stays within it. */
    size_t at = 0;
    struct text t;
    ck_assert(textlist_next(refused[2], &at, &t));
    ck_assert(!textlist_next(refused[2], &at, &t));
}
END_TEST

START_TEST(trims_spaces_and_tabs_and_nothing_else)
{
    ck_assert(text_equal(text_trim(TEXT(" \t a b\t ")), TEXT("a b")));
    ck_assert(text_equal(text_trim(TEXT("a")), TEXT("a")));
    ck_assert(text_equal(text_trim(TEXT("\na\r")), TEXT("\na\r")));
    ck_assert_uint_eq(text_trim(TEXT(" \t ")).len, 0);
    ck_assert_uint_eq(text_trim((struct text){NULL, 0}).len, 0);
}
END_TEST

SUITE_MAIN("text", trims_spaces_and_tabs_and_nothing_else, compares_bytes_and_lengths,
           takes_printable_text_of_any_script, refuses_what_a_terminal_or_a_log_would_act_on,
           refuses_what_is_not_utf8, copies_what_fits, knows_site_ids, knows_service_names,
           knows_token_names, knows_links, packs_lists, packs_the_longest_text, knows_damaged_lists)
