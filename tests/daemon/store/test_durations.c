#include "daemon/store/durations.h"

#include "tests/suite.h"

static struct durations durations;

START_TEST(of_none_all_is_0)
{
    struct durations_summary summary = {1, 2, 3, 4};
    durations_summarise(&durations, &summary);
    ck_assert_uint_eq(summary.last_ns, 0);
    ck_assert_uint_eq(summary.p50_ns, 0);
    ck_assert_uint_eq(summary.p99_ns, 0);
    ck_assert_uint_eq(summary.max_ns, 0);
}
END_TEST

START_TEST(tells_the_nearest_rank_whatever_the_order)
{
    static const struct {
        unsigned count;
        uint64_t p50_ns, p99_ns;
    } rows[] = {{1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {100, 50, 99}, {101, 51, 100}, {1024, 512, 1014}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct durations_summary summary;
        durations.count = 0;
        for (uint64_t ns = rows[i].count; ns > 0; ns--) /* downwards */
            durations_add(&durations, ns);
        durations_summarise(&durations, &summary);
        ck_assert_uint_eq(summary.last_ns, 1);
        ck_assert_uint_eq(summary.p50_ns, rows[i].p50_ns);
        ck_assert_uint_eq(summary.p99_ns, rows[i].p99_ns);
        ck_assert_uint_eq(summary.max_ns, rows[i].count);
    }
}
END_TEST

START_TEST(the_oldest_make_room)
{
    struct durations_summary summary;
    durations_add(&durations, UINT64_MAX);
    for (unsigned i = 0; i < DURATIONS_MAX - 1; i++)
        durations_add(&durations, 7);
    durations_summarise(&durations, &summary);
    ck_assert_uint_eq(summary.max_ns, UINT64_MAX);
    durations_add(&durations, 8);
    durations_summarise(&durations, &summary);
    ck_assert_uint_eq(summary.max_ns, 8);
    ck_assert_uint_eq(summary.last_ns, 8);
    ck_assert_uint_eq(summary.p99_ns, 7);
    ck_assert_uint_eq(durations.count, DURATIONS_MAX + 1);
}
END_TEST

SUITE_MAIN("durations", of_none_all_is_0, tells_the_nearest_rank_whatever_the_order,
           the_oldest_make_room)
