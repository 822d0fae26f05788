#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

/* The verbs that are one change of one credential. */
static const struct {
    const char *words[6];
    const char *asks, *body, *says;
} changes[] = {
    {{"suspend", KEY_ID},
     "POST /v1/tokens/" KEY_ID "/suspend HTTP",
     "",
     "suspended " KEY_ID " of site kasa\n"},
    {{"suspend", KEY_ID, "--reason", "bill \"not\" paid"},
     "POST /v1/tokens/" KEY_ID "/suspend HTTP",
     "{\"reason\":\"bill \\\"not\\\" paid\"}",
     "suspended " KEY_ID " of site kasa\n"},
    {{"resume", KEY_ID},
     "POST /v1/tokens/" KEY_ID "/resume HTTP",
     "",
     "resumed " KEY_ID " of site kasa\n"},
    {{"revoke", "--reason", "leaked", KEY_ID, "--yes"},
     "POST /v1/tokens/" KEY_ID "/revoke HTTP",
     "{\"reason\":\"leaked\"}",
     "revoked " KEY_ID " of site kasa\n"},
    {{"rotate", KEY_ID, "--finish", "--yes"},
     "POST /v1/tokens/" KEY_ID "/rotate/finish HTTP",
     "",
     "revoked " KEY_ID " of site kasa\n"},
    {{"rotate", KEY_ID, "--cancel", "--yes"},
     "POST /v1/tokens/" KEY_ID "/rotate/cancel HTTP",
     "",
     "cancelled the rotation of " KEY_ID " of site kasa\n"},
    {{"legacy", "remove", KEY_ID, "--yes"},
     "DELETE /v1/legacy/" KEY_ID " HTTP",
     "",
     "removed " KEY_ID " of site kasa\n"},
};

START_TEST(calls_once_and_says_what_was_done)
{
    fake_start(&fake);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fake_expect(&fake, &run, changes[i].words, WORDS(fake_reply("200 OK", TOKEN)),
                    EXIT_STATUS_OK);
        fake_asked(&run, 0, changes[i].asks);
        ck_assert_str_eq(fake_body(&run, 0), changes[i].body);
        ck_assert_str_eq(run.out, changes[i].says);
        ck_assert_str_eq(run.err, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(says_in_how_many_processes_it_is_in_force)
{
    static const struct {
        const char *answer, *says;
    } reaches[] = {
        {TOKEN_OPEN ",\"attached\":3}",
         "revoked " KEY_ID " of site kasa: in force in 3 attached processes, and for whoever asks "
         "the daemon\n"},
        {TOKEN_OPEN ",\"attached\":1}",
         "revoked " KEY_ID " of site kasa: in force in 1 attached process, and for whoever asks "
         "the daemon\n"},
        {TOKEN_OPEN ",\"attached\":0}",
         "revoked " KEY_ID " of site kasa: in force for whoever asks the daemon; no process is "
         "attached\n"},
        {TOKEN_OPEN ",\"attached\":9223372036854775807}",
         "revoked " KEY_ID " of site kasa: in force in 9223372036854775807 attached processes, and "
         "for whoever asks the daemon\n"},
        {TOKEN_OPEN ",\"attached\":\"all\"}", "revoked " KEY_ID " of site kasa\n"},
        {TOKEN_OPEN ",\"attached\":null}", "revoked " KEY_ID " of site kasa\n"},
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof reaches / sizeof reaches[0]; i++) {
        fake_expect(&fake, &run, WORDS("revoke", KEY_ID, "--yes"),
                    WORDS(fake_reply("200 OK", reaches[i].answer)), EXIT_STATUS_OK);
        ck_assert_str_eq(run.out, reaches[i].says);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(gives_the_daemons_answer_as_json)
{
    fake_start(&fake);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *words[8] = {"--json"};
        memcpy(words + 1, changes[i].words, sizeof changes[i].words);
        fake_expect(&fake, &run, words, WORDS(fake_reply("200 OK", TOKEN)), EXIT_STATUS_OK);
        ck_assert_str_eq(run.out, TOKEN "\n");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(tells_why_it_was_refused)
{
    fake_start(&fake);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fake_expect(&fake, &run, changes[i].words,
                    WORDS(fake_reply("409 Conflict", "{\"detail\":\"it is revoked already\"}")),
                    EXIT_STATUS_REFUSED);
        ck_assert_str_eq(run.out, "");
        ck_assert_ptr_nonnull(strstr(run.err, ": it is revoked already\n"));
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(says_that_a_change_may_have_been_made)
{
    fake_start(&fake);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fake_expect(&fake, &run, changes[i].words, WORDS(""), EXIT_STATUS_REFUSED);
        ck_assert_ptr_nonnull(strstr(run.err, "the change may have been made; look with"));
    }
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("act", calls_once_and_says_what_was_done, says_in_how_many_processes_it_is_in_force,
           gives_the_daemons_answer_as_json, tells_why_it_was_refused,
           says_that_a_change_may_have_been_made)
