#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

static const char page[] =
    "{\"tokens\":[{\"key_id\":\"key_1\",\"kind\":\"legacy\",\"site_id\":\"kasa\",\"name\":\"legacy "
    "key\",\"state\":\"active\",\"allowed_count\":12,\"last_used_at\":\"2026-11-24T03:55:00Z\","
    "\"sunset_at\":\"2027-06-30T00:00:00Z\"}],\"next\":null}";

START_TEST(lists_legacy_keys_with_their_sunset)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("legacy", "list", "--site=kasa", "--state=active"),
                WORDS(fake_reply("200 OK", page)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/legacy?site=kasa&state=active HTTP");
    ck_assert_str_eq(run.out, "KEY ID  SITE  NAME        STATE   SUNSET                ALLOWED  "
                              "LAST USED\n"
                              "key_1   kasa  legacy key  active  2027-06-30T00:00:00Z       12  "
                              "2026-11-24T03:55:00Z\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(prints_key_ids_alone)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("legacy", "list", "--quiet"), WORDS(fake_reply("200 OK", page)),
                EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/legacy HTTP");
    ck_assert_str_eq(run.out, "key_1\n");
    fake_expect(&fake, &run, WORDS("legacy", "list", "--quiet", "--json"),
                (const char *const[]){NULL}, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "--quiet and --json exclude each other"));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("legacy list", lists_legacy_keys_with_their_sunset, prints_key_ids_alone)
