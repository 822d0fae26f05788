#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

/* b is split between the two pages. */
#define SITE(id, active, allowed, used)                                                            \
    "{\"site_id\":\"" id "\",\"active\":" active ",\"suspended\":0,\"revoked\":2,\"expired\":0,"   \
    "\"legacy\":1,\"allowed_count\":" allowed ",\"last_used_at\":" used "}"
#define PAGE_1                                                                                     \
    "{\"sites\":[" SITE("a", "1", "0", "null") "," SITE("b", "2", "10", "null") "],\"next\":\"n "  \
                                                                                "1\"}"
#define PAGE_2                                                                                     \
    "{\"sites\":[" SITE("b", "3", "5", "\"2026-11-24T03:55:00Z\"") "," SITE("c", "0", "7",         \
                                                                            "\"2026-01-01T00:00:"  \
                                                                            "00Z\"") "],\"next\":" \
                                                                                     "null}"

START_TEST(lists_sites_and_joins_what_two_pages_split)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("site", "list"),
                WORDS(fake_reply("200 OK", PAGE_1), fake_reply("200 OK", PAGE_2)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/sites HTTP");
    fake_asked(&run, 1, "GET /v1/sites?after=n%201 HTTP");
    ck_assert_str_eq(
        run.out,
        "SITE  ACTIVE  SUSPENDED  REVOKED  EXPIRED  LEGACY  ALLOWED  LAST USED\n"
        "a          1          0        2        0       1        0  never\n"
        "b          5          0        4        0       2       15  2026-11-24T03:55:00Z\n"
        "c          0          0        2        0       1        7  2026-01-01T00:00:00Z\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(takes_the_last_use_of_all_parts)
{
    fake_start(&fake);
    fake_expect(
        &fake, &run, WORDS("site", "list"),
        WORDS(fake_reply("200 OK",
                         "{\"sites\":[" SITE("a", "1", "1",
                                             "\"2026-11-24T03:55:00Z\"") "],\"next\":\"n\"}"),
              fake_reply("200 OK",
                         "{\"sites\":[" SITE("a", "1", "1",
                                             "\"2026-01-01T00:00:00Z\"") "],\"next\":\"m\"}"),
              fake_reply("200 OK", "{\"sites\":[" SITE("a", "1", "1", "null") "],\"next\":null}")),
        EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "\na          3 "));
    ck_assert_ptr_nonnull(strstr(run.out, "  2026-11-24T03:55:00Z\n"));
    fake_stop(&fake);
}
END_TEST

START_TEST(joins_them_in_json_too)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("site", "list", "--json"),
                WORDS(fake_reply("200 OK", PAGE_1), fake_reply("200 OK", PAGE_2)), EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "\n,{\"site_id\":\"b\",\"active\":5,\"suspended\":0,"
                                          "\"revoked\":4,\"expired\":0,\"legacy\":2,"
                                          "\"allowed_count\":15,\"last_used_at\":"
                                          "\"2026-11-24T03:55:00Z\"}\n"));
    ck_assert_str_eq(run.out + strlen(run.out) - 3, "\n]\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(prints_ids_alone)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("site", "list", "--quiet"),
                WORDS(fake_reply("200 OK", PAGE_1), fake_reply("200 OK", PAGE_2)), EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "a\nb\nc\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(lists_no_site)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("site", "list", "--json"),
                WORDS(fake_reply("200 OK", "{\"sites\":[],\"next\":null}")), EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "[]\n");
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("site", lists_sites_and_joins_what_two_pages_split, takes_the_last_use_of_all_parts,
           joins_them_in_json_too, prints_ids_alone, lists_no_site)
