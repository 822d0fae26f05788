/* One handle for each service and socket of a configuration, as long as that lasts. */
#include "module/apache/gates.h"

#include <apr_general.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static apr_pool_t *pool;

static void begin(void)
{
    ck_assert_int_eq(apr_initialize(), APR_SUCCESS);
    ck_assert_int_eq(apr_pool_create(&pool, NULL), APR_SUCCESS);
    gates_begin(pool);
}

START_TEST(has_one_for_each_pair)
{
    begin();
    ck_assert_int_eq(gates_add_service("shop"), 0);
    ck_assert_int_eq(gates_add_service("shop"), 0);
    ck_assert_int_eq(gates_add_runtime("/run/other"), 0);
    ck_assert_int_eq(gates_add_runtime("/run/other"), 0);
    ck_assert_ptr_null(gates_find("shop", NULL));
    ck_assert_int_eq(gates_open(), 0);

    char other[] = "/run/other"; /* equal, not the same */
    stkgate *all[] = {gates_find(GATES_SERVICE, NULL), gates_find(GATES_SERVICE, other),
                      gates_find("shop", NULL), gates_find("shop", other)};
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_nonnull(all[i]);
        for (int k = 0; k < i; k++)
            ck_assert_ptr_ne(all[i], all[k]);
    }
    ck_assert_ptr_eq(gates_find("shop", "/run/other"), all[3]);
    ck_assert_ptr_null(gates_find("shops", NULL));
    ck_assert_ptr_null(gates_find("shop", "/run/others"));
    apr_pool_destroy(pool);
}
END_TEST

START_TEST(tells_what_is_no_service_or_socket)
{
    begin();
    ck_assert_int_eq(gates_add_service("Shop"), -EINVAL);
    ck_assert_int_eq(gates_add_service(""), -EINVAL);
    char path[200];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(gates_add_runtime(path), -ENAMETOOLONG);
    ck_assert_int_eq(gates_open(), 0);
    ck_assert_ptr_null(gates_find("Shop", NULL));
    ck_assert_ptr_null(gates_find(GATES_SERVICE, path));
    apr_pool_destroy(pool);
}
END_TEST

START_TEST(a_new_configuration_begins_anew)
{
    begin();
    ck_assert_int_eq(gates_add_service("old"), 0);
    ck_assert_int_eq(gates_open(), 0);
    apr_pool_destroy(pool);
    ck_assert_ptr_null(gates_find("old", NULL));
    ck_assert_ptr_null(gates_find(GATES_SERVICE, NULL));
    begin();
    ck_assert_int_eq(gates_open(), 0);
    ck_assert_ptr_null(gates_find("old", NULL));
    ck_assert_ptr_nonnull(gates_find(GATES_SERVICE, NULL));
    apr_pool_destroy(pool);
}
END_TEST

/* Its other threads may be in a check: what it closed would be freed under them. */
START_TEST(a_child_closes_nothing)
{
    begin();
    ck_assert_int_eq(gates_open(), 0);
    stkgate *gate = gates_find(GATES_SERVICE, NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        apr_pool_destroy(pool);
        uint64_t mask = 0;
        _exit(stkgate_scope(gate, "catalog:read", &mask) == 0 && mask != 0 ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    apr_pool_destroy(pool);
}
END_TEST

START_TEST(knows_the_built_in_scopes_without_a_daemon_and_others_not)
{
    ck_assert_int_eq(setenv("STKGATE_RUNTIME", "/nonexistent/usual", 1), 0);
    begin();
    ck_assert_int_eq(gates_add_runtime("/nonexistent"), 0);
    ck_assert_int_eq(gates_know_scopes("catalog:read cart:write"), 0);
    ck_assert_int_eq(gates_know_scopes("stock:read"), -ENOENT);
    ck_assert_int_eq(gates_know_scopes("stock!"), -EINVAL);
    apr_pool_destroy(pool);
}
END_TEST

SUITE_MAIN("gates", has_one_for_each_pair, tells_what_is_no_service_or_socket,
           a_new_configuration_begins_anew, a_child_closes_nothing,
           knows_the_built_in_scopes_without_a_daemon_and_others_not)
