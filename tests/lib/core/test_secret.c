#include "lib/core/secret.h"

#include <string.h>

#include "tests/suite.h"

START_TEST(wipes_just_what_it_is_told)
{
    char bytes[] = "abcdefgh";
    secret_wipe(bytes + 2, 3);
    ck_assert_mem_eq(bytes, "ab\0\0\0fgh", 8);
}
END_TEST

START_TEST(wipes_nothing_of_nothing)
{
    secret_wipe(NULL, 0);
}
END_TEST

START_TEST(frees_and_forgets_a_string)
{
    char *string = strdup("stk_live_");
    ck_assert_ptr_nonnull(string);
    secret_free(&string);
    ck_assert_ptr_null(string);
    secret_free(&string); /* as cleanup does with a string that was never set */
    ck_assert_ptr_null(string);
}
END_TEST

SUITE_MAIN("secret", wipes_just_what_it_is_told, wipes_nothing_of_nothing,
           frees_and_forgets_a_string)
