/* Tests of module/cgi/variables.c. */
#include "module/cgi/variables.h"

#include "tests/module/cgi/list.h"
#include "tests/suite.h"

static bool is(struct stkgate_text text, const char *wanted)
{
    return text.length == strlen(wanted) &&
           (text.length == 0 || memcmp(text.data, wanted, text.length) == 0);
}

START_TEST(reads_the_five_fields_and_the_method)
{
    char *const *list =
        LIST("PATH=/bin", "HTTP_X_STELLA_TOKEN=t", "HTTP_AUTHORIZATION=a=b", "HTTP_X_API_KEY=k",
             "HTTP_X_SITE_ID=s", "HTTP_ORIGIN=o", "REQUEST_METHOD=HEAD");
    struct variables variables;
    ck_assert_int_eq(variables_read(list, &variables), 0);
    ck_assert(is(variables.request.token, "t"));
    ck_assert(is(variables.request.authorization, "a=b"));
    ck_assert(is(variables.request.api_key, "k"));
    ck_assert(is(variables.request.site, "s"));
    ck_assert(is(variables.request.origin, "o"));
    ck_assert_str_eq(variables.method, "HEAD");
    ck_assert(!variables.is_preflight);
    variables_deinit(&variables);
}
END_TEST

START_TEST(takes_unset_and_empty_alike)
{
    char *const *lists[] = {LIST(NULL), LIST("HTTP_X_STELLA_TOKEN=", "REQUEST_METHOD=")};
    for (size_t i = 0; i < 2; i++) {
        struct variables variables;
        ck_assert_int_eq(variables_read(lists[i], &variables), 0);
        ck_assert_uint_eq(variables.request.token.length, 0);
        ck_assert_str_eq(variables.method, "");
        variables_deinit(&variables);
    }
}
END_TEST

START_TEST(takes_no_other_name_for_one_of_its_own)
{
    char *const *list = LIST("HTTP_X_STELLA_TOKEN", "HTTP_X_STELLA_TOKENS=x",
                             "XHTTP_X_STELLA_TOKEN=x", "http_x_stella_token=x", "HTTP_X_STELLA=x",
                             "X_STELLA_TOKEN=x", "REDIRECT_HTTP_ORIGIN=x", "=HTTP_ORIGIN=x");
    struct variables variables;
    ck_assert_int_eq(variables_read(list, &variables), 0);
    ck_assert_uint_eq(variables.request.token.length, 0);
    ck_assert_uint_eq(variables.request.origin.length, 0);
    variables_deinit(&variables);
}
END_TEST

START_TEST(joins_a_field_that_stands_there_more_than_once)
{
    char *const *list = LIST("HTTP_X_STELLA_TOKEN=a", "HTTP_ORIGIN=", "HTTP_X_STELLA_TOKEN=b",
                             "HTTP_ORIGIN=o", "X=y", "HTTP_X_STELLA_TOKEN=");
    struct variables variables;
    ck_assert_int_eq(variables_read(list, &variables), 0);
    ck_assert(is(variables.request.token, "a, b,"));
    ck_assert(is(variables.request.origin, ", o"));
    variables_deinit(&variables);
    ck_assert_ptr_null(variables.joined[FIELD_TOKEN]);
}
END_TEST

START_TEST(tells_a_preflight_by_its_method_and_its_question)
{
    static const char ask[] = "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT";
    char *const *lists[] = {LIST("REQUEST_METHOD=OPTIONS", ask),
                            LIST("REQUEST_METHOD=OPTIONS"),
                            LIST("REQUEST_METHOD=OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD="),
                            LIST("REQUEST_METHOD=options", ask),
                            LIST("REQUEST_METHOD=POST", ask),
                            LIST(ask)};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct variables variables;
        ck_assert_int_eq(variables_read(lists[i], &variables), 0);
        ck_assert_msg(variables.is_preflight == (i == 0), "row %zu", i);
        variables_deinit(&variables);
    }
}
END_TEST

START_TEST(hands_on_what_is_neither_ours_nor_a_credential)
{
    static const struct {
        const char *variable;
        bool goes_on, goes_on_with_credentials;
    } rows[] = {
        {"PATH=/bin", true, true},
        {"LD_PRELOAD=/lib/x.so", true, true}, /* the web server's own: no client can set it */
        {"HTTP_X_SITE_ID=kasa", true, true},
        {"HTTP_ORIGIN=https://kasa.example", true, true},
        {"HTTP_X_STELLA_TOKEN=x", false, true},
        {"HTTP_X_STELLA_TOKEN=", false, true},
        {"HTTP_X_API_KEY=x", false, true},
        {"HTTP_AUTHORIZATION=Bearer stk_live_x", false, true},
        {"HTTP_AUTHORIZATION=Basic eA==, Bearer stk_live_x", false, true},
        {"HTTP_AUTHORIZATION=Basic eA==", true, true},
        {"REDIRECT_HTTP_X_STELLA_TOKEN=x", false, true},
        {"REDIRECT_REDIRECT_HTTP_AUTHORIZATION=Bearer stk_test_x", false, true},
        {"REDIRECT_STATUS=200", true, true},
        {"STKGATE_KEY_ID=key_forged", false, false},
        {"STKGATE_ANYTHING=x", false, false},
        {"REDIRECT_STKGATE_SITE=other", false, false},
        {"STKGATE_RUNTIME=/run/x", true, true},
        {"STKGATE_DIRECT=no", true, true},
        {"STKGATE_RUNTIMES=x", false, false},
        {"XSTKGATE_KEY_ID=x", true, true},
        {"no equals sign", true, true},
        {"", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(variable_goes_on(rows[i].variable, false) == rows[i].goes_on, "%s",
                      rows[i].variable);
        ck_assert_msg(variable_goes_on(rows[i].variable, true) == rows[i].goes_on_with_credentials,
                      "with credentials: %s", rows[i].variable);
    }
}
END_TEST

START_TEST(gets_the_first_of_a_name)
{
    char *const *list = LIST("AB=0", "A=1", "A=2");
    ck_assert_str_eq(variables_get(list, "A"), "1");
    ck_assert_ptr_null(variables_get(list, "B"));
    ck_assert_ptr_null(variables_get(list, ""));
}
END_TEST

SUITE_MAIN("variables", reads_the_five_fields_and_the_method, takes_unset_and_empty_alike,
           takes_no_other_name_for_one_of_its_own, joins_a_field_that_stands_there_more_than_once,
           tells_a_preflight_by_its_method_and_its_question,
           hands_on_what_is_neither_ours_nor_a_credential, gets_the_first_of_a_name)
