#include "module/client/digesters.h"

#include <pthread.h>

#include "tests/suite.h"

#define THREADS 8
#define ROUNDS  2000

static struct digesters digesters;

START_TEST(gives_the_same_one_to_calls_in_a_row)
{
    struct digester *first, *second;
    ck_assert_int_eq(digesters_init(&digesters), 0);
    ck_assert_int_eq(digesters_take(&digesters, &first), 0);
    digesters_put(&digesters, first);
    ck_assert_int_eq(digesters_take(&digesters, &second), 0);
    ck_assert_ptr_eq(first, second);
    digesters_put(&digesters, second);
    digesters_deinit(&digesters);
}
END_TEST

START_TEST(gives_different_ones_at_a_time)
{
    struct digester *taken[DIGESTERS_MAX + 2];
    ck_assert_int_eq(digesters_init(&digesters), 0);
    for (int i = 0; i < DIGESTERS_MAX + 2; i++) {
        ck_assert_int_eq(digesters_take(&digesters, &taken[i]), 0);
        for (int j = 0; j < i; j++)
            ck_assert_ptr_ne(taken[i], taken[j]);
    }
    /* Two more than are kept: those are freed, as a leak checker sees. */
    for (int i = 0; i < DIGESTERS_MAX + 2; i++)
        digesters_put(&digesters, taken[i]);
    digesters_deinit(&digesters);
}
END_TEST

static void *digest_many(void *userdata)
{
    static const char *const values[] = {"one", "two", "three", "four"};
    uint8_t expected[4][DIGEST_BYTES], got[DIGEST_BYTES];
    struct digester *own;
    if (digester_new(&own) < 0)
        return userdata;
    for (int i = 0; i < 4; i++)
        digest_token(own, text_of(values[i]), expected[i]);
    digester_free(own);
    for (int i = 0; i < ROUNDS; i++) {
        struct digester *digester;
        if (digesters_take(&digesters, &digester) < 0)
            return userdata;
        digest_token(digester, text_of(values[i % 4]), got);
        digesters_put(&digesters, digester);
        if (!digest_equal(got, expected[i % 4]))
            return userdata;
    }
    return NULL;
}

START_TEST(serves_many_threads_at_once)
{
    pthread_t threads[THREADS];
    void *failed;
    ck_assert_int_eq(digesters_init(&digesters), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, digest_many, &digesters), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    digesters_deinit(&digesters);
}
END_TEST

SUITE_MAIN("digesters", gives_the_same_one_to_calls_in_a_row, gives_different_ones_at_a_time,
           serves_many_threads_at_once)
