#include "daemon/admin/user.h"

#include <string.h>

#include "tests/suite.h"

/* Whether it was a name; the text is in said. */
static char said[USER_TEXT_MAX];

static bool look_up(json_t *uid)
{
    bool is_name = user_name(uid, said);
    json_decref(uid);
    return is_name;
}

START_TEST(knows_root)
{
    ck_assert(look_up(json_integer(0)));
    ck_assert_str_eq(said, "root");
}
END_TEST

START_TEST(gives_the_number_of_a_stranger)
{
    ck_assert(!look_up(json_integer(4000000001)));
    ck_assert_str_eq(said, "uid 4000000001");
}
END_TEST

START_TEST(never_takes_a_number_that_is_no_uid_for_root)
{
    static const json_int_t numbers[] = {INT64_C(1) << 32, -1, UINT32_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ck_assert(!look_up(json_integer(numbers[i])));
        ck_assert_int_eq(strncmp(said, "uid ", 4), 0);
    }
    ck_assert(!look_up(json_string("0")));
    ck_assert_str_eq(said, "");
    ck_assert(!look_up(NULL));
    ck_assert_str_eq(said, "");
}
END_TEST

SUITE_MAIN("user", knows_root, gives_the_number_of_a_stranger,
           never_takes_a_number_that_is_no_uid_for_root)
