/* suite.h - the main() of a test program: SUITE_MAIN("rate", test_a, test_b)
 *
 * Each test runs in a process of its own (check's fork mode) with a time-out of five minutes: what
 * hangs ends, and a sanitizer on a slow machine, or a disk that others use, may take its time.
 */
#ifndef STKGATE_TESTS_SUITE_H
#define STKGATE_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* STKGATE_LEAVE_OUT: names with a blank behind each, of tests that a tool around them can't run. */
static inline bool suite_leaves_out(const char *test)
{
    const char *names = getenv("STKGATE_LEAVE_OUT");
    const char *found = names ? strstr(names, test) : NULL;
    return found && (found == names || found[-1] == ' ') && found[strlen(test)] == ' ';
}

static inline int suite_run(const char *name, const TTest *const tests[], size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 300);
    for (size_t i = 0; i < count; i++)
        if (!suite_leaves_out(tests[i]->name))
            tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define SUITE_MAIN(name, ...)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return suite_run(name, tests, sizeof tests / sizeof tests[0]);                             \
    }

#endif
