/* Shares of connections and bytes, by tables of what is asked for and what is given. */
#include "daemon/quota.h"

#include <errno.h>

#include "tests/suite.h"

#define S UINT64_C(1000000000)

static const struct quota_limits limits = {
    .connections = {4, 3},
    .connections_per_user = {3, 2},
    .bytes = 1000,
    .bytes_per_user = 600,
};

static struct quota *quota;

static void setup_quota(void)
{
    ck_assert_int_eq(quota_new(&limits, &quota), 0);
}

static struct quota_user *connect_one(uid_t uid, enum quota_face face, uint64_t bytes)
{
    struct quota_user *user = NULL;
    ck_assert_int_eq(quota_connect(quota, uid, face, bytes, &user), 0);
    return user;
}

static int take_usage(const struct quota_usage *usage, void *userdata)
{
    struct quota_usage *wanted = userdata;

    if (usage->uid != wanted->uid)
        return 0;
    *wanted = *usage;
    return 1;
}

/* False when there is no account. */
static bool usage_of(uid_t uid, struct quota_usage *ret)
{
    *ret = (struct quota_usage){.uid = uid};
    return quota_walk(quota, take_usage, ret) == 1;
}

START_TEST(a_user_gets_his_share_and_leaves_the_rest_to_others)
{
    static const struct {
        uid_t uid;
        enum quota_face face;
        int want;
    } rows[] = {
        {1, QUOTA_CHECK, 0},       {1, QUOTA_CHECK, 0}, {1, QUOTA_CHECK, 0},
        {1, QUOTA_CHECK, -EDQUOT}, {1, QUOTA_HTTP, 0},  {1, QUOTA_HTTP, 0},
        {1, QUOTA_HTTP, -EDQUOT},  {2, QUOTA_CHECK, 0}, {2, QUOTA_CHECK, -EAGAIN},
        {3, QUOTA_CHECK, -EAGAIN}, {2, QUOTA_HTTP, 0},  {3, QUOTA_HTTP, -EAGAIN},
    };
    setup_quota();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quota_user *user;
        ck_assert_int_eq(quota_connect(quota, rows[i].uid, rows[i].face, 1, &user), rows[i].want);
    }
    struct quota_usage one;
    ck_assert(usage_of(1, &one));
    ck_assert_uint_eq(one.connections[QUOTA_CHECK], 3);
    ck_assert_uint_eq(one.connections[QUOTA_HTTP], 2);
    ck_assert_uint_eq(one.bytes, 5);
    ck_assert_uint_eq(one.refused, 2);
    quota_total(quota, &one);
    ck_assert_uint_eq(one.connections[QUOTA_CHECK], 4);
    ck_assert_uint_eq(one.bytes, 7);
    ck_assert_uint_eq(one.refused, 5);
    quota_free(quota);
}
END_TEST

START_TEST(what_is_given_back_may_be_taken_again)
{
    setup_quota();
    struct quota_user *first = connect_one(1, QUOTA_HTTP, 100);
    struct quota_user *second = connect_one(1, QUOTA_HTTP, 100);
    struct quota_user *refused;
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(quota_connect(quota, 1, QUOTA_HTTP, 100, &refused), -EDQUOT);
    quota_disconnect(quota, first, QUOTA_HTTP, 100);
    connect_one(1, QUOTA_HTTP, 100);
    struct quota_usage usage;
    ck_assert(usage_of(1, &usage));
    ck_assert_uint_eq(usage.bytes, 200);
    quota_free(quota);
}
END_TEST

START_TEST(bytes_in_flight_have_a_share_and_an_end)
{
    setup_quota();
    struct quota_user *one = connect_one(1, QUOTA_HTTP, 100);
    struct quota_user *two = connect_one(2, QUOTA_HTTP, 100);
    ck_assert_int_eq(quota_take_bytes(quota, one, 501), -EDQUOT);
    ck_assert_int_eq(quota_take_bytes(quota, one, UINT64_MAX), -EDQUOT);
    ck_assert_int_eq(quota_take_bytes(quota, one, 500), 0);
    ck_assert_int_eq(quota_take_bytes(quota, one, 1), -EDQUOT);
    ck_assert_int_eq(quota_take_bytes(quota, two, 301), -EAGAIN);
    ck_assert_int_eq(quota_take_bytes(quota, two, 300), 0);
    /* A connection's own bytes count like any others. */
    struct quota_user *three;
    ck_assert_int_eq(quota_connect(quota, 3, QUOTA_CHECK, 1, &three), -EAGAIN);
    quota_give_bytes(quota, one, 500);
    ck_assert_int_eq(quota_connect(quota, 3, QUOTA_CHECK, 1, &three), 0);
    quota_free(quota);
}
END_TEST

START_TEST(an_account_goes_with_its_last_connection_unless_it_was_refused)
{
    struct quota_usage usage;
    struct quota_user *none;
    setup_quota();
    quota_disconnect(quota, connect_one(1, QUOTA_CHECK, 7), QUOTA_CHECK, 7);
    ck_assert(!usage_of(1, &usage));
    struct quota_user *two = connect_one(2, QUOTA_CHECK, 7);
    ck_assert_int_eq(quota_connect(quota, 2, QUOTA_CHECK, 1000, &none), -EDQUOT);
    quota_disconnect(quota, two, QUOTA_CHECK, 7);
    ck_assert(usage_of(2, &usage));
    ck_assert_uint_eq(usage.refused, 1);
    ck_assert_uint_eq(usage.bytes, 0);
    quota_free(quota);
}
END_TEST

START_TEST(remembers_the_last_of_those_it_refused_and_no_more)
{
    struct quota_usage usage;
    struct quota_user *none;
    setup_quota();
    /* uid 256 apart: all in one chain of the table. */
    for (uid_t i = 0; i < 3 * QUOTA_REMEMBERED_MAX; i++)
        ck_assert_int_eq(quota_connect(quota, 256 * i, QUOTA_CHECK, 5000, &none), -EDQUOT);
    unsigned remembered = 0;
    for (uid_t i = 0; i < 3 * QUOTA_REMEMBERED_MAX; i++)
        remembered += usage_of(256 * i, &usage);
    ck_assert_uint_eq(remembered, QUOTA_REMEMBERED_MAX);
    ck_assert(usage_of(256 * (3 * QUOTA_REMEMBERED_MAX - 1), &usage));
    ck_assert(!usage_of(0, &usage));
    quota_total(quota, &usage);
    ck_assert_uint_eq(usage.refused, 3 * QUOTA_REMEMBERED_MAX);
    quota_free(quota);
}
END_TEST

START_TEST(one_refusal_a_minute_is_to_be_told)
{
    struct quota_user *none;
    uint64_t untold = 0;
    setup_quota();
    ck_assert(!quota_may_tell(quota, 1, 100 * S, &untold));
    for (int i = 0; i < 5; i++)
        (void)quota_connect(quota, 1, QUOTA_CHECK, 5000, &none);
    ck_assert(quota_may_tell(quota, 1, 100 * S, &untold));
    ck_assert_uint_eq(untold, 5);
    (void)quota_connect(quota, 1, QUOTA_CHECK, 5000, &none);
    ck_assert(!quota_may_tell(quota, 1, 100 * S, &untold));
    ck_assert(!quota_may_tell(quota, 1, 159 * S, &untold));
    ck_assert(quota_may_tell(quota, 1, 160 * S, &untold));
    ck_assert_uint_eq(untold, 1);
    quota_free(quota);
}
END_TEST

START_TEST(new_limits_hold_for_what_is_asked_for_next)
{
    const struct quota_limits none = {0};
    struct quota_user *user, *refused;
    setup_quota();
    user = connect_one(1, QUOTA_CHECK, 100);
    quota_set_limits(quota, &none);
    ck_assert_int_eq(quota_take_bytes(quota, user, 1), -EDQUOT);
    ck_assert_int_eq(quota_connect(quota, 1, QUOTA_CHECK, 0, &refused), -EDQUOT);
    quota_set_limits(quota, &limits);
    ck_assert_int_eq(quota_take_bytes(quota, user, 1), 0);
    quota_free(quota);
}
END_TEST

SUITE_MAIN("quota", a_user_gets_his_share_and_leaves_the_rest_to_others,
           what_is_given_back_may_be_taken_again, bytes_in_flight_have_a_share_and_an_end,
           an_account_goes_with_its_last_connection_unless_it_was_refused,
           remembers_the_last_of_those_it_refused_and_no_more, one_refusal_a_minute_is_to_be_told,
           new_limits_hold_for_what_is_asked_for_next)
