/* `stkgate admin`, verb by verb, against a scripted daemon. */
#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/daemon/admin/sample.h"
#include "tests/suite.h"

static struct fake fake;
static struct fake_run run;

/* Run with up to two replies (NULL: none) and expect an exit status. */
static void expect(const char *const *arguments, const char *reply, const char *reply_2, int status)
{
    const char *const replies[] = {reply, reply_2, NULL};
    fake_expect(&fake, &run, arguments, replies, status);
}

static const char *body_of(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end ? end + 4 : "";
}

static void begin(void)
{
    fake_start(&fake);
    memset(&run, 0, sizeof run);
}

START_TEST(mints_with_the_secret_alone_on_stdout)
{
    begin();
    expect(WORDS("mint", "--site", "kasa", "--name", "production"),
           fake_reply("201 Created", MINTED), NULL, EXIT_STATUS_OK);
    ck_assert(strncmp(run.requests[0], "POST /v1/tokens HTTP/1.1\r\n", 26) == 0);
    ck_assert_str_eq(body_of(run.requests[0]), "{\"site_id\":\"kasa\",\"name\":\"production\"}");
    ck_assert_str_eq(run.out, SECRET "\n");
    ck_assert_str_eq(run.err, "key_id: " KEY_ID "\nsite_id: kasa\nname: production\n"
                              "scopes: catalog:read cart:write\n"
                              "allowed_origins: https://kasa.example\nlimit: 60/1m\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(mints_in_json_on_one_line)
{
    begin();
    expect(WORDS("mint", "--site=kasa", "--name=production", "--json"),
           fake_reply("201 Created", MINTED), NULL, EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, MINTED "\n");
    ck_assert_str_eq(run.err, "");
    fake_stop(&fake);
}
END_TEST

START_TEST(mints_with_a_warning_on_a_terminal)
{
    begin();
    run.on_terminal = true;
    expect(WORDS("mint", "--site=kasa", "--name=production"), fake_reply("201 Created", MINTED),
           NULL, EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "    \033[1m" SECRET "\033[0m\r\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "can't be shown again"));
    ck_assert_ptr_nonnull(strstr(run.out, "key_id: " KEY_ID));
    ck_assert_str_eq(run.err, "");
    fake_stop(&fake);
}
END_TEST

START_TEST(sends_every_option_of_a_mint)
{
    begin();
    expect(WORDS("mint", "--site", "kasa", "--name", "Kasa Ödeme", "--scope",
                 "catalog:read,cart:write", "--scope", "checkout:create", "--origin",
                 "https://a.example", "--origin", "https://b.example", "--missing-origin=allow",
                 "--limit", "600", "--window", "10s", "--burst", "50", "--expires",
                 "2027-01-31T12:00:00Z", "--test", "--strict"),
           fake_reply("201 Created", MINTED), NULL, EXIT_STATUS_OK);
    ck_assert_str_eq(body_of(run.requests[0]),
                     "{\"site_id\":\"kasa\",\"name\":\"Kasa Ödeme\",\"scopes\":[\"catalog:read\","
                     "\"cart:write\",\"checkout:create\"],\"allowed_origins\":["
                     "\"https://a.example\",\"https://b.example\"],\"limit\":{\"requests\":600,"
                     "\"window\":\"10s\",\"burst\":50},\"missing_origin\":\"allow\","
                     "\"expires_at\":\"2027-01-31T12:00:00Z\",\"test\":true,\"strict\":true}");
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_secret_that_is_no_token)
{
    begin();
    expect(WORDS("mint", "--site=kasa", "--name=x"),
           fake_reply("201 Created", "{\"secret\":\"stk_live_\\u001b[2J\"}"), NULL,
           EXIT_STATUS_REFUSED);
    ck_assert_str_eq(run.out, "");
    ck_assert_ptr_nonnull(strstr(run.err, "holds no token"));
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_token_where_a_key_id_belongs)
{
    static const char *const verbs[] = {"show", "rotate", "revoke", "edit", "suspend", "resume"};
    static const char *const ids[] = {SECRET, "key_short", "key_4tGvQ2mZx8LrB1s/", "../status",
                                      "key_4tGvQ2mZx8LrB1sN?x"};
    begin();
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        for (size_t j = 0; j < sizeof ids / sizeof ids[0]; j++) {
            expect(WORDS(verbs[i], ids[j]), NULL, NULL, EXIT_STATUS_USAGE);
            ck_assert_ptr_null(strstr(run.err, ids[j]));
        }
    fake_stop(&fake);
}
END_TEST

START_TEST(lists_page_by_page)
{
    begin();
    expect(WORDS("list", "--site", "a&b", "--state", "active"),
           fake_reply("200 OK", "{\"tokens\":[" TOKEN "],\"next\":\"p 1\"}"),
           fake_reply("200 OK", "{\"tokens\":[{\"key_id\":\"key_2\",\"site_id\":\"kasa\","
                                "\"kind\":\"legacy\",\"state\":\"revoked\",\"limit\":{\"requests\":"
                                "5,\"window\":\"1s\",\"burst\":9},\"last_used_at\":"
                                "\"2026-11-24T03:55:00Z\",\"name\":\"店舗\\u001b\"}],"
                                "\"next\":null}"),
           EXIT_STATUS_OK);
    ck_assert(strncmp(run.requests[0], "GET /v1/tokens?site=a%26b&state=active HTTP", 43) == 0);
    ck_assert(strncmp(run.requests[1], "GET /v1/tokens?site=a%26b&state=active&after=p%201 HTTP",
                      55) == 0);
    ck_assert_str_eq(
        run.out,
        "KEY ID                SITE  NAME        TOKEN             STATE    LIMIT          LAST "
        "USED\n" KEY_ID "  kasa  production  stk_live_zQWB...  active   60/1m          never\n"
        "key_2                 kasa  店舗\\u001b  legacy key        revoked  5/1s, burst 9  "
        "2026-11-24T03:55:00Z\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(lists_json_as_one_array)
{
    begin();
    expect(WORDS("--json", "list"), fake_reply("200 OK", "{\"tokens\":[{\"a\":1}],\"next\":\"x\"}"),
           fake_reply("200 OK", "{\"tokens\":[{\"a\":2},{\"a\":\"\\u009b\"}],\"next\":null}"),
           EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "[{\"a\":1}\n,{\"a\":2}\n,{\"a\":\"\\u009b\"}\n]\n");
    expect(WORDS("list", "--json"), fake_reply("200 OK", "{\"tokens\":[],\"next\":null}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "[]\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(lists_nothing_quietly)
{
    begin();
    expect(WORDS("list"), fake_reply("200 OK", "{\"tokens\":[],\"next\":null}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "");
    ck_assert_str_eq(run.err, "");
    run.on_terminal = true;
    expect(WORDS("list"), fake_reply("200 OK", "{\"tokens\":[],\"next\":null}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.err, "no tokens; 'stkgate admin mint"));
    fake_stop(&fake);
}
END_TEST

START_TEST(lists_with_colour_on_a_terminal)
{
    begin();
    run.on_terminal = true;
    expect(WORDS("list"), fake_reply("200 OK", "{\"tokens\":[" TOKEN "],\"next\":null}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_ptr_nonnull(strstr(run.out, "\033[32mactive\033[0m"));
    setenv("NO_COLOR", "1", 1);
    expect(WORDS("list"), fake_reply("200 OK", "{\"tokens\":[" TOKEN "],\"next\":null}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_ptr_null(strstr(run.out, "\033["));
    fake_stop(&fake);
}
END_TEST

START_TEST(fails_when_a_page_is_missing)
{
    begin();
    expect(WORDS("list"), fake_reply("200 OK", "{\"tokens\":[" TOKEN "],\"next\":\"p\"}"),
           fake_reply("503 Busy", "{\"detail\":\"try again\"}"), EXIT_STATUS_REFUSED);
    ck_assert_str_eq(run.out, "");
    ck_assert_str_eq(run.err, "stkgate admin list: try again\n");
    expect(WORDS("list"), fake_reply("200 OK", "{\"next\":null}"), NULL, EXIT_STATUS_REFUSED);
    fake_stop(&fake);
}
END_TEST

START_TEST(shows_all_facts)
{
    begin();
    expect(WORDS("show", KEY_ID), fake_reply("200 OK", TOKEN), NULL, EXIT_STATUS_OK);
    ck_assert(strncmp(run.requests[0], "GET /v1/tokens/" KEY_ID " HTTP", 40) == 0);
    ck_assert_ptr_nonnull(strstr(run.out, "      Key id: " KEY_ID "\n        Name: production\n"
                                          "        Site: kasa\n       Token: stk_live_zQWB...\n"
                                          "       State: active\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "       Limit: 60/1m; 59 left\n"
                                          "        Used: 12 allowed, 3 refused\n"
                                          "   Last used: never\n"
                                          "     Created: 2026-11-24T03:55:00Z\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "(uid 0)\n"));
    ck_assert_ptr_null(strstr(run.out, "Revoked"));
    expect(WORDS("show", KEY_ID, "--json"), fake_reply("200 OK", TOKEN), NULL, EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, TOKEN "\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(never_sends_a_terminal_what_it_would_obey)
{
#define EVIL "\\u001b[2J\\u009b1m\\u202e"
    static const char evil[] =
        "{\"key_id\":\"" EVIL "\",\"site_id\":\"" EVIL "\",\"name\":\"" EVIL "\",\"state\":\"" EVIL
        "\",\"scopes\":[\"" EVIL "\"],\"allowed_origins\":[\"" EVIL
        "\"],\"limit\":{\"window\":\"" EVIL "\"},\"secret_prefix\":\"" EVIL
        "\",\"revoked_reason\":\"" EVIL "\",\"link\":\"" EVIL "\",\"rotated_from_key_id\":\"" EVIL
        "\",\"detail\":\"" EVIL "\",\"secret\":\"" SECRET "\"}";
    static const char *const lines[][6] = {
        {"show", KEY_ID},
        {"show", KEY_ID, "--json"},
        {"revoke", KEY_ID, "--yes"},
        {"suspend", KEY_ID},
        {"rotate", KEY_ID, "--shorten=1m"},
        {"legacy", "remove", KEY_ID, "--yes"},
        {"rotate", KEY_ID},
        {"mint", "--site=a", "--name=b"},
        {"mint", "--site=a", "--name=b", "--json"},
        {"status"},
        {"status", "--json"},
        {"scope", "add", "x", "--json"},
    };
    begin();
    setenv("NO_COLOR", "1", 1);
    run.on_terminal = true;
    for (size_t i = 0; i < 2 * sizeof lines / sizeof lines[0]; i++) {
        bool refused = i % 2;
        expect(lines[i / 2], fake_reply(refused ? "400 No" : "200 OK", evil), NULL,
               refused ? EXIT_STATUS_REFUSED : EXIT_STATUS_OK);
        for (const char *c = run.out; *c; c++)
            ck_assert_msg((*c >= 0x20 && *c <= 0x7e) || *c == '\n' || *c == '\r', "%s", run.out);
        for (const char *c = run.err; *c; c++)
            ck_assert_msg((*c >= 0x20 && *c <= 0x7e) || *c == '\n', "%s", run.err);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(adds_a_legacy_key_from_stdin)
{
    begin();
    run.input = "old-api-key-1234\n";
    expect(WORDS("legacy", "add", "--site=kasa", "--deprecation=2026-11-01", "--sunset",
                 "2027-06-30T00:00:00+03:00", "--link=https://example.com/keys", "--limit=5"),
           fake_reply("201 Created", "{\"key_id\":\"" KEY_ID "\",\"site_id\":\"kasa\","
                                     "\"sunset_at\":\"2027-06-29T21:00:00Z\"}"),
           NULL, EXIT_STATUS_OK);
    ck_assert(strncmp(run.requests[0], "POST /v1/legacy HTTP", 20) == 0);
    ck_assert_str_eq(
        body_of(run.requests[0]),
        "{\"site_id\":\"kasa\",\"limit\":{\"requests\":5},\"api_key\":"
        "\"old-api-key-1234\",\"deprecation_at\":\"2026-11-01T00:00:00Z\","
        "\"sunset_at\":\"2027-06-29T21:00:00Z\",\"link\":\"https://example.com/keys\"}");
    ck_assert_str_eq(run.out, KEY_ID "\n");
    ck_assert_str_eq(run.err, "legacy key of site kasa works until 2027-06-29T21:00:00Z\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_legacy_key_that_is_none)
{
    static char long_key[400];
    memset(long_key, 'k', sizeof long_key - 1);
    begin();
    run.input = "";
    expect(WORDS("legacy", "add", "--site=kasa"), NULL, NULL, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "give it on standard input"));
    run.input = long_key;
    expect(WORDS("legacy", "add", "--site=kasa"), NULL, NULL, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "too long: at most 256"));
    run.input = "x\n";
    expect(WORDS("legacy", "add", "--site=kasa", "old-api-key-1234"), NULL, NULL,
           EXIT_STATUS_USAGE);
    ck_assert_ptr_null(strstr(run.err, "old-api-key"));
    fake_stop(&fake);
}
END_TEST

START_TEST(manages_scopes)
{
    begin();
    expect(WORDS("scope", "list"), fake_reply("200 OK", "{\"scopes\":[\"a:b\",\"c:d\"]}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "a:b\nc:d\n");
    expect(WORDS("scope", "list", "--json"), fake_reply("200 OK", "{\"scopes\":[\"a:b\"]}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "[\"a:b\"]\n");
    expect(WORDS("scope", "add", "orders:read"), fake_reply("201 Created", "{}"), NULL,
           EXIT_STATUS_OK);
    ck_assert_str_eq(body_of(run.requests[0]), "{\"name\":\"orders:read\"}");
    ck_assert_str_eq(run.out, "registered orders:read\n");
    fake_stop(&fake);
}
END_TEST

START_TEST(tells_usage_errors_before_it_asks)
{
    static const struct {
        const char *words[6];
        const char *says;
    } cases[] = {
        {{NULL}, "a verb is missing"},
        {{"frobnicate"}, "unknown verb 'frobnicate'"},
        {{SECRET}, "unknown verb;"},
        {{"legacy"}, "after 'legacy' comes one of: add, list, remove, report"},
        {{"scope", "drop"}, "after 'scope' comes one of: list, add"},
        {{"mint", "--name=x"}, "--site is missing\nUsage: stkgate admin mint --site ID"},
        {{"mint", "--site=x"}, "--name is missing"},
        {{"mint", "--site=x", "--name="}, "--name must not be empty"},
        {{"mint", "--site=x", "--name=x", "--limit=0"}, "--limit must be at least 1"},
        {{"mint", "--site=x", "--name=x", "--limit=9223372036854775808"}, "--limit is too large"},
        {{"mint", "--site=x", "--name=x", "--missing-origin=maybe"}, "must be deny or allow"},
        {{"mint", "--site=x", "--name=\xff"}, "not valid UTF-8"},
        {{"show"}, "KEY_ID is missing"},
        {{"rotate", KEY_ID, "--grace=soon"}, "--grace must be a number and a unit"},
        {{"list", "extra"}, "takes options only"},
        {{"--frobnicate", "list"}, "unknown or ambiguous option --frobnicate"},
        {{"scope", "add"}, "NAME is missing"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(cases[i].words, NULL, NULL, EXIT_STATUS_USAGE);
        ck_assert_msg(strstr(run.err, cases[i].says), "%zu: %s", i, run.err);
        ck_assert_msg(strstr(run.err, "Usage: stkgate admin"), "%zu: %s", i, run.err);
        ck_assert_ptr_null(strstr(run.err, SECRET));
        ck_assert_str_eq(run.out, "");
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(says_that_no_daemon_is_there)
{
    begin();
    fake_stop(&fake);
    run.arguments = WORDS("list");
    fake_admin(&fake, &run);
    ck_assert_int_eq(run.status, EXIT_STATUS_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(run.err, "stkgate admin list: no daemon at /tmp/stkgate-fake-"));
    ck_assert_ptr_nonnull(strstr(run.err, "systemctl start stkgate.socket"));
}
END_TEST

SUITE_MAIN("admin", mints_with_the_secret_alone_on_stdout, mints_in_json_on_one_line,
           mints_with_a_warning_on_a_terminal, sends_every_option_of_a_mint,
           refuses_a_secret_that_is_no_token, refuses_a_token_where_a_key_id_belongs,
           lists_page_by_page, lists_json_as_one_array, lists_nothing_quietly,
           lists_with_colour_on_a_terminal, fails_when_a_page_is_missing, shows_all_facts,
           never_sends_a_terminal_what_it_would_obey, adds_a_legacy_key_from_stdin,
           refuses_a_legacy_key_that_is_none, manages_scopes, tells_usage_errors_before_it_asks,
           says_that_no_daemon_is_there)
