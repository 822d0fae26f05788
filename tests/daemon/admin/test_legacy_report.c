#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

#define KEY(id, site, state, allowed, refused, used, sunset)                                       \
    "{\"key_id\":\"" id "\",\"kind\":\"legacy\",\"site_id\":\"" site "\",\"name\":\"legacy key\"," \
    "\"state\":\"" state "\",\"allowed_count\":" allowed ",\"refused_count\":" refused             \
    ",\"last_used_at\":" used ",\"sunset_at\":" sunset "}"
#define JANUARY "\"2026-01-01T00:00:00Z\""
#define MARCH   "\"2026-03-01T00:00:00Z\""
#define LATER   "\"2027-06-30T00:00:00Z\""

static const char page_1[] = "{\"tokens\":["
    /* never used: nobody would notice */
    KEY("key_1", "ada", "active", "0", "0", "null", LATER) ","
    /* two keys, the second on the next page */
    KEY("key_2", "bob", "active", "10", "1", JANUARY, LATER) "],\"next\":\"n\"}";
static const char page_2[] =
    "{\"tokens\":[" KEY("key_3", "bob", "suspended", "5", "2", MARCH, MARCH) ","
    /* suspended alone: may be resumed */
    KEY("key_4", "cy", "suspended", "7", "0", MARCH, "null") ","
    /* of these nothing is left to break */
    KEY("key_5", "dee", "revoked", "99", "0", MARCH,
        LATER) "," KEY("key_6", "dee", "expired", "99", "0", MARCH,
                       JANUARY) "," KEY("key_7", "eve", "active", "3", "0", JANUARY,
                                        "null") "," KEY("key_8", "fay", "active", "3", "0", MARCH,
                                                        JANUARY) "],\"next\":null}";

START_TEST(tells_who_would_break_first)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("legacy", "report"),
                WORDS(fake_reply("200 OK", page_1), fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/legacy HTTP");
    fake_asked(&run, 1, "GET /v1/legacy?after=n HTTP");
    ck_assert_str_eq(
        run.out,
        "SITE  ACTIVE  SUSPENDED  ALLOWED  REFUSED  LAST USED             SUNSET\n"
        "bob        1          1       15        3  2026-03-01T00:00:00Z  2026-03-01T00:00:00Z\n"
        "fay        1          0        3        0  2026-03-01T00:00:00Z  2026-01-01T00:00:00Z\n"
        "eve        1          0        3        0  2026-01-01T00:00:00Z  never\n"
        "ada        1          0        0        0  never                 2027-06-30T00:00:00Z\n"
        "cy         0          1        7        0  2026-03-01T00:00:00Z  never\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(reports_in_json)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("legacy", "report", "--json"),
                WORDS(fake_reply("200 OK", page_1), fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(
        strstr(run.out, "[{\"site_id\":\"bob\",\"active\":1,\"suspended\":1,\"allowed_count\":15,"
                        "\"refused_count\":3,\"last_used_at\":\"2026-03-01T00:00:00Z\","
                        "\"sunset_at\":\"2026-03-01T00:00:00Z\",\"key_ids\":[\"key_2\","
                        "\"key_3\"]}\n,{\"site_id\":\"fay\","));
    ck_assert_ptr_null(strstr(run.out, "dee"));
    fake_expect(&fake, &run, WORDS("legacy", "report", "--json"),
                WORDS(fake_reply("200 OK", "{\"tokens\":[],\"next\":null}")), EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "[]\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(reports_nothing_when_a_page_is_missing)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("legacy", "report", "--json"),
                WORDS(fake_reply("200 OK", page_1), ""), EXIT_STATUS_REFUSED);
    ck_assert_str_eq(run.out, "");
    fake_stop(&fake);
}
END_TEST

START_TEST(says_that_nobody_depends_on_one)
{
    fake_start(&fake);
    run.on_terminal = true;
    fake_expect(&fake, &run, WORDS("legacy", "report"),
                WORDS(fake_reply("200 OK", "{\"tokens\":[],\"next\":null}")), EXIT_STATUS_OK);
    ck_assert_str_eq(run.err, "no site depends on a legacy key\n");
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("legacy report", tells_who_would_break_first, reports_in_json,
           reports_nothing_when_a_page_is_missing, says_that_nobody_depends_on_one)
