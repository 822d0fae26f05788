#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

START_TEST(rotates_with_a_grace)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID, "--grace=15m"),
                WORDS(fake_reply("201 Created",
                                 "{\"key_id\":\"key_new\",\"rotated_from_key_id\":"
                                 "\"" KEY_ID "\",\"attached\":2,\"secret\":\"" SECRET "\"}")),
                EXIT_STATUS_OK);
    fake_asked(&run, 0, "POST /v1/tokens/" KEY_ID "/rotate HTTP");
    ck_assert_str_eq(fake_body(&run, 0), "{\"grace\":\"15m\"}");
    ck_assert_str_eq(run.out, SECRET "\n");
    ck_assert_ptr_nonnull(strstr(run.err, KEY_ID " works for another 15m\n"));
    fake_stop(&fake);
}
END_TEST

START_TEST(rotates_at_once_without_being_asked)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID), WORDS(fake_reply("201 Created", MINTED)),
                EXIT_STATUS_OK);
    fake_asked(&run, 0, "POST /v1/tokens/" KEY_ID "/rotate HTTP");
    ck_assert_str_eq(fake_body(&run, 0), "");
    ck_assert_str_eq(run.out, SECRET "\n");
    ck_assert_ptr_nonnull(strstr(run.err, " is revoked\n"));
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID),
                WORDS(fake_reply("201 Created", "{\"key_id\":\"key_new\",\"rotated_from_key_id\":"
                                                "\"" KEY_ID "\",\"secret\":\"" SECRET "\","
                                                "\"attached\":2}")),
                EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, SECRET "\n");
    ck_assert_ptr_nonnull(strstr(run.err, KEY_ID " is revoked: in force in 2 attached processes, "
                                                 "and for whoever asks the daemon\n"));
    fake_stop(&fake);
}
END_TEST

START_TEST(shortens_a_grace)
{
    static const char answer[] = "{\"key_id\":\"" KEY_ID "\",\"site_id\":\"kasa\","
                                 "\"grace_until\":\"2026-11-24T04:00:00Z\"}";
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID, "--shorten", "5m"),
                WORDS(fake_reply("200 OK", answer)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "POST /v1/tokens/" KEY_ID "/rotate/shorten HTTP");
    ck_assert_str_eq(fake_body(&run, 0), "{\"grace\":\"5m\"}");
    ck_assert_str_eq(run.out, "shortened the grace of " KEY_ID " of site kasa: it works until "
                              "2026-11-24T04:00:00Z\n");
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID, "--shorten", "5m", "--json"),
                WORDS(fake_reply("200 OK", answer)), EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "\"grace_until\":\"2026-11-24T04:00:00Z\"}\n"));
    fake_stop(&fake);
}
END_TEST

START_TEST(does_one_thing_at_a_time)
{
    static const char *const lines[][6] = {
        {"rotate", KEY_ID, "--finish", "--cancel", "--yes"},
        {"rotate", KEY_ID, "--grace=1m", "--finish", "--yes"},
        {"rotate", KEY_ID, "--grace=1m", "--shorten=1m"},
        {"rotate", KEY_ID, "--cancel", "--shorten=1m", "--yes"},
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fake_expect(&fake, &run, lines[i], (const char *const[]){NULL}, EXIT_STATUS_USAGE);
        ck_assert_ptr_nonnull(strstr(run.err, "exclude each other\nUsage: "));
    }
    /* Shortened to nothing it would be finished, which is asked for. */
    fake_expect(&fake, &run, WORDS("rotate", KEY_ID, "--shorten=0s"), (const char *const[]){NULL},
                EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "--shorten must be longer than 0"));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("rotate", rotates_with_a_grace, rotates_at_once_without_being_asked, shortens_a_grace,
           does_one_thing_at_a_time)
