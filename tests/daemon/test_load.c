/* A sum that fades, by tables of what was used when. */
#include "daemon/load.h"

#include "tests/suite.h"

#define HALF LOAD_HALF_LIFE_US

START_TEST(half_is_gone_after_a_half_life)
{
    static const struct {
        uint64_t passed_us, left_us;
    } rows[] = {
        {0, 1000},       {HALF / 2, 750}, {HALF, 500},     {2 * HALF, 250},
        {3 * HALF, 125}, {60 * HALF, 0},  {200 * HALF, 0}, {UINT64_MAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct load load = {0};
        load_add(&load, 0, 1000);
        load_add(&load, rows[i].passed_us, 0);
        ck_assert_uint_eq(load.used_ns, 1000 * rows[i].left_us);
    }
}
END_TEST

START_TEST(a_clock_that_goes_back_fades_nothing)
{
    struct load load = {0};
    load_add(&load, 5 * HALF, 1000);
    load_add(&load, HALF, 10);
    ck_assert_uint_eq(load.used_ns, 1010000);
    ck_assert_uint_eq(load.at_us, 5 * HALF);
}
END_TEST

START_TEST(who_uses_all_there_is_has_two_half_lives)
{
    struct load load = {0};
    for (uint64_t now_us = 0; now_us < UINT64_C(5000000); now_us += 10)
        load_add(&load, now_us, 10);
    ck_assert_uint_gt(load.used_ns, 1990 * HALF);
    ck_assert_uint_lt(load.used_ns, 2010 * HALF);
}
END_TEST

START_TEST(small_sums_fade_however_often_they_are_looked_at)
{
    struct load load = {0};
    load_add(&load, 0, 1000);
    for (uint64_t now_us = 0; now_us <= 10 * HALF; now_us += 2)
        load_add(&load, now_us, 0);
    ck_assert_uint_lt(load.used_ns, 1000 * LOAD_QUIET_US);
}
END_TEST

START_TEST(levels_rise_by_half_octaves)
{
    static const struct {
        uint64_t used_us;
        unsigned level;
    } rows[] = {
        {0, 0},    {255, 0},  {256, 1},    {511, 1},    {512, 3},
        {767, 3},  {768, 4},  {1024, 5},   {1535, 5},   {1536, 6},
        {2048, 7}, {3072, 8}, {65536, 17}, {98304, 18}, {UINT64_MAX, 57},
    };
    unsigned before = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct load load = {0};
        load_add(&load, 7, rows[i].used_us);
        unsigned level = load_level(&load, 7);
        ck_assert_msg(level == rows[i].level, "row %zu: %u", i, level);
        ck_assert_uint_ge(level, before);
        ck_assert_uint_le(level, LOAD_LEVEL_MAX);
        before = level;
    }
}
END_TEST

START_TEST(a_quiet_user_sinks_back_to_level_0)
{
    struct load load = {0};
    load_add(&load, 0, 100000);
    ck_assert_uint_gt(load_level(&load, 0), 0);
    ck_assert_uint_gt(load_level(&load, 0), load_level(&load, 2 * HALF));
    ck_assert_uint_eq(load_level(&load, 10 * HALF), 0);
}
END_TEST

SUITE_MAIN("load", half_is_gone_after_a_half_life, a_clock_that_goes_back_fades_nothing,
           who_uses_all_there_is_has_two_half_lives,
           small_sums_fade_however_often_they_are_looked_at, levels_rise_by_half_octaves,
           a_quiet_user_sinks_back_to_level_0)
