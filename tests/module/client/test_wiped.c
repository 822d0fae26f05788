#include "module/client/wiped.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

#define PAGE 4096

/* Of a page and of two, the first is wiped. */
START_TEST(a_child_finds_zeroes_where_its_parent_had_something)
{
    void *memory;
    int status;
    ck_assert_int_eq(wiped_new(PAGE, 2 * PAGE, &memory), 0);
    unsigned char *bytes = memory;
    for (int i = 0; i < 2 * PAGE; i++)
        ck_assert_uint_eq(bytes[i], 0);
    memset(bytes, 1, 2 * PAGE);
    pid_t pid = fork();
    if (pid == 0) {
        int sum = 0;
        for (int i = 0; i < 2 * PAGE; i++)
            sum += bytes[i] == (i < PAGE ? 0 : 1);
        _exit(sum == 2 * PAGE ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    for (int i = 0; i < 2 * PAGE; i++)
        ck_assert_uint_eq(bytes[i], 1);
    wiped_free(memory, 2 * PAGE);
    wiped_free(NULL, PAGE);
}
END_TEST

START_TEST(says_so_when_there_is_no_memory)
{
    void *memory = NULL;
    ck_assert_int_eq(wiped_new(PAGE, SIZE_MAX / 2, &memory), -ENOMEM);
    ck_assert_ptr_null(memory);
}
END_TEST

SUITE_MAIN("wiped", a_child_finds_zeroes_where_its_parent_had_something,
           says_so_when_there_is_no_memory)
