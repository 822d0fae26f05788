#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

/* What can't be undone. */
static const struct {
    const char *words[4];
    const char *question;
} changes[] = {
    {{"revoke", KEY_ID}, "Revoke " KEY_ID " (production of kasa)? [y/N] "},
    {{"rotate", KEY_ID, "--finish"},
     "Revoke " KEY_ID " (production of kasa) now, before its grace is over? [y/N] "},
    {{"rotate", KEY_ID, "--cancel"},
     "Revoke the successor of " KEY_ID " (production of kasa), which goes on in its place? [y/N] "},
    {{"legacy", "remove", KEY_ID}, "Remove " KEY_ID " (production of kasa) and its counts? [y/N] "},
};
#define CHANGES (sizeof changes / sizeof changes[0])

START_TEST(asks_on_a_terminal_and_goes_on_at_a_yes)
{
    static const char *const answers[] = {"y\n", "Y\n", "yes\n", "YES\n"};
    fake_start(&fake);
    run.can_be_asked = true;
    for (size_t i = 0; i < CHANGES; i++) {
        run.input = answers[i % (sizeof answers / sizeof answers[0])];
        fake_expect(&fake, &run, changes[i].words,
                    WORDS(fake_reply("200 OK", TOKEN), fake_reply("200 OK", TOKEN)),
                    EXIT_STATUS_OK);
        fake_asked(&run, 0, "GET /v1/tokens/" KEY_ID " HTTP");
        ck_assert_str_eq(run.err, changes[i].question);
        ck_assert_ptr_nonnull(strstr(run.out, KEY_ID " of site kasa\n"));
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(changes_nothing_at_any_other_answer)
{
    static const char *const answers[] = {
        "\n",     "n\n",   "no\n",  "\x04", " y\n",
        "yes!\n", "yep\n", "y y\n", "ja\n", "yesyesyesyesyesyesyesyes\ny\n"};
    fake_start(&fake);
    run.can_be_asked = true;
    for (size_t i = 0; i < CHANGES * sizeof answers / sizeof answers[0]; i++) {
        run.input = answers[i / CHANGES];
        fake_expect(&fake, &run, changes[i % CHANGES].words, WORDS(fake_reply("200 OK", TOKEN)),
                    EXIT_STATUS_REFUSED);
        fake_asked(&run, 0, "GET /v1/tokens/" KEY_ID " HTTP");
        ck_assert_ptr_nonnull(strstr(run.err, "not confirmed: nothing was changed\n"));
        ck_assert_str_eq(run.out, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(needs_a_yes_where_nobody_can_be_asked)
{
    fake_start(&fake);
    run.input = "y\n";
    for (size_t i = 0; i < CHANGES; i++) {
        fake_expect(&fake, &run, changes[i].words, (const char *const[]){NULL}, EXIT_STATUS_USAGE);
        ck_assert_ptr_nonnull(strstr(run.err, "say --yes if it is meant\n"));
        ck_assert_str_eq(run.out, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(asks_nothing_after_a_yes_on_the_command_line)
{
    fake_start(&fake);
    for (size_t i = 0; i < 2 * CHANGES; i++) {
        const char *words[6] = {"--json"};
        memcpy(words + 1, changes[i / 2].words, sizeof changes[0].words);
        words[strcmp(words[1], "legacy") == 0 || words[3] ? 4 : 3] = "--yes";
        run.can_be_asked = i % 2;
        fake_expect(&fake, &run, words, WORDS(fake_reply("200 OK", TOKEN)), EXIT_STATUS_OK);
        ck_assert_str_eq(run.err, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(asks_nothing_about_a_key_that_is_not_there)
{
    fake_start(&fake);
    run.can_be_asked = true;
    run.input = "y\n";
    fake_expect(&fake, &run, WORDS("revoke", KEY_ID),
                WORDS(fake_reply("404 Not Found", "{\"detail\":\"no such key_id\"}")),
                EXIT_STATUS_REFUSED);
    ck_assert_str_eq(run.err, "stkgate admin revoke: no such key_id\n");
    fake_expect(&fake, &run, WORDS("revoke", SECRET), (const char *const[]){NULL},
                EXIT_STATUS_USAGE);
    ck_assert_ptr_null(strstr(run.err, "zQWBu"));
    fake_stop(&fake);
}
END_TEST

START_TEST(shows_a_name_that_could_move_the_cursor_harmlessly)
{
    fake_start(&fake);
    run.can_be_asked = true;
    run.input = "n\n";
    fake_expect(
        &fake, &run, WORDS("revoke", KEY_ID),
        WORDS(fake_reply("200 OK", "{\"name\":\"a\\u001b[2K\\rb\",\"site_id\":\"\\u202e\"}")),
        EXIT_STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(run.err, "(a\\u001b[2K\\u000db of \\u202e)?"));
    ck_assert_ptr_null(strchr(run.err, '\033'));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("confirm", asks_on_a_terminal_and_goes_on_at_a_yes, changes_nothing_at_any_other_answer,
           needs_a_yes_where_nobody_can_be_asked, asks_nothing_after_a_yes_on_the_command_line,
           asks_nothing_about_a_key_that_is_not_there,
           shows_a_name_that_could_move_the_cursor_harmlessly)
