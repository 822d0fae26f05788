#include "lib/core/scope.h"

#include <errno.h>
#include <stdio.h>

#include "tests/suite.h"

static struct scope_registry registry;

static struct text long_name(size_t len)
{
    static char name[SCOPE_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    return (struct text){name, len};
}

static void fill_registry(void)
{
    unsigned bit;
    scope_registry_init(&registry);
    for (unsigned i = SCOPES_BUILTIN; i < SCOPES_MAX; i++) {
        char name[SCOPE_NAME_MAX + 1];
        snprintf(name, sizeof name, "longest-name-that-can-be-had-%03u", i);
        ck_assert_uint_eq(strlen(name), SCOPE_NAME_MAX);
        ck_assert_int_eq(scope_registry_add(&registry, text_of(name), &bit), 0);
        ck_assert_uint_eq(bit, i);
    }
}

START_TEST(the_first_four_are_fixed)
{
    scope_registry_init(&registry);
    ck_assert_uint_eq(registry.count, SCOPES_BUILTIN);
    ck_assert_uint_eq(scope_find(&registry, TEXT("catalog:read")), 1);
    ck_assert_uint_eq(scope_find(&registry, TEXT("cart:write")), 2);
    ck_assert_uint_eq(scope_find(&registry, TEXT("checkout:create")), 4);
    ck_assert_uint_eq(scope_find(&registry, TEXT("customer:auth")), 8);
    ck_assert_uint_eq(scope_find(&registry, TEXT("catalog:rea")), 0);
    ck_assert_uint_eq(scope_find(&registry, TEXT("")), 0);
}
END_TEST

START_TEST(names_are_checked)
{
    ck_assert(scope_name_is_valid(TEXT("a")));
    ck_assert(scope_name_is_valid(TEXT("orders:read.v2_x-y")));
    ck_assert(scope_name_is_valid(long_name(SCOPE_NAME_MAX)));
    ck_assert(!scope_name_is_valid(long_name(SCOPE_NAME_MAX + 1)));
    static const struct text refused[] = {TEXT(""),    TEXT("1a"),    TEXT(":a"),   TEXT("A"),
                                          TEXT("a b"), TEXT("a,b"),   TEXT("a\"b"), TEXT("aB"),
                                          TEXT("a\0"), TEXT("a\xc3"), TEXT("a/b"),  TEXT("-a")};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!scope_name_is_valid(refused[i]), "number %zu", i);
}
END_TEST

START_TEST(adds_up_to_sixty_four)
{
    unsigned bit = 77;
    fill_registry();
    ck_assert_int_eq(scope_registry_add(&registry, TEXT("more"), &bit), -ENOSPC);
    ck_assert_int_eq(scope_registry_add(&registry, TEXT("cart:write"), &bit), -EEXIST);
    ck_assert_int_eq(scope_registry_add(&registry, TEXT("More"), &bit), -EINVAL);
    ck_assert_uint_eq(bit, 77);
    ck_assert_uint_eq(scope_find(&registry, text_of(registry.names[63])), UINT64_C(1) << 63);
}
END_TEST

START_TEST(parses_lists)
{
    static const struct {
        const char *names;
        int error;
        uint64_t mask;
        const char *bad;
    } rows[] = {
        {"", 0, 0, NULL},
        {" , ,", 0, 0, NULL},
        {"catalog:read", 0, 1, NULL},
        {"cart:write catalog:read", 0, 3, NULL},
        {"cart:write,catalog:read", 0, 3, NULL},
        {", cart:write ,  customer:auth,", 0, 10, NULL},
        {"cart:write cart:write", 0, 2, NULL},
        {"cart:write orders:read", -ENOENT, 0, "orders:read"},
        {"cart", -ENOENT, 0, "cart"},
        {"cart:write;catalog:read", -EINVAL, 0, "cart:write;catalog:read"},
        {"catalog:read Cart:write", -EINVAL, 0, "Cart:write"},
        {"catalog:read\tcart:write", -EINVAL, 0, "catalog:read\tcart:write"},
        {"orders:read Cart", -ENOENT, 0, "orders:read"},
    };
    scope_registry_init(&registry);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t mask = 77;
        struct text bad = {NULL, 0};
        int r = scope_parse(&registry, text_of(rows[i].names), &mask, &bad);
        ck_assert_msg(r == rows[i].error, "%s: %d", rows[i].names, r);
        ck_assert_uint_eq(mask, r < 0 ? 77 : rows[i].mask);
        ck_assert_msg(text_equal(bad, text_of(rows[i].bad)), "%s: bad", rows[i].names);
        ck_assert_int_eq(scope_parse(&registry, text_of(rows[i].names), &mask, NULL), r);
    }
}
END_TEST

START_TEST(formats_in_order_of_bit)
{
    char text[SCOPE_TEXT_MAX];
    scope_registry_init(&registry);
    ck_assert_uint_eq(scope_format(&registry, 0, text), 0);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(scope_format(&registry, 10, text), strlen("cart:write customer:auth"));
    ck_assert_str_eq(text, "cart:write customer:auth");
    scope_format(&registry, UINT64_MAX, text); /* bits without a name are left out */
    ck_assert_str_eq(text, "catalog:read cart:write checkout:create customer:auth");
}
END_TEST

START_TEST(formats_a_full_registry_of_longest_names)
{
    char text[SCOPE_TEXT_MAX];
    uint64_t mask;
    fill_registry();
    size_t len = scope_format(&registry, UINT64_MAX, text);
    ck_assert_uint_eq(strlen(text), len);
    ck_assert_uint_lt(len, sizeof text);
    ck_assert_int_eq(scope_parse(&registry, text_of(text), &mask, NULL), 0);
    ck_assert_uint_eq(mask, UINT64_MAX);
}
END_TEST

START_TEST(a_registry_travels)
{
    uint8_t bytes[1 + SCOPE_TEXT_MAX];
    struct writer w;
    struct reader r;
    static struct scope_registry read;
    fill_registry();
    writer_init(&w, bytes, sizeof bytes);
    scope_registry_write(&registry, &w);
    ck_assert(!w.failed);
    reader_init(&r, bytes, w.len);
    scope_registry_read(&read, &r);
    ck_assert(reader_finished(&r));
    ck_assert_mem_eq(&read, &registry, sizeof read);
    for (size_t len = 0; len < w.len; len++) {
        reader_init(&r, bytes, len);
        scope_registry_read(&read, &r);
        ck_assert(r.failed);
        ck_assert_uint_eq(read.count, 0);
    }
}
END_TEST

START_TEST(a_registry_of_other_names_is_refused)
{
#define FOUR "\14catalog:read\12cart:write\17checkout:create\15customer:auth"
    static const struct {
        const char *what;
        struct text bytes;
    } rows[] = {
        {"no names", TEXT("\0")},
        {"three", TEXT("\3\14catalog:read\12cart:write\17checkout:create")},
        {"too many", TEXT("\101" FOUR)},
        {"another first", TEXT("\4\14catalog:raed\12cart:write\17checkout:create\15customer:auth")},
        {"another order", TEXT("\4\12cart:write\14catalog:read\17checkout:create\15customer:auth")},
        {"another last", TEXT("\4\14catalog:read\12cart:write\17checkout:create\15customer:aut_")},
        {"one twice", TEXT("\5" FOUR "\12cart:write")},
        {"an empty one", TEXT("\5" FOUR "\0")},
        {"not a name", TEXT("\5" FOUR "\1A")},
        {"too long a name", TEXT("\5" FOUR "\41"
                                 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reader r;
        reader_init(&r, rows[i].bytes.data, rows[i].bytes.len);
        scope_registry_read(&registry, &r);
        ck_assert_msg(r.failed, "%s", rows[i].what);
    }
}
END_TEST

SUITE_MAIN("scope", the_first_four_are_fixed, names_are_checked, adds_up_to_sixty_four,
           parses_lists, formats_in_order_of_bit, formats_a_full_registry_of_longest_names,
           a_registry_travels, a_registry_of_other_names_is_refused)
