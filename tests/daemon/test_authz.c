/* Who is at the other end, and what that user may do. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/authz.h"
#include "tests/suite.h"

START_TEST(tells_the_credentials_of_a_socketpair)
{
    int fds[2];
    struct peer peer;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(peer_of_socket(fds[0], &peer), 0);
    ck_assert_uint_eq(peer.uid, geteuid());
    ck_assert_uint_eq(peer.gid, getegid());
    ck_assert_int_eq(peer.pid, getpid());
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(leaves_the_output_alone_on_what_is_no_socket)
{
    struct peer peer = {.uid = 77};
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(peer_of_socket(fds[0], &peer), -ENOTSOCK);
    ck_assert_int_eq(peer_of_socket(-1, &peer), -EBADF);
    ck_assert_uint_eq(peer.uid, 77);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(reads_users_and_groups_by_name_and_number)
{
    static const struct {
        const char *name;
        int want;
    } rows[] = {
        {"root", 0},
        {"@root", 0},
        {"%root", 0},
        {"1000", 0},
        {"@1000", 0},
        {"", -EINVAL},
        {"@", -EINVAL},
        {"no-such-user-here", -ENOENT},
        {"@no-such-group", -ENOENT},
        {"4294967295", -ENOENT},
        {"12x", -ENOENT},
        {"-1", -ENOENT},
        {"65534", -EPERM},
        {"@65534", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct principals principals = {0};
        ck_assert_msg(principals_add(&principals, rows[i].name) == rows[i].want, "%s",
                      rows[i].name);
        ck_assert_uint_eq(principals.user_count + principals.group_count, rows[i].want == 0);
    }
}
END_TEST

START_TEST(refuses_more_principals_than_fit)
{
    struct principals principals = {0};
    for (int i = 0; i < PRINCIPALS_MAX; i++)
        ck_assert_int_eq(principals_add(&principals, "1000"), 0);
    ck_assert_int_eq(principals_add(&principals, "1000"), -ENOSPC);
    ck_assert_int_eq(principals_add(&principals, "@1000"), 0);
}
END_TEST

START_TEST(admits_by_user_primary_and_supplementary_group)
{
    struct principals principals = {0};
    ck_assert_int_eq(principals_add(&principals, "1001"), 0);
    ck_assert_int_eq(principals_add(&principals, "@2002"), 0);
    const struct peer by_user = {.uid = 1001, .gid = 1};
    const struct peer by_gid = {.uid = 5, .gid = 2002};
    const struct peer by_groups = {.uid = 5, .gid = 1, .group_count = 2, .groups = {7, 2002}};
    const struct peer stranger = {.uid = 5, .gid = 1, .group_count = 1, .groups = {7, 2002}};
    ck_assert(principals_have(&principals, &by_user));
    ck_assert(principals_have(&principals, &by_gid));
    ck_assert(principals_have(&principals, &by_groups));
    ck_assert(!principals_have(&principals, &stranger));
}
END_TEST

START_TEST(never_admits_the_user_the_kernel_cannot_name)
{
    struct principals principals = {.user_count = 1, .users = {UID_NOBODY}};
    ck_assert_int_eq(principals_add(&principals, "@65534"), 0);
    const struct peer nobody = {.uid = UID_NOBODY, .gid = 65534};
    ck_assert(!principals_have(&principals, &nobody));
    ck_assert(!authz_may_admin(&principals, &nobody));
    ck_assert(!authz_may_map(&principals, &nobody));
    principals.any = true;
    ck_assert(principals_have(&principals, &nobody));
    ck_assert(!authz_may_admin(&principals, &nobody));
    ck_assert(!authz_may_map(&principals, &nobody));
}
END_TEST

START_TEST(root_and_the_own_user_may_others_only_when_named)
{
    struct principals named = {0};
    const struct peer root = {.uid = 0};
    const struct peer self = {.uid = geteuid()};
    const struct peer other = {.uid = 4711, .gid = 4711};
    ck_assert(authz_may_admin(&named, &root) && authz_may_map(&named, &root));
    ck_assert(authz_may_admin(&named, &self) && authz_may_map(&named, &self));
    ck_assert(!authz_may_admin(&named, &other) && !authz_may_map(&named, &other));
    ck_assert_int_eq(principals_add(&named, "@4711"), 0);
    ck_assert(authz_may_admin(&named, &other) && authz_may_map(&named, &other));
}
END_TEST

SUITE_MAIN("authz", tells_the_credentials_of_a_socketpair,
           leaves_the_output_alone_on_what_is_no_socket, reads_users_and_groups_by_name_and_number,
           refuses_more_principals_than_fit, admits_by_user_primary_and_supplementary_group,
           never_admits_the_user_the_kernel_cannot_name,
           root_and_the_own_user_may_others_only_when_named)
