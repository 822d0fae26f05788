#include <stdio.h>
#include <string.h>

#include "daemon/admin/pages.h"

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

START_TEST(goes_on_over_pages_that_hold_nothing)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("list", "--state=revoked", "--quiet"),
                WORDS(fake_reply("200 OK", "{\"tokens\":[],\"next\":\"a&b\"}"),
                      fake_reply("200 OK", "{\"tokens\":[],\"next\":\"c\"}"),
                      fake_reply("200 OK", "{\"tokens\":[{\"key_id\":\"key_1\"}],\"next\":null}")),
                EXIT_STATUS_OK);
    fake_asked(&run, 1, "GET /v1/tokens?state=revoked&after=a%26b HTTP");
    fake_asked(&run, 2, "GET /v1/tokens?state=revoked&after=c HTTP");
    ck_assert_str_eq(run.out, "key_1\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(ends_where_next_is_nothing_to_go_on_with)
{
    static const char *const ends[] = {"", ",\"next\":null", ",\"next\":true", ",\"next\":{}"};
    fake_start(&fake);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char page[128];
        snprintf(page, sizeof page, "{\"tokens\":[{\"key_id\":\"key_1\"}]%s}", ends[i]);
        fake_expect(&fake, &run, WORDS("list", "--quiet"), WORDS(fake_reply("200 OK", page)),
                    EXIT_STATUS_OK);
        ck_assert_str_eq(run.out, "key_1\n");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_what_is_no_list)
{
    static const char *const answers[] = {"{}", "{\"tokens\":{}}", "{\"tokens\":\"none\"}",
                                          "{\"sites\":[]}"};
    fake_start(&fake);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        fake_expect(&fake, &run, WORDS("list", "--quiet"), WORDS(fake_reply("200 OK", answers[i])),
                    EXIT_STATUS_REFUSED);
        ck_assert_ptr_nonnull(strstr(run.err, "the daemon's answer holds no list"));
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_query_that_does_not_fit)
{
    static char site[5000];
    memset(site, 'a', sizeof site - 1);
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("list", "--site", site), (const char *const[]){NULL},
                EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "the value of an option is too long"));
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("pages", goes_on_over_pages_that_hold_nothing, ends_where_next_is_nothing_to_go_on_with,
           refuses_what_is_no_list, refuses_a_query_that_does_not_fit)
