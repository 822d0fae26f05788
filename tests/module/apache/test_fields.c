/* The fields of a request are read, and the credentials among them taken out of its header. */
#include "module/apache/fields.h"

#include <apr_general.h>

#include "tests/suite.h"

#define TOKEN "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

static apr_pool_t *pool;

static apr_table_t *header(void)
{
    ck_assert_int_eq(apr_initialize(), APR_SUCCESS);
    ck_assert_int_eq(apr_pool_create(&pool, NULL), APR_SUCCESS);
    return apr_table_make(pool, 8);
}

static void assert_text(struct stkgate_text text, const char *wanted)
{
    ck_assert_uint_eq(text.length, strlen(wanted));
    ck_assert_mem_eq(text.data, wanted, text.length);
}

static int count(const apr_table_t *table)
{
    return apr_table_elts(table)->nelts;
}

START_TEST(reads_what_came_and_takes_the_credentials_out)
{
    apr_table_t *table = header();
    struct fields fields;
    apr_table_setn(table, "Host", "shop.example");
    apr_table_setn(table, "x-stella-TOKEN", TOKEN);
    apr_table_setn(table, "Authorization", "Bearer " TOKEN);
    apr_table_setn(table, "X-Api-Key", "legacy");
    apr_table_setn(table, "X-Site-ID", "kasa");
    apr_table_setn(table, "Origin", "https://kasa.example");
    fields_take(pool, table, &fields);

    assert_text(fields.request.token, TOKEN);
    assert_text(fields.request.authorization, "Bearer " TOKEN);
    assert_text(fields.request.api_key, "legacy");
    assert_text(fields.request.site, "kasa");
    assert_text(fields.request.origin, "https://kasa.example");
    ck_assert_int_eq(count(table), 3);
    ck_assert_ptr_null(apr_table_get(table, "X-Stella-Token"));
    ck_assert_ptr_null(apr_table_get(table, "Authorization"));
    ck_assert_ptr_null(apr_table_get(table, "X-API-Key"));
    ck_assert_str_eq(apr_table_get(table, "X-Site-ID"), "kasa");
}
END_TEST

START_TEST(absent_fields_are_absent_and_a_customers_login_stays)
{
    apr_table_t *table = header();
    struct fields fields;
    apr_table_setn(table, "Authorization", "Basic a2FzYQ==");
    apr_table_setn(table, "X-Stella-Tokens", "no field of ours");
    fields_take(pool, table, &fields);

    ck_assert_ptr_null(fields.request.token.data);
    ck_assert_ptr_null(fields.request.site.data);
    assert_text(fields.request.authorization, "Basic a2FzYQ==");
    ck_assert_int_eq(count(table), 2);
}
END_TEST

START_TEST(joins_what_came_more_than_once)
{
    apr_table_t *table = header();
    struct fields fields;
    apr_table_addn(table, "X-Stella-Token", "one");
    apr_table_addn(table, "Origin", "https://a.example");
    apr_table_addn(table, "X-STELLA-TOKEN", "two");
    apr_table_addn(table, "X-Stella-Token", "three");
    apr_table_addn(table, "origin", "https://b.example");
    fields_take(pool, table, &fields);
    assert_text(fields.request.token, "one, two, three");
    assert_text(fields.request.origin, "https://a.example, https://b.example");
    ck_assert_ptr_null(apr_table_get(table, "X-Stella-Token"));

    /* What is put back is what was there. */
    fields_show(&fields, table);
    ck_assert_int_eq(count(table), 5);
}
END_TEST

START_TEST(look_alikes_do_not_count_but_are_taken_out_too)
{
    apr_table_t *table = header();
    struct fields fields;
    apr_table_setn(table, "X_Stella_Token", TOKEN);
    apr_table_setn(table, "X-Stella_Token", TOKEN);
    apr_table_setn(table, "X_API_Key", "legacy");
    apr_table_setn(table, "X_Site_ID", "kasa");
    fields_take(pool, table, &fields);
    ck_assert_ptr_null(fields.request.token.data);
    ck_assert_ptr_null(fields.request.authorization.data);
    ck_assert_ptr_null(fields.request.api_key.data);
    ck_assert_ptr_null(fields.request.site.data);
    ck_assert_ptr_null(fields.request.origin.data);
    ck_assert_int_eq(count(table), 1);
    ck_assert_str_eq(apr_table_get(table, "X_Site_ID"), "kasa");
}
END_TEST

START_TEST(hides_and_shows_any_number_of_times)
{
    apr_table_t *table = header();
    struct fields fields, nothing = {.secrets = NULL};
    apr_table_setn(table, "X-Stella-Token", TOKEN);
    apr_table_setn(table, "X-Site-ID", "kasa");
    fields_take(pool, table, &fields);
    for (int i = 0; i < 3; i++) {
        fields_hide(&fields, table);
        ck_assert_ptr_null(apr_table_get(table, "X-Stella-Token"));
        ck_assert_int_eq(count(table), 1);
        fields_show(&fields, table);
        fields_show(&fields, table);
        ck_assert_str_eq(apr_table_get(table, "X-Stella-Token"), TOKEN);
        ck_assert_int_eq(count(table), 2);
    }
    fields_show(&nothing, table);
    fields_hide(&nothing, table);
    ck_assert_int_eq(count(table), 2);
    fields_drop(pool, table);
    ck_assert_int_eq(count(table), 1);
}
END_TEST

START_TEST(an_environment_keeps_no_credential)
{
    (void)header();
    apr_table_t *environment = apr_table_make(pool, 8);
    apr_table_setn(environment, "HTTP_X_API_KEY", "legacy");
    apr_table_setn(environment, "HTTP_X_STELLA_TOKEN", TOKEN);
    apr_table_setn(environment, "REDIRECT_HTTP_X_STELLA_TOKEN", TOKEN);
    apr_table_setn(environment, "REDIRECT_REDIRECT_HTTP_X_STELLA_TOKEN", TOKEN);
    apr_table_setn(environment, "HTTP_X_SITE_ID", "kasa");
    apr_table_setn(environment, "REDIRECT_", "of nothing");
    apr_table_addn(environment, "HTTP_AUTHORIZATION", "Basic a2FzYQ==");
    apr_table_addn(environment, "REDIRECT_HTTP_AUTHORIZATION", "Bearer " TOKEN);
    fields_hide_variables(environment);
    ck_assert_int_eq(count(environment), 3);
    ck_assert_str_eq(apr_table_get(environment, "HTTP_X_SITE_ID"), "kasa");
    ck_assert_str_eq(apr_table_get(environment, "HTTP_AUTHORIZATION"), "Basic a2FzYQ==");
    apr_table_clear(environment);
    fields_hide_variables(environment);
}
END_TEST

SUITE_MAIN("fields", reads_what_came_and_takes_the_credentials_out,
           absent_fields_are_absent_and_a_customers_login_stays, joins_what_came_more_than_once,
           look_alikes_do_not_count_but_are_taken_out_too, hides_and_shows_any_number_of_times,
           an_environment_keeps_no_credential)
