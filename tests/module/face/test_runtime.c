/* The directory of the daemon's sockets, from what an operator wrote. */
#include <errno.h>

#include "module/face/runtime.h"
#include "tests/suite.h"

START_TEST(takes_the_socket_or_its_directory)
{
    const struct {
        const char *path, *directory;
        int r;
    } rows[] = {
        {"/run/stkgate/check.sock", "/run/stkgate", 0},
        {"/run/stkgate", "/run/stkgate", 0},
        {"/run/stkgate/", "/run/stkgate/", 0},
        {"/run/check.socket", "/run/check.socket", 0},
        {"run/stkgate/check.sock", "", -EINVAL},
        {"check.sock", "", -EINVAL},
        {"", "", -EINVAL},
        {"/run/stkgate/http.sock", "", -EINVAL},
        {"/run/stkgate/admin.sock", "", -EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char ret[64] = "";
        ck_assert_int_eq(runtime_of_socket(rows[i].path, ret, sizeof ret), rows[i].r);
        ck_assert_str_eq(ret, rows[i].directory);
    }
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_refused_whole)
{
    char ret[8] = "as was";

    ck_assert_int_eq(runtime_of_socket("/run/stkgate", ret, sizeof ret), -ENAMETOOLONG);
    ck_assert_str_eq(ret, "as was");
    ck_assert_int_eq(runtime_of_socket("/1234567", ret, sizeof ret), -ENAMETOOLONG);
    ck_assert_int_eq(runtime_of_socket("/123456/check.sock", ret, sizeof ret), 0);
    ck_assert_str_eq(ret, "/123456");
}
END_TEST

SUITE_MAIN("runtime", takes_the_socket_or_its_directory, a_path_that_does_not_fit_is_refused_whole)
