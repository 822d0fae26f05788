/* A time of day that nobody can set back. */
#include "daemon/wall_clock.h"
#include "tests/suite.h"

#define S UINT64_C(1000000000)

struct step {
    uint64_t system_s, mono_s; /* what the system's clocks say */
    uint64_t wall_s;           /* what time it then is */
    bool told;
};

static void walk(uint64_t floor_s, const struct step *steps, size_t count)
{
    struct wall_clock clock;
    wall_clock_init(&clock, floor_s * S, 100 * S);
    for (size_t i = 0; i < count; i++) {
        bool told = wall_clock_advance(&clock, steps[i].system_s * S, steps[i].mono_s * S);
        ck_assert_msg(clock.wall_ns == steps[i].wall_s * S, "step %zu: %llu", i,
                      (unsigned long long)(clock.wall_ns / S));
        ck_assert_msg(told == steps[i].told, "step %zu: told %d", i, told);
    }
}

#define WALK(floor_s, ...)                                                                         \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        walk(floor_s, steps, sizeof steps / sizeof steps[0]);                                      \
    } while (0)

START_TEST(follows_the_system_s_clock)
{
    WALK(0, {5000, 100, 5000, false}, {5010, 110, 5010, false}, {5010, 110, 5010, false});
}
END_TEST

START_TEST(follows_a_jump_forward_at_once)
{
    WALK(0, {5000, 100, 5000, false}, {90000, 101, 90000, false});
}
END_TEST

START_TEST(goes_on_at_its_own_pace_when_the_clock_is_set_back)
{
    WALK(0, {5000, 100, 5000, false}, {1000, 101, 5001, true}, {1500, 601, 5501, false},
         {0, 602, 5502, false});
}
END_TEST

START_TEST(begins_no_earlier_than_its_floor)
{
    WALK(5000, {0, 100, 5000, true}, {10, 110, 5010, false});
    WALK(5000, {6000, 100, 6000, false});
}
END_TEST

START_TEST(a_minute_is_not_worth_a_word_and_more_is_each_time_anew)
{
    WALK(0, {5000, 100, 5000, false}, {4940, 100, 5000, false}, {4939, 100, 5000, true},
         {4938, 100, 5000, false}, {5000, 100, 5000, false}, {4000, 100, 5000, true});
}
END_TEST

START_TEST(a_monotonic_clock_of_an_older_reading_takes_nothing_back)
{
    WALK(0, {5000, 100, 5000, false}, {4999, 99, 5000, false}, {4999, 101, 5001, false});
}
END_TEST

SUITE_MAIN("wall_clock", follows_the_system_s_clock, follows_a_jump_forward_at_once,
           goes_on_at_its_own_pace_when_the_clock_is_set_back, begins_no_earlier_than_its_floor,
           a_minute_is_not_worth_a_word_and_more_is_each_time_anew,
           a_monotonic_clock_of_an_older_reading_takes_nothing_back)
