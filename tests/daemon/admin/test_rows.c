#include "daemon/admin/rows.h"

#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

#define NOBODY                                                                                     \
    (const char *const[])                                                                          \
    {                                                                                              \
        NULL                                                                                       \
    }
#define EMPTY "{\"tokens\":[],\"next\":null}"
#define TWO                                                                                        \
    "{\"tokens\":[{\"key_id\":\"key_1\",\"last_used_at\":\"2020-01-01T00:00:00Z\"},{\"key_id\":"   \
    "\"key\\u001b2\"}],\"next\":null}"

START_TEST(prints_ids_alone_and_harmless)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("list", "--quiet"), WORDS(fake_reply("200 OK", TWO)),
                EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "key_1\nkey\\u001b2\n");
    run.on_terminal = true;
    fake_expect(&fake, &run, WORDS("list", "--quiet"), WORDS(fake_reply("200 OK", TWO)),
                EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "key_1\r\nkey\\u001b2\r\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(prints_ids_or_json_but_not_both)
{
    static const char *const lines[][5] = {{"list", "--quiet", "--json"},
                                           {"legacy", "list", "--quiet", "--json"},
                                           {"site", "list", "--json", "--quiet"}};
    fake_start(&fake);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fake_expect(&fake, &run, lines[i], NOBODY, EXIT_STATUS_USAGE);
        ck_assert_ptr_nonnull(strstr(run.err, "--quiet and --json exclude each other"));
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(says_nothing_about_nothing_to_a_program)
{
    static const struct {
        const char *option, *says;
    } cases[] = {{NULL, ""}, {"--quiet", ""}, {"--json", "[]\n"}};
    fake_start(&fake);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_expect(&fake, &run, WORDS("list", cases[i].option), WORDS(fake_reply("200 OK", EMPTY)),
                    EXIT_STATUS_OK);
        ck_assert_str_eq(run.out, cases[i].says);
        ck_assert_str_eq(run.err, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(tells_times_as_their_reader_wants_them)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("list"), WORDS(fake_reply("200 OK", TWO)), EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "  2020-01-01T00:00:00Z\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "  never\n"));
    run.on_terminal = true;
    fake_expect(&fake, &run, WORDS("list"), WORDS(fake_reply("200 OK", TWO)), EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, " d ago\r\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "  never\r\n"));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("rows", prints_ids_alone_and_harmless, prints_ids_or_json_but_not_both,
           says_nothing_about_nothing_to_a_program, tells_times_as_their_reader_wants_them)
