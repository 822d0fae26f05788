/* Which header fields count, under which names, and which values are secrets. */
#include "module/face/field.h"
#include "tests/suite.h"

START_TEST(knows_its_fields_whatever_their_case)
{
    const struct {
        const char *name;
        enum field field;
    } rows[] = {
        {"X-Stella-Token", FIELD_TOKEN},
        {"x-stella-token", FIELD_TOKEN},
        {"X-STELLA-TOKEN", FIELD_TOKEN},
        {"authorization", FIELD_AUTHORIZATION},
        {"X-Api-Key", FIELD_API_KEY},
        {"x-SITE-id", FIELD_SITE},
        {"Origin", FIELD_ORIGIN},
        {"X_Stella_Token", FIELD_COUNT},
        {"X-Stella_Token", FIELD_COUNT},
        {"X-Stella-Toke", FIELD_COUNT},
        {"X-Stella-Tokens", FIELD_COUNT},
        {"", FIELD_COUNT},
        {"Proxy-Authorization", FIELD_COUNT},
        /* As long as one of ours. */
        {"Content-Length", FIELD_COUNT},
        {"If-None-Match", FIELD_COUNT},
        {"X-Syte-ID", FIELD_COUNT},
        {"X-Api-Kex", FIELD_COUNT},
        {"Forwarded", FIELD_COUNT},
        {"Accept", FIELD_COUNT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(field_of_name(rows[i].name, strlen(rows[i].name)) == rows[i].field, "%s",
                      rows[i].name);
    /* Up to a length, not a NUL. */
    ck_assert_int_eq(field_of_name("Origin-Of-Species", 6), FIELD_ORIGIN);
}
END_TEST

START_TEST(knows_what_a_name_looks_like)
{
    const struct {
        const char *name;
        enum field field;
    } rows[] = {
        {"X_Stella_Token", FIELD_TOKEN},
        {"x-STELLA_token", FIELD_TOKEN},
        {"X_API-Key", FIELD_API_KEY},
        {"x_site_id", FIELD_SITE},
        {"X-Stella-Token", FIELD_COUNT},
        {"X_Stella_Toke", FIELD_COUNT},
        {"X_Stella_Tokens", FIELD_COUNT},
        {"X__Stella_Token_and_a_long_name_behind_it", FIELD_COUNT},
        {"Origin", FIELD_COUNT},
        {"_", FIELD_COUNT},
        {"", FIELD_COUNT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(field_of_lookalike(rows[i].name, strlen(rows[i].name)) == rows[i].field, "%s",
                      rows[i].name);
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        ck_assert_uint_le(strlen(field_name((enum field)field)), FIELD_NAME_MAX);
}
END_TEST

START_TEST(names_them_as_http_and_as_cgi_has_them)
{
    ck_assert_str_eq(field_name(FIELD_API_KEY), "X-API-Key");
    ck_assert_str_eq(field_variable(FIELD_API_KEY), "HTTP_X_API_KEY");
    ck_assert_str_eq(field_variable(FIELD_TOKEN), "HTTP_X_STELLA_TOKEN");
    ck_assert_str_eq(field_variable(FIELD_SITE), "HTTP_X_SITE_ID");
    ck_assert_str_eq(field_name(FIELD_COUNT), "");
    ck_assert_str_eq(field_variable(FIELD_COUNT), "");
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        const char *name = field_name((enum field)field);
        ck_assert_int_eq(field_of_name(name, strlen(name)), field);
    }
}
END_TEST

START_TEST(puts_each_value_in_its_place)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    const char *values[FIELD_COUNT] = {"token", "auth", "key", "site", "origin"};

    for (unsigned field = 0; field < FIELD_COUNT; field++)
        field_set(&request, (enum field)field, stkgate_text(values[field]));
    field_set(&request, FIELD_COUNT, stkgate_text("nothing"));
    ck_assert_ptr_eq(request.token.data, values[FIELD_TOKEN]);
    ck_assert_ptr_eq(request.authorization.data, values[FIELD_AUTHORIZATION]);
    ck_assert_ptr_eq(request.api_key.data, values[FIELD_API_KEY]);
    ck_assert_ptr_eq(request.site.data, values[FIELD_SITE]);
    ck_assert_ptr_eq(request.origin.data, values[FIELD_ORIGIN]);
    ck_assert_uint_eq(request.origin.length, 6);
    ck_assert_ptr_eq(field_in(&request, FIELD_API_KEY), &request.api_key);
    ck_assert_ptr_null(field_in(&request, FIELD_COUNT));
}
END_TEST

START_TEST(takes_off_the_blanks_that_http_allows_around_a_value)
{
    const struct {
        const char *value, *left;
    } rows[] = {
        {"kasa", "kasa"},   {" kasa", "kasa"},    {"kasa \t", "kasa"}, {"\t \tkasa\t", "kasa"},
        {"ka sa", "ka sa"}, {"\nkasa", "\nkasa"}, {" \t ", ""},        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stkgate_request request = STKGATE_REQUEST_INIT;
        field_set(&request, FIELD_SITE, stkgate_text(rows[i].value));
        ck_assert_msg(request.site.length == strlen(rows[i].left) &&
                          memcmp(request.site.data, rows[i].left, request.site.length) == 0,
                      "\"%s\"", rows[i].value);
    }
}
END_TEST

START_TEST(tells_secrets_from_a_shops_own_credentials)
{
    const struct {
        enum field field;
        const char *value;
        bool secret;
    } rows[] = {
        {FIELD_TOKEN, "stk_live_x", true},
        {FIELD_TOKEN, "", true},
        {FIELD_API_KEY, "anything", true},
        {FIELD_AUTHORIZATION, "Bearer stk_live_x", true},
        {FIELD_AUTHORIZATION, "bearer   stk_test_x", true},
        {FIELD_AUTHORIZATION, "Basic eA==, Bearer stk_live_x", true},
        {FIELD_AUTHORIZATION, "Bearer of.the.shop", false},
        {FIELD_AUTHORIZATION, "Basic eA==", false},
        {FIELD_AUTHORIZATION, "stk", false},
        {FIELD_AUTHORIZATION, "", false},
        {FIELD_SITE, "stk_live_x", false},
        {FIELD_ORIGIN, "https://kasa.example", false},
        {FIELD_COUNT, "stk_live_x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(field_is_secret(rows[i].field, stkgate_text(rows[i].value)) == rows[i].secret,
                      "row %zu: %s", i, rows[i].value);
}
END_TEST

SUITE_MAIN("field", knows_its_fields_whatever_their_case, knows_what_a_name_looks_like,
           names_them_as_http_and_as_cgi_has_them, puts_each_value_in_its_place,
           takes_off_the_blanks_that_http_allows_around_a_value,
           tells_secrets_from_a_shops_own_credentials)
