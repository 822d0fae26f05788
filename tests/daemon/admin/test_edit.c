#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

START_TEST(sends_what_was_named_and_nothing_else)
{
    static const struct {
        const char *words[12];
        const char *body;
    } cases[] = {
        {{"--name", "Kasa Ödeme"}, "{\"name\":\"Kasa Ödeme\"}"},
        {{"--scope", "a:b,c:d", "--scope", "e:f"}, "{\"scopes\":[\"a:b\",\"c:d\",\"e:f\"]}"},
        {{"--origin", "https://a.example"}, "{\"allowed_origins\":[\"https://a.example\"]}"},
        {{"--no-origins"}, "{\"allowed_origins\":[]}"},
        {{"--missing-origin", "allow"}, "{\"missing_origin\":\"allow\"}"},
        {{"--limit=5"}, "{\"limit\":{\"requests\":5}}"},
        {{"--window", "10s", "--burst", "7"}, "{\"limit\":{\"window\":\"10s\",\"burst\":7}}"},
        {{"--expires", "2027-01-31"}, "{\"expires_at\":\"2027-01-31T00:00:00Z\"}"},
        {{"--expires", "never"}, "{\"expires_at\":null}"},
        {{"--strict"}, "{\"strict\":true}"},
        {{"--strict=yes"}, "{\"strict\":true}"},
        {{"--strict=no"}, "{\"strict\":false}"},
        {{"--sunset=never", "--deprecation=never", "--no-link"},
         "{\"deprecation_at\":null,\"sunset_at\":null,\"link\":null}"},
        {{"--sunset=@1688169599", "--deprecation=2023-01-01", "--link=https://a.example/"},
         "{\"deprecation_at\":\"2023-01-01T00:00:00Z\",\"sunset_at\":\"2023-06-30T23:59:59Z\","
         "\"link\":\"https://a.example/\"}"},
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *words[16] = {"edit", "--json", KEY_ID};
        memcpy(words + 3, cases[i].words, sizeof cases[i].words);
        fake_expect(&fake, &run, words, WORDS(fake_reply("200 OK", TOKEN)), EXIT_STATUS_OK);
        fake_asked(&run, 0, "PATCH /v1/tokens/" KEY_ID " HTTP");
        ck_assert_str_eq(fake_body(&run, 0), cases[i].body);
        ck_assert_str_eq(run.out, TOKEN "\n");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(shows_what_changed)
{
    static const char after[] =
        "{\"key_id\":\"" KEY_ID "\",\"site_id\":\"kasa\",\"name\":\"new\\u001b\",\"scopes\":[],"
        "\"allowed_origins\":[],\"missing_origin\":\"allow\",\"limit\":{\"requests\":600,"
        "\"window\":\"10s\",\"burst\":50},\"strict\":true,\"expires_at\":\"2027-01-31T00:00:00Z\","
        "\"sunset_at\":\"2027-01-31T00:00:00Z\",\"link\":\"https://a.example/\"}";
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("edit", KEY_ID, "--name=new"),
                WORDS(fake_reply("200 OK", TOKEN), fake_reply("200 OK", after)), EXIT_STATUS_OK);
    fake_asked(&run, 0, "GET /v1/tokens/" KEY_ID " HTTP");
    fake_asked(&run, 1, "PATCH /v1/tokens/" KEY_ID " HTTP");
    ck_assert_str_eq(run.out, "edited " KEY_ID " of site kasa\n"
                              "        Name: production -> new\\u001b\n"
                              "      Scopes: catalog:read cart:write -> none\n"
                              "     Origins: https://kasa.example -> any\n"
                              "   No origin: deny -> allow\n"
                              "       Limit: 60/1m -> 600/10s, burst 50\n"
                              "     Expires: never -> 2027-01-31T00:00:00Z\n"
                              "      Strict: no -> yes\n"
                              "      Sunset: none -> 2027-01-31T00:00:00Z\n"
                              "        Link: none -> https://a.example/\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(says_that_nothing_differs)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("edit", KEY_ID, "--name=production"),
                WORDS(fake_reply("200 OK", TOKEN), fake_reply("200 OK", TOKEN)), EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "edited " KEY_ID " of site kasa\n"
                              "It was like that already: nothing differs.\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(changes_nothing_that_it_could_not_look_at)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("edit", KEY_ID, "--name=new"),
                WORDS(fake_reply("404 Not Found", "{\"detail\":\"no such key_id\"}")),
                EXIT_STATUS_REFUSED);
    ck_assert_str_eq(run.err, "stkgate admin edit: no such key_id\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_what_contradicts_itself)
{
    static const struct {
        const char *words[6];
        const char *says;
    } cases[] = {
        {{"edit", KEY_ID}, "nothing to change: name it with an option"},
        {{"edit", KEY_ID, "--no-origins", "--origin=https://a.example"},
         "--origin and --no-origins exclude each other"},
        {{"edit", KEY_ID, "--no-link", "--link=https://a.example/"},
         "--link and --no-link exclude each other"},
        {{"edit", KEY_ID, "--strict=maybe"}, "--strict must be yes or no"},
        {{"edit", KEY_ID, "--strict", "no"}, "takes one KEY_ID"},
        {{"edit", KEY_ID, "--missing-origin=perhaps"}, "must be deny or allow"},
        {{"edit", KEY_ID, "--expires=soon"}, "a span from now such as 90d, or never"},
        {{"edit", KEY_ID, "--name=\xff"}, "not valid UTF-8"},
        {{"edit", "--name=x"}, "KEY_ID is missing"},
        {{"edit", SECRET, "--name=x"}, "this is a token, not its KEY_ID"},
    };
    fake_start(&fake);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_expect(&fake, &run, cases[i].words, (const char *const[]){NULL}, EXIT_STATUS_USAGE);
        ck_assert_msg(strstr(run.err, cases[i].says), "%zu: %s", i, run.err);
        ck_assert_ptr_null(strstr(run.err, "zQWBu"));
    }
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("edit", sends_what_was_named_and_nothing_else, shows_what_changed,
           says_that_nothing_differs, changes_nothing_that_it_could_not_look_at,
           refuses_what_contradicts_itself)
