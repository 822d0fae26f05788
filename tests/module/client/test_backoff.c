#include "module/client/backoff.h"

#include <errno.h>

#include "tests/suite.h"

#define MS UINT64_C(1000000)

static struct backoff backoff;

static int enter(uint64_t now_ns, struct attempt *ret)
{
    return backoff_enter(&backoff, now_ns, 50 * MS, ret);
}

START_TEST(lets_everybody_in_before_a_failure)
{
    struct attempt attempt;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(enter(0, &attempt), 0);
        ck_assert_int_eq(backoff_enter_dial(&backoff, 0, 50 * MS, &attempt), 0);
    }
}
END_TEST

START_TEST(fails_as_the_last_one_did_until_the_next_is_due)
{
    struct attempt attempt;
    ck_assert_int_eq(enter(100 * MS, &attempt), 0);
    backoff_fail(&backoff, &attempt, 100 * MS, -ECONNREFUSED);
    ck_assert_int_eq(enter(100 * MS, &attempt), -ECONNREFUSED);
    ck_assert_int_eq(enter(110 * MS - 1000, &attempt), -ECONNREFUSED);
    ck_assert_int_eq(enter(110 * MS, &attempt), 0);
}
END_TEST

START_TEST(doubles_the_wait_up_to_a_second)
{
    const uint64_t waits_ms[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000};
    struct attempt attempt;
    uint64_t now_ns = 7 * MS;
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        ck_assert_int_eq(enter(now_ns, &attempt), 0);
        backoff_fail(&backoff, &attempt, now_ns, -ENOENT);
        now_ns += waits_ms[i] * MS;
        ck_assert_int_eq(enter(now_ns - 1000, &attempt), -ENOENT);
    }
}
END_TEST

START_TEST(lets_one_in_when_the_next_is_due)
{
    struct attempt attempt, other;
    ck_assert_int_eq(enter(0, &attempt), 0);
    backoff_fail(&backoff, &attempt, 0, -ETIMEDOUT);
    ck_assert_int_eq(enter(10 * MS, &attempt), 0);
    ck_assert(attempt.may_dial);
    ck_assert_int_eq(backoff_enter_dial(&backoff, 10 * MS, 50 * MS, &attempt), 0);
    ck_assert_int_eq(enter(10 * MS, &other), -ETIMEDOUT);
    ck_assert_int_eq(enter(59 * MS, &other), -ETIMEDOUT);
    /* It never came back: another one may try. */
    ck_assert_int_eq(enter(60 * MS, &other), 0);
}
END_TEST

START_TEST(begins_anew_after_a_success)
{
    struct attempt attempt;
    ck_assert_int_eq(enter(0, &attempt), 0);
    backoff_fail(&backoff, &attempt, 0, -ENOENT);
    ck_assert_int_eq(enter(10 * MS, &attempt), 0);
    backoff_fail(&backoff, &attempt, 10 * MS, -ENOENT);
    backoff_succeed(&backoff);
    ck_assert_int_eq(enter(10 * MS, &attempt), 0);
    backoff_fail(&backoff, &attempt, 10 * MS, -ENOENT);
    ck_assert_int_eq(enter(20 * MS, &attempt), 0);
}
END_TEST

START_TEST(counts_one_of_many_that_fail_together)
{
    struct attempt attempts[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(enter(0, &attempts[i]), 0);
    for (int i = 0; i < 3; i++)
        backoff_fail(&backoff, &attempts[i], 5 * MS, -ENOENT);
    ck_assert_int_eq(enter(15 * MS, &attempts[0]), 0);
}
END_TEST

START_TEST(holds_back_only_who_would_dial_for_want_of_room)
{
    const int errors[] = {-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS, -EAGAIN};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct attempt attempt;
        backoff_succeed(&backoff);
        ck_assert_int_eq(enter(0, &attempt), 0);
        backoff_fail(&backoff, &attempt, 0, errors[i]);
        ck_assert_int_eq(enter(1 * MS, &attempt), 0);
        ck_assert_int_eq(backoff_enter_dial(&backoff, 1 * MS, 50 * MS, &attempt), errors[i]);
        ck_assert_int_eq(backoff_enter_dial(&backoff, 10 * MS, 50 * MS, &attempt), 0);
        ck_assert_int_eq(backoff_enter_dial(&backoff, 10 * MS, 50 * MS, &attempt), 0);
        backoff_succeed(&backoff);
        ck_assert_int_eq(enter(11 * MS, &attempt), 0);
        ck_assert(attempt.may_dial);
    }
}
END_TEST

START_TEST(keeps_the_error_and_the_time_of_a_machine_up_for_years)
{
    const uint64_t eight_years_ns = UINT64_C(8) * 365 * 86400 * 1000 * MS;
    struct attempt attempt;
    ck_assert_int_eq(enter(eight_years_ns, &attempt), 0);
    backoff_fail(&backoff, &attempt, eight_years_ns, -EPROTONOSUPPORT);
    ck_assert_int_eq(enter(eight_years_ns + 9 * MS, &attempt), -EPROTONOSUPPORT);
    ck_assert_int_eq(enter(eight_years_ns + 10 * MS, &attempt), 0);
}
END_TEST

SUITE_MAIN("backoff", lets_everybody_in_before_a_failure,
           fails_as_the_last_one_did_until_the_next_is_due, doubles_the_wait_up_to_a_second,
           lets_one_in_when_the_next_is_due, begins_anew_after_a_success,
           counts_one_of_many_that_fail_together, holds_back_only_who_would_dial_for_want_of_room,
           keeps_the_error_and_the_time_of_a_machine_up_for_years)
