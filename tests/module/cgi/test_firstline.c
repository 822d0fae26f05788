/* Tests of module/cgi/firstline.c. */
#include "module/cgi/firstline.h"

#include <errno.h>
#include <string.h>

#include "tests/module/cgi/list.h"
#include "tests/suite.h"

static int split(const char *line, const char *script, int *ret_argc, char ***ret)
{
    static char buffer[300], path[300], argument[] = "a";
    char *argv[] = {buffer, path, argument, NULL};
    memcpy(buffer, line, strlen(line) + 1);
    memcpy(path, script, strlen(script) + 1);
    return firstline_split(3, argv, ret_argc, ret);
}

START_TEST(takes_the_line_apart_and_appends_the_script)
{
    int argc;
    char **argv;
    ck_assert_int_eq(split("cgi  --scope cart:write\t--  /bin/sh -e", "/x/a b.sh", &argc, &argv),
                     0);
    static const char *const wanted[] = {"cgi",     "--scope", "cart:write", "--",
                                         "/bin/sh", "-e",      "/x/a b.sh",  "a"};
    ck_assert_int_eq(argc, 8);
    for (int i = 0; i < argc; i++)
        ck_assert_str_eq(argv[i], wanted[i]);
    ck_assert_ptr_null(argv[argc]);
    free(argv);
}
END_TEST

START_TEST(has_room_for_as_many_words_as_a_line_can_have)
{
    int argc;
    char **argv;
    ck_assert_int_eq(split("- -- a b c d e f g h i j k l m n o p", "s", &argc, &argv), 0);
    ck_assert_int_eq(argc, 20);
    ck_assert_ptr_null(argv[argc]);
    free(argv);
}
END_TEST

/* The kernel would start the script again, and so on for ever. */
START_TEST(wants_an_interpreter_in_the_line)
{
    int argc;
    char **argv = NULL;
    static const char *const lines[] = {"cgi --scope x", "cgi --", "cgi --scope x -- ", "cgi ",
                                        " "};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(split(lines[i], "/x/s.sh", &argc, &argv) == -EINVAL, "%s", lines[i]);
    ck_assert_ptr_null(argv);
}
END_TEST

START_TEST(tells_a_line_by_its_blank)
{
    ck_assert(firstline_is(LIST("cgi -- x")));
    ck_assert(!firstline_is(LIST("cgi")));
    ck_assert(!firstline_is(LIST(NULL)));
}
END_TEST

SUITE_MAIN("firstline", takes_the_line_apart_and_appends_the_script,
           has_room_for_as_many_words_as_a_line_can_have, wants_an_interpreter_in_the_line,
           tells_a_line_by_its_blank)
