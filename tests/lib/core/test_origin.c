#include "lib/core/origin.h"

#include "tests/suite.h"
#include "tests/vectors.h"

static struct textlist list_of(struct text origin)
{
    static uint8_t packed[ORIGIN_MAX + 1];
    size_t len = 0;
    ck_assert_int_eq(textlist_append(packed, sizeof packed, &len, origin), 0);
    return (struct textlist){packed, len};
}

START_TEST(refuses_the_whole_list_of_attacks)
{
    struct vectors v;
    for (vectors_open(&v, "origin-attacks.txt", 3); vectors_next(&v);) {
        struct textlist allowed = list_of(v.fields[0]);
        ck_assert_msg(origin_matches(allowed, v.fields[0]), "%s itself", v.fields[0].data);
        ck_assert_msg(!origin_matches(allowed, v.fields[1]), "%s", v.fields[2].data);
    }
}
END_TEST

START_TEST(attacks_are_on_canonical_origins)
{
    struct vectors v;
    for (vectors_open(&v, "origin-attacks.txt", 3); vectors_next(&v);) {
        char canonical[ORIGIN_MAX + 1];
        size_t len;
        ck_assert_int_eq(origin_canonicalise(v.fields[0], canonical, &len), ORIGIN_OK);
        ck_assert_str_eq(canonical, v.fields[0].data);
    }
}
END_TEST

START_TEST(matches_any_of_a_list)
{
    uint8_t packed[256];
    size_t len = 0;
    textlist_append(packed, sizeof packed, &len, TEXT("https://a.example"));
    textlist_append(packed, sizeof packed, &len, TEXT("https://b.example"));
    struct textlist allowed = {packed, len};
    ck_assert(origin_matches(allowed, TEXT("https://a.example")));
    ck_assert(origin_matches(allowed, TEXT("https://b.example")));
    ck_assert(!origin_matches(allowed, TEXT("https://c.example")));
    ck_assert(!origin_matches((struct textlist){NULL, 0}, TEXT("https://a.example")));
}
END_TEST

START_TEST(null_never_matches_even_when_listed)
{
    ck_assert(!origin_matches(list_of(TEXT("null")), TEXT("null")));
}
END_TEST

START_TEST(writes_the_canonical_form)
{
    struct vectors v;
    for (vectors_open(&v, "origin-canonical.txt", 2); vectors_next(&v);) {
        char canonical[ORIGIN_MAX + 1], again[ORIGIN_MAX + 1];
        size_t len = 0, again_len = 0;
        enum origin_error error = origin_canonicalise(v.fields[0], canonical, &len);
        ck_assert_msg(error == ORIGIN_OK, "%s: %s", v.fields[0].data, origin_error_string(error));
        ck_assert_str_eq(canonical, v.fields[1].data);
        ck_assert_uint_eq(len, v.fields[1].len);
        ck_assert_int_eq(origin_canonicalise(v.fields[1], again, &again_len), ORIGIN_OK);
        ck_assert_str_eq(again, canonical);
    }
}
END_TEST

static enum origin_error error_of(struct text name)
{
    static const struct {
        struct text name;
        enum origin_error error;
    } names[] = {
        {TEXT("empty"), ORIGIN_EMPTY},       {TEXT("long"), ORIGIN_TOO_LONG},
        {TEXT("scheme"), ORIGIN_NO_SCHEME},  {TEXT("null"), ORIGIN_IS_NULL},
        {TEXT("wildcard"), ORIGIN_WILDCARD}, {TEXT("path"), ORIGIN_HAS_PATH},
        {TEXT("user"), ORIGIN_HAS_USER},     {TEXT("ascii"), ORIGIN_NOT_ASCII},
        {TEXT("host"), ORIGIN_BAD_HOST},     {TEXT("port"), ORIGIN_BAD_PORT},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_equal(names[i].name, name))
            return names[i].error;
    ck_abort_msg("no such mistake: %s", name.data);
}

START_TEST(refuses_what_is_no_origin_and_names_the_mistake)
{
    struct vectors v;
    for (vectors_open(&v, "origin-refused.txt", 2); vectors_next(&v);) {
        char canonical[ORIGIN_MAX + 1] = "untouched";
        size_t len = 77;
        enum origin_error error = origin_canonicalise(v.fields[0], canonical, &len);
        ck_assert_msg(error == error_of(v.fields[1]), "line %u, %s: %s", v.line_number,
                      v.fields[0].data, origin_error_string(error));
        ck_assert_str_eq(canonical, "untouched");
        ck_assert_uint_eq(len, 77);
    }
    char canonical[ORIGIN_MAX + 1];
    size_t len;
    ck_assert_int_eq(origin_canonicalise((struct text){NULL, 0}, canonical, &len), ORIGIN_EMPTY);
}
END_TEST

START_TEST(every_mistake_has_an_advice)
{
    for (int error = ORIGIN_OK; error <= ORIGIN_BAD_PORT + 1; error++)
        for (int other = ORIGIN_OK; other < error; other++)
            ck_assert_str_ne(origin_error_string((enum origin_error)error),
                             origin_error_string((enum origin_error)other));
}
END_TEST

SUITE_MAIN("origin", refuses_the_whole_list_of_attacks, attacks_are_on_canonical_origins,
           matches_any_of_a_list, null_never_matches_even_when_listed, writes_the_canonical_form,
           refuses_what_is_no_origin_and_names_the_mistake, every_mistake_has_an_advice)
