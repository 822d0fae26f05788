#include "daemon/store/usage_queue.h"

#include <errno.h>

#include "tests/daemon/store/fixture.h"
#include "tests/suite.h"

static void put(struct usage_queue *queue, unsigned n, uint64_t allowed)
{
    char key_id[KEY_ID_LEN + 1];
    struct usage usage = {.allowed = allowed};
    ck_assert_int_eq(usage_queue_put(queue, fixture_key_id(n, key_id), &usage), 0);
}

START_TEST(keeps_the_order_of_arrival)
{
    struct usage_queue queue = {0};
    for (unsigned n = 0; n < 5000; n++)
        put(&queue, n, n);
    ck_assert_uint_eq(queue.count, 5000);
    for (unsigned n = 0; n < 5000; n++) {
        char key_id[KEY_ID_LEN + 1];
        fixture_key_id(n, key_id);
        ck_assert_str_eq(queue.entries[n].key_id, key_id);
        ck_assert_uint_eq(queue.entries[n].usage.allowed, n);
    }
    usage_queue_deinit(&queue);
}
END_TEST

START_TEST(a_newer_value_takes_the_place_of_an_older_one)
{
    struct usage_queue queue = {0};
    for (unsigned n = 0; n < 1000; n++)
        put(&queue, n, 1);
    for (unsigned n = 0; n < 1000; n++)
        put(&queue, n, 2);
    ck_assert_uint_eq(queue.count, 1000);
    for (unsigned n = 0; n < 1000; n++)
        ck_assert_uint_eq(queue.entries[n].usage.allowed, 2);
    usage_queue_deinit(&queue);
}
END_TEST

START_TEST(is_empty_after_clear_and_works_on)
{
    struct usage_queue queue = {0};
    usage_queue_clear(&queue); /* also when it never held any */
    put(&queue, 1, 1);
    put(&queue, 2, 2);
    usage_queue_clear(&queue);
    ck_assert_uint_eq(queue.count, 0);
    put(&queue, 2, 3);
    ck_assert_uint_eq(queue.count, 1);
    ck_assert_uint_eq(queue.entries[0].usage.allowed, 3);
    usage_queue_deinit(&queue);
    ck_assert_ptr_null(queue.entries);
}
END_TEST

START_TEST(is_sorted_by_key_id_and_works_on_once_cleared)
{
    struct usage_queue queue = {0};
    usage_queue_sort(&queue);
    for (unsigned n = 0; n < 1000; n++)
        put(&queue, n * 7919 % 1000, n * 7919 % 1000);
    usage_queue_sort(&queue);
    ck_assert_uint_eq(queue.count, 1000);
    for (unsigned n = 0; n < 1000; n++) {
        char key_id[KEY_ID_LEN + 1];
        fixture_key_id(n, key_id);
        ck_assert_str_eq(queue.entries[n].key_id, key_id);
        ck_assert_uint_eq(queue.entries[n].usage.allowed, n);
    }
    usage_queue_clear(&queue);
    put(&queue, 2, 3);
    ck_assert_uint_eq(queue.count, 1);
    usage_queue_deinit(&queue);
}
END_TEST

START_TEST(refuses_what_is_no_key_id)
{
    static const char *const bad[] = {"", "key_", "key_00000000000000012", "kex_0000000000000001"};
    struct usage_queue queue = {0};
    struct usage usage = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(usage_queue_put(&queue, text_of(bad[i]), &usage), -EINVAL);
    ck_assert_uint_eq(queue.count, 0);
    usage_queue_deinit(&queue);
}
END_TEST

START_TEST(is_bounded)
{
    struct usage_queue queue = {0};
    for (unsigned n = 0; n < USAGE_QUEUE_MAX; n++)
        put(&queue, n, n);
    char key_id[KEY_ID_LEN + 1];
    struct usage usage = {0};
    ck_assert_int_eq(usage_queue_put(&queue, fixture_key_id(USAGE_QUEUE_MAX, key_id), &usage),
                     -EAGAIN);
    put(&queue, 7, 77); /* one that is there is still brought up to date */
    ck_assert_uint_eq(queue.entries[7].usage.allowed, 77);
    usage_queue_deinit(&queue);
}
END_TEST

SUITE_MAIN("usage_queue", keeps_the_order_of_arrival, a_newer_value_takes_the_place_of_an_older_one,
           is_empty_after_clear_and_works_on,
           is_sorted_by_key_id_and_works_on_once_cleared, refuses_what_is_no_key_id, is_bounded)
