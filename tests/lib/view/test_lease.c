/* When a view may be gone by. */
#include "lib/view/lease.h"

#include "lib/core/moment.h"
#include "tests/daemon/view_memory.h"
#include "tests/suite.h"

#define NOW_NS UINT64_C(1000000000000)

START_TEST(reads_what_the_header_says)
{
    struct lease lease;

    view_memory_begin(1, 0);
    lease_read(&publisher.view, &lease);
    ck_assert(!lease.complete && !lease.superseded);
    ck_assert(!lease_holds(&lease, NOW_NS));
    publisher.header->flags = VIEW_COMPLETE | VIEW_SUPERSEDED | VIEW_CURRENT;
    publisher.header->valid_until_ns = 1;
    publisher.header->generation = 2;
    publisher.header->incarnation = 3;
    publisher.header->wall_floor_s = 4;
    lease_read(&publisher.view, &lease);
    ck_assert(lease.complete && lease.superseded);
    ck_assert_uint_eq(lease.valid_until_ns, 1);
    ck_assert_uint_eq(lease.generation, 2);
    ck_assert_uint_eq(lease.incarnation, 3);
    ck_assert_int_eq(lease.wall_floor_s, 4);
    publisher.header->wall_floor_s = UINT64_MAX;
    lease_read(&publisher.view, &lease);
    ck_assert_int_eq(lease.wall_floor_s, MOMENT_MAX_S);
    view_memory_end();
}
END_TEST

START_TEST(holds_until_its_end_and_is_last_known_for_as_long_as_the_policy_says)
{
    static const struct {
        struct lease lease;
        uint64_t last_known_ns;
        bool holds, last_known;
    } rows[] = {
        {{.valid_until_ns = NOW_NS + 1}, 0, true, true},
        {{.valid_until_ns = NOW_NS}, 0, false, false},
        {{.valid_until_ns = NOW_NS}, 1, false, true},
        {{.valid_until_ns = NOW_NS - 9}, 10, false, true},
        {{.valid_until_ns = NOW_NS - 10}, 10, false, false},
        {{.valid_until_ns = NOW_NS + LEASE_NS}, 0, true, true},
        {{.valid_until_ns = NOW_NS + LEASE_NS + 1}, 10, false, false}, /* was never given */
        {{.valid_until_ns = UINT64_MAX}, UINT64_MAX, false, false},
        {{.valid_until_ns = 0}, UINT64_MAX, false, false}, /* taken back */
        {{.valid_until_ns = NOW_NS + 1, .superseded = true}, 10, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(lease_holds(&rows[i].lease, NOW_NS) == rows[i].holds, "row %zu", i);
        ck_assert_msg(lease_is_last_known(&rows[i].lease, NOW_NS, rows[i].last_known_ns) ==
                          rows[i].last_known,
                      "row %zu", i);
    }
}
END_TEST

SUITE_MAIN("lease", reads_what_the_header_says,
           holds_until_its_end_and_is_last_known_for_as_long_as_the_policy_says)
