#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

#define ENTRY(seq, action, uid, key_id, related, site, reason)                                     \
    "{\"seq\":" seq ",\"at\":\"2026-11-24T03:55:00Z\",\"action\":\"" action "\",\"uid\":" uid      \
    ",\"gid\":0,\"pid\":1,\"key_id\":" key_id ",\"related\":" related ",\"site_id\":" site         \
    ",\"reason\":" reason "}"
#define KEY "\"" KEY_ID "\""

static const char page_1[] = "{\"entries\":[" ENTRY(
    "9", "revoke", "0", KEY, "null", "\"kasa\"",
    "\"seen in a log\"") "," ENTRY("8", "rotate", "4000000001", KEY, "\"key_new\"", "\"kasa\"",
                                   "null") "],\"next\":8}";
static const char page_2[] =
    "{\"entries\":[" ENTRY("7", "scope-add", "0", "null", "\"orders:read\"", "null",
                           "null") "," ENTRY("6", "edit", "0", KEY, "null", "\"kasa\"",
                                             "\"name, limit\"") "],\"next\":null}";

START_TEST(shows_who_did_what_and_why)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit"),
                WORDS(fake_reply("200 OK", page_1), fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/audit?limit=100 HTTP");
    fake_asked(&run, 1, "GET /v1/audit?limit=98&before=8 HTTP");
    ck_assert_str_eq(run.out,
                     "WHEN                  ACTION     KEY ID                SITE  WHO             "
                     "DETAIL\n"
                     "2026-11-24T03:55:00Z  revoke     key_4tGvQ2mZx8LrB1sN  kasa  root            "
                     "seen in a log\n"
                     "2026-11-24T03:55:00Z  rotate     key_4tGvQ2mZx8LrB1sN  kasa  uid 4000000001  "
                     "to key_new\n"
                     "2026-11-24T03:55:00Z  scope-add  -                     -     root            "
                     "orders:read\n"
                     "2026-11-24T03:55:00Z  edit       key_4tGvQ2mZx8LrB1sN  kasa  root            "
                     "name, limit\n");
    ck_assert_str_eq(run.err, "");
    fake_stop(&fake);
}
END_TEST

START_TEST(chooses_by_key_and_time)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit", "--key-id", KEY_ID, "--since=2026-11-01"),
                WORDS(fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0,
               "GET /v1/audit?key_id=" KEY_ID "&since=2026-11-01T00%3A00%3A00Z&limit=100 HTTP");
    fake_stop(&fake);
}
END_TEST

START_TEST(counts_a_span_back_from_now)
{
    time_t before = time(NULL) - 3600, after;
    struct tm tm = {0};
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit", "--since", "1h"), WORDS(fake_reply("200 OK", page_2)),
                EXIT_STATUS_OK);
    after = time(NULL) - 3600;
    const char *since = strstr(run.requests[0], "since=");
    ck_assert_ptr_nonnull(since);
    ck_assert_ptr_nonnull(strptime(since, "since=%Y-%m-%dT%H%%3A%M%%3A%SZ", &tm));
    ck_assert_int_ge(timegm(&tm), before);
    ck_assert_int_le(timegm(&tm), after);
    /* Before 1970 there was nothing. */
    fake_expect(&fake, &run, WORDS("audit", "--since", "9000w"),
                WORDS(fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/audit?since=1970-01-01T00%3A00%3A00Z&");
    fake_stop(&fake);
}
END_TEST

START_TEST(stops_at_the_limit_and_says_so_on_a_terminal)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit", "--limit=2", "--json"),
                WORDS(fake_reply("200 OK", page_1)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/audit?limit=2 HTTP");
    ck_assert_ptr_nonnull(strstr(run.out, "[{\"seq\":9,"));
    ck_assert_ptr_nonnull(strstr(run.out, "\n,{\"seq\":8,"));
    run.on_terminal = true;
    fake_expect(&fake, &run, WORDS("audit", "--limit=2"), WORDS(fake_reply("200 OK", page_1)),
                EXIT_STATUS_OK);
    ck_assert_str_eq(run.err, "the newest 2; --limit N shows more\n");
    ck_assert_ptr_nonnull(strstr(run.out, " ago"));
    /* A daemon that gives more than it was asked for. */
    fake_expect(&fake, &run, WORDS("audit", "--limit=1", "--json"),
                WORDS(fake_reply("200 OK", page_1)), EXIT_STATUS_OK);
    ck_assert_ptr_null(strstr(run.out, "\"seq\": 8"));
    fake_stop(&fake);
}
END_TEST

START_TEST(asks_for_large_limits_in_pages)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit", "--limit=100000"),
                WORDS(fake_reply("200 OK", page_1), fake_reply("200 OK", page_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/audit?limit=500 HTTP");
    fake_asked(&run, 1, "GET /v1/audit?limit=500&before=8 HTTP");
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_token_for_a_key_id)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("audit", "--key-id", SECRET), (const char *const[]){NULL},
                EXIT_STATUS_USAGE);
    ck_assert_ptr_null(strstr(run.err, "zQWBu"));
    fake_expect(&fake, &run, WORDS("audit", "--since", "yesterday"), (const char *const[]){NULL},
                EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "a span back from now such as 24h"));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("audit", shows_who_did_what_and_why, chooses_by_key_and_time,
           counts_a_span_back_from_now, stops_at_the_limit_and_says_so_on_a_terminal,
           asks_for_large_limits_in_pages, refuses_a_token_for_a_key_id)
