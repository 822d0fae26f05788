/* What the limits need of descriptors, and what is kept back. */
#include "daemon/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/suite.h"

static struct config *defaults(void)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX];
    ck_assert_int_eq(config_load(NULL, &config, message), 0);
    return config;
}

START_TEST(enough_descriptors_leave_the_limits_alone)
{
    struct config *config = defaults();
    struct quota_limits before = config->quota;
    uint64_t needed = descriptors_needed(config);
    ck_assert_uint_gt(needed, before.connections[QUOTA_CHECK] + 2 * before.connections[QUOTA_HTTP]);
    ck_assert(descriptors_fit(config, needed));
    for (int face = 0; face < QUOTA_FACES; face++) {
        ck_assert_uint_eq(config->quota.connections[face], before.connections[face]);
        ck_assert_uint_eq(config->quota.connections_per_user[face],
                          before.connections_per_user[face]);
    }
    config_free(config);
}
END_TEST

START_TEST(with_too_few_of_them_the_limits_are_lowered_until_they_fit)
{
    static const uint64_t available[] = {6000, 1024, 512, 256};
    for (size_t i = 0; i < sizeof available / sizeof available[0]; i++) {
        struct config *config = defaults();
        ck_assert(!descriptors_fit(config, available[i]));
        ck_assert_uint_le(descriptors_needed(config), available[i]);
        /* A user still gets half, and each face its part. */
        for (int face = 0; face < QUOTA_FACES; face++) {
            ck_assert_uint_ge(config->quota.connections[face], 1);
            ck_assert_uint_le(config->quota.connections_per_user[face],
                              config->quota.connections[face] / 2 + 1);
        }
        ck_assert_uint_gt(config->quota.connections[QUOTA_CHECK],
                          config->quota.connections[QUOTA_HTTP]);
        config_free(config);
    }
}
END_TEST

START_TEST(with_next_to_none_there_is_one_connection_each)
{
    struct config *config = defaults();
    ck_assert(!descriptors_fit(config, 10));
    for (int face = 0; face < QUOTA_FACES; face++) {
        ck_assert_uint_eq(config->quota.connections[face], 1);
        ck_assert_uint_eq(config->quota.connections_per_user[face], 1);
    }
    config_free(config);
}
END_TEST

START_TEST(raises_the_soft_limit_as_far_as_the_hard_one)
{
    struct rlimit limit = {100, 300};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(descriptors_raise(50), 100);
    ck_assert_uint_eq(descriptors_raise(200), 200);
    ck_assert_uint_eq(descriptors_raise(1000), 300);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 300);
}
END_TEST

START_TEST(the_reserve_gives_descriptors_when_there_are_none_else)
{
    const struct rlimit limit = {64, 64};
    struct reserve reserve = {0};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(!reserve_release(&reserve));
    reserve_fill(&reserve);
    ck_assert_uint_eq(reserve.count, DESCRIPTORS_RESERVED);
    while (open("/", O_PATH | O_CLOEXEC) >= 0)
        continue;
    ck_assert_int_eq(errno, EMFILE);
    ck_assert(reserve_release(&reserve));
    int fd = open("/", O_PATH | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    /* As many as there are left. */
    reserve_fill(&reserve);
    ck_assert_uint_eq(reserve.count, DESCRIPTORS_RESERVED - 1);
    close(fd);
    reserve_fill(&reserve);
    ck_assert_uint_eq(reserve.count, DESCRIPTORS_RESERVED);
    ck_assert(reserve_release(&reserve));
}
END_TEST

SUITE_MAIN("descriptors", enough_descriptors_leave_the_limits_alone,
           with_too_few_of_them_the_limits_are_lowered_until_they_fit,
           with_next_to_none_there_is_one_connection_each,
           raises_the_soft_limit_as_far_as_the_hard_one,
           the_reserve_gives_descriptors_when_there_are_none_else)
