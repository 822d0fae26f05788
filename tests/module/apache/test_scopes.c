/* Names and bits of scopes, kept with the first handle that was asked. */
#include "module/apache/scopes.h"

#include <apr_general.h>
#include <pthread.h>

#include "tests/suite.h"

static apr_pool_t *pool;
static stkgate *gates[2];

static void begin(void)
{
    ck_assert_int_eq(apr_initialize(), APR_SUCCESS);
    ck_assert_int_eq(apr_pool_create(&pool, NULL), APR_SUCCESS);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(stkgate_open(&gates[i], "default", NULL), 0);
    scopes_begin();
}

static void end(void)
{
    for (int i = 0; i < 2; i++)
        gates[i] = stkgate_close(gates[i]);
    apr_pool_destroy(pool);
}

static uint64_t bits(const char *names)
{
    uint64_t mask = 0;
    ck_assert_int_eq(stkgate_scope(gates[0], names, &mask), 0);
    ck_assert_uint_ne(mask, 0);
    return mask;
}

START_TEST(a_line_is_looked_up_once_for_the_first_handle)
{
    begin();
    struct scopes_line *line = scopes_line_make(pool);
    uint64_t mask = 0, cart = bits("cart:write");
    ck_assert_int_eq(scopes_look_up(line, gates[0], "scope!", &mask), -EINVAL);
    ck_assert_int_eq(scopes_look_up(line, gates[0], "cart:write", &mask), 0);
    ck_assert_uint_eq(mask, cart);
    /* What would be an error if it was read. */
    mask = 0;
    ck_assert_int_eq(scopes_look_up(line, gates[0], "scope!", &mask), 0);
    ck_assert_uint_eq(mask, cart);
    ck_assert_int_eq(scopes_look_up(line, gates[1], "scope!", &mask), -EINVAL);
    ck_assert_int_eq(scopes_look_up(line, gates[1], "cart:write", &mask), 0);
    ck_assert_int_eq(scopes_look_up(line, gates[1], "scope!", &mask), -EINVAL);
    end();
}
END_TEST

START_TEST(names_are_those_of_the_bits_whoever_came_first)
{
    begin();
    uint64_t both = bits("cart:write catalog:read"), one = bits("checkout:create");
    const char *first = scopes_names(pool, gates[0], both);
    ck_assert_str_eq(first, "catalog:read cart:write");
    ck_assert_str_eq(scopes_names(pool, gates[0], one), "checkout:create");
    ck_assert_str_eq(scopes_names(pool, gates[0], 0), "");
    const char *kept = scopes_names(pool, gates[0], both);
    ck_assert_str_eq(kept, "catalog:read cart:write");
    ck_assert_ptr_eq(scopes_names(pool, gates[0], both), kept);
    const char *other = scopes_names(pool, gates[1], both);
    ck_assert_str_eq(other, "catalog:read cart:write");
    ck_assert_ptr_ne(other, kept);
    end();
}
END_TEST

/* A name may come yet. */
START_TEST(what_has_no_name_yet_is_not_kept)
{
    begin();
    uint64_t cart = bits("cart:write"), more = cart | UINT64_C(1) << 63;
    ck_assert_str_eq(scopes_names(pool, gates[0], more), "cart:write");
    ck_assert_ptr_ne(scopes_names(pool, gates[0], more), scopes_names(pool, gates[0], more));
    ck_assert_str_eq(scopes_names(pool, gates[0], cart), "cart:write");
    ck_assert_ptr_eq(scopes_names(pool, gates[0], cart), scopes_names(pool, gates[0], cart));
    end();
}
END_TEST

START_TEST(forgets_with_a_new_configuration)
{
    begin();
    uint64_t cart = bits("cart:write"), all = bits("catalog:read");
    const char *kept = scopes_names(pool, gates[0], cart);
    kept = scopes_names(pool, gates[0], cart);
    ck_assert_ptr_eq(scopes_names(pool, gates[0], cart), kept);
    scopes_begin();
    (void)scopes_names(pool, gates[0], all);
    ck_assert_str_eq(scopes_names(pool, gates[0], all), "catalog:read");
    ck_assert_ptr_eq(scopes_names(pool, gates[0], all), kept); /* its place */
    end();
}
END_TEST

#define THREADS 4
#define TIMES   2000

static uint64_t cart, catalog;
static struct scopes_line *shared_line;

/* Half of them with the one handle and half of them with the other, each with both. */
static void *ask(void *data)
{
    apr_pool_t *own;
    if (apr_pool_create(&own, NULL) != APR_SUCCESS)
        return NULL;
    stkgate *gate = data;
    unsigned right = 0;
    for (int i = 0; i < TIMES; i++) {
        uint64_t mask = 0;
        bool is_cart = i % 2 == 0;
        const char *names = scopes_names(own, gate, is_cart ? cart : catalog);
        right += strcmp(names, is_cart ? "cart:write" : "catalog:read") == 0 &&
                 scopes_look_up(shared_line, gate, "cart:write", &mask) == 0 && mask == cart;
    }
    apr_pool_destroy(own);
    return right == TIMES ? data : NULL;
}

START_TEST(threads_may_ask_at_once)
{
    begin();
    pthread_t threads[THREADS];
    cart = bits("cart:write");
    catalog = bits("catalog:read");
    shared_line = scopes_line_make(pool);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, gates[i % 2]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_eq(result, gates[i % 2]);
    }
    end();
}
END_TEST

SUITE_MAIN("scopes", a_line_is_looked_up_once_for_the_first_handle,
           names_are_those_of_the_bits_whoever_came_first, what_has_no_name_yet_is_not_kept,
           forgets_with_a_new_configuration, threads_may_ask_at_once)
