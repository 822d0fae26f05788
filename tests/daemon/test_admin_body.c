#include "daemon/admin_body.h"

#include <errno.h>
#include <stdio.h>

#include "lib/core/moment.h"
#include "tests/suite.h"

/* 2026-01-01T00:00:00Z */
#define NOW INT64_C(1767225600)

static struct scope_registry registry;
static struct admin_mint mint;
static char detail[ADMIN_DETAIL_MAX];

static int read_mint(const char *body)
{
    scope_registry_init(&registry);
    detail[0] = '\0';
    return admin_body_mint(text_of(body), &registry, NOW, &mint, detail);
}

static int read_legacy(const char *body)
{
    scope_registry_init(&registry);
    detail[0] = '\0';
    return admin_body_legacy(text_of(body), &registry, NOW, &mint, detail);
}

/* ---- what is taken
 * -------------------------------------------------------------------------------
 */

START_TEST(fills_in_what_is_not_said)
{
    ck_assert_int_eq(read_mint("{\"site_id\":\"kasa\",\"name\":\"production\"}"), 0);
    ck_assert_int_eq(mint.mint.kind, KIND_LIVE);
    ck_assert(text_equal(mint.mint.site, TEXT("kasa")));
    ck_assert(text_equal(mint.mint.name, TEXT("production")));
    ck_assert_uint_eq(mint.mint.scopes, SCOPE_ALL_BUILTIN);
    ck_assert_uint_eq(textlist_count(mint.mint.origins), 0);
    ck_assert(!mint.mint.missing_origin_allowed);
    ck_assert(!mint.mint.strict);
    ck_assert_uint_eq(mint.mint.limit.requests, 60);
    ck_assert_uint_eq(mint.mint.limit.window_ns, UINT64_C(60000000000));
    ck_assert_uint_eq(mint.mint.limit.burst, 60);
    ck_assert_int_eq(mint.mint.expires_at, 0);
    admin_body_deinit(&mint);
}
END_TEST

START_TEST(takes_all_that_may_be_said)
{
    ck_assert_int_eq(
        read_mint("{\"site_id\":\"kasa\",\"name\":\"caf\xc3\xa9\",\"scopes\":[\"cart:write\","
                  "\"catalog:read\"],\"allowed_origins\":[\"HTTPS://Shop.Example:443/\","
                  "\"https://shop.example\",\"http://a.example:8080\"],"
                  "\"missing_origin\":\"allow\",\"limit\":{\"requests\":600,\"window\":\"1h\","
                  "\"burst\":7},\"expires_in\":\"90d\",\"test\":true,\"strict\":true}"),
        0);
    ck_assert_int_eq(mint.mint.kind, KIND_TEST);
    ck_assert_uint_eq(mint.mint.scopes, 3);
    ck_assert_uint_eq(textlist_count(mint.mint.origins), 2);
    ck_assert(textlist_contains(mint.mint.origins, TEXT("https://shop.example")));
    ck_assert(textlist_contains(mint.mint.origins, TEXT("http://a.example:8080")));
    ck_assert(mint.mint.missing_origin_allowed);
    ck_assert(mint.mint.strict);
    ck_assert_uint_eq(mint.mint.limit.requests, 600);
    ck_assert_uint_eq(mint.mint.limit.window_ns, UINT64_C(3600000000000));
    ck_assert_uint_eq(mint.mint.limit.burst, 7);
    ck_assert_int_eq(mint.mint.expires_at, NOW + 90 * 86400);
    admin_body_deinit(&mint);
}
END_TEST

START_TEST(takes_null_for_absent)
{
    ck_assert_int_eq(read_mint("{\"site_id\":\"kasa\",\"name\":\"n\",\"expires_at\":null,"
                               "\"limit\":null,\"scopes\":null,\"test\":null}"),
                     0);
    ck_assert_int_eq(mint.mint.expires_at, 0);
    ck_assert_uint_eq(mint.mint.scopes, SCOPE_ALL_BUILTIN);
    admin_body_deinit(&mint);
}
END_TEST

START_TEST(lets_the_burst_follow_the_requests)
{
    ck_assert_int_eq(read_mint("{\"site_id\":\"kasa\",\"name\":\"n\",\"limit\":{\"requests\":5}}"),
                     0);
    ck_assert_uint_eq(mint.mint.limit.burst, 5);
    ck_assert_uint_eq(mint.mint.limit.window_ns, UINT64_C(60000000000));
    admin_body_deinit(&mint);
}
END_TEST

START_TEST(takes_a_legacy_key)
{
    ck_assert_int_eq(read_legacy("{\"site_id\":\"kasa\",\"api_key\":\"0123456789abcdef\","
                                 "\"deprecation_at\":\"2026-01-01\","
                                 "\"sunset_at\":\"2026-06-30T23:59:59Z\","
                                 "\"link\":\"https://shop.example/keys\"}"),
                     0);
    ck_assert_int_eq(mint.mint.kind, KIND_LEGACY);
    ck_assert(text_equal(mint.mint.name, TEXT("legacy key")));
    ck_assert(text_equal(mint.mint.legacy_key, TEXT("0123456789abcdef")));
    ck_assert_int_eq(mint.mint.deprecation_at, NOW);
    ck_assert_int_eq(mint.mint.sunset_at, NOW + 181 * 86400 - 1);
    ck_assert(text_equal(mint.mint.link, TEXT("https://shop.example/keys")));
    admin_body_deinit(&mint);
}
END_TEST

/* ---- what is refused
 * -----------------------------------------------------------------------------
 */

#define HEAD "{\"site_id\":\"kasa\",\"name\":\"n\","

static const struct row {
    const char *body;
    const char *detail; /* a part of it */
} refused[] = {
    {"", "the body is empty"},
    {"[]", "must be a JSON object"},
    {"{", "line 1, column 1: the JSON ends too early"},
    {"{\n\"site_id\" \"kasa\"}", "line 2, column 16: the body is not valid JSON"},
    {"{} {}", "something follows after the JSON object"},
    {"{\"name\":\"\xff\"}", "not valid UTF-8"},
    {"{\"name\":\"\xed\xa0\x80\"}", "not valid UTF-8"},
    {"{\"name\":\"a\\u0000b\"}", "NUL character"},
    {"{\"name\":\"a\",\"name\":\"b\"}", "line 1, column 18: name stands there twice"},
    {"[[[[[[[[[]]]]]]]]]", "nested more than 8 deep"},
    {HEAD "\"color\":1}", "unknown member color; known are: site_id name"},
    {HEAD "\"stk_live_zQWB\":1}", "an unknown member; known are"},
    {"{\"name\":\"n\"}", "site_id: is missing"},
    {"{\"site_id\":1,\"name\":\"n\"}", "site_id: must be text"},
    {"{\"site_id\":\"a b\",\"name\":\"n\"}", "site_id: must be 1 to 64 characters"},
    {"{\"site_id\":\"\",\"name\":\"n\"}", "site_id: must be 1 to 64 characters"},
    {"{\"site_id\":\"kasa\"}", "name: is missing"},
    {"{\"site_id\":\"kasa\",\"name\":\"\"}", "name: must be 1 to 128 bytes"},
    {"{\"site_id\":\"kasa\",\"name\":\"a\\nb\"}", "name: must be 1 to 128 bytes"},
    {HEAD "\"scopes\":\"cart:write\"}", "scopes: must be a list"},
    {HEAD "\"scopes\":[]}", "scopes: must name at least one"},
    {HEAD "\"scopes\":[\"cart:write\",1]}", "scopes[1]: must be text"},
    {HEAD "\"scopes\":[\"cart:read\"]}",
     "scopes[0]: no scope of this name is registered; known are: catalog:read cart:write"},
    {HEAD "\"allowed_origins\":{}}", "allowed_origins: must be a list"},
    {HEAD "\"allowed_origins\":[\"https://a.example\",\"https://a.example/shop\"]}",
     "allowed_origins[1]: an origin has no path"},
    {HEAD "\"allowed_origins\":[\"null\"]}", "allowed_origins[0]: null stands for"},
    {HEAD "\"allowed_origins\":[\"https://*.example\"]}", "no wildcards"},
    {HEAD "\"allowed_origins\":[null]}", "allowed_origins[0]: must be text"},
    {HEAD "\"allowed_origins\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
          "\"\",\"\",\"\",\"\",\"\"]}",
     "allowed_origins: must be at most 16; these are 17"},
    {HEAD "\"missing_origin\":\"maybe\"}", "missing_origin: must be \"deny\" or \"allow\""},
    {HEAD "\"limit\":60}", "limit: must be an object"},
    {HEAD "\"limit\":{\"rate\":1}}", "unknown member limit.rate; known are: requests window burst"},
    {HEAD "\"limit\":{\"requests\":0}}", "limit.requests: must be a whole number from 1"},
    {HEAD "\"limit\":{\"requests\":-1}}", "limit.requests: must be a whole number from 1"},
    {HEAD "\"limit\":{\"requests\":1.5}}", "limit.requests: must be a whole number from 1"},
    {HEAD "\"limit\":{\"requests\":\"60\"}}", "limit.requests: must be a whole number from 1"},
    {HEAD "\"limit\":{\"requests\":9223372036854775808}}",
     "column 68: a number is out of range: the largest is 9223372036854775807"},
    {HEAD "\"limit\":{\"requests\":9223372036854775807}}", "limit: more than 10000000 requests"},
    {HEAD "\"limit\":{\"burst\":9223372036854775807}}", "limit: an empty bucket would take"},
    {HEAD "\"limit\":{\"burst\":0}}", "limit.burst: must be a whole number from 1"},
    {HEAD "\"limit\":{\"window\":\"0s\"}}", "limit: the window must be longer than 0"},
    {HEAD "\"limit\":{\"window\":\"soon\"}}", "limit.window: must be a span of time"},
    {HEAD "\"limit\":{\"window\":60}}", "limit.window: must be text"},
    {HEAD "\"expires_at\":\"2025-12-31T23:59:59Z\"}",
     "expires_at: lies in the past; it is 2026-01-01T00:00:00Z now"},
    {HEAD "\"expires_at\":\"tomorrow\"}", "expires_at: must be a time such as"},
    {HEAD "\"expires_at\":\"1970-01-01\"}", "expires_at: lies in the past"},
    {HEAD "\"expires_in\":\"0s\"}", "expires_in: must be at least 1s"},
    {HEAD "\"expires_in\":\"1d\",\"expires_at\":\"2027-01-01\"}",
     "expires_in: can't stand beside expires_at"},
    {HEAD "\"test\":\"yes\"}", "test: must be true or false"},
    {HEAD "\"strict\":1}", "strict: must be true or false"},
    {HEAD "\"api_key\":\"0123456789\"}", "unknown member api_key"},
};

START_TEST(refuses_and_says_what_to_write)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_msg(read_mint(refused[i].body) == -EINVAL, "%s", refused[i].body);
        ck_assert_msg(strstr(detail, refused[i].detail), "%s: %s", refused[i].body, detail);
    }
}
END_TEST

START_TEST(refuses_a_name_of_10000_characters)
{
    static char body[16384];

    int n = snprintf(body, sizeof body, "{\"site_id\":\"kasa\",\"name\":\"");
    memset(body + n, 'a', 10000);
    strcpy(body + n + 10000, "\"}");
    ck_assert_int_eq(read_mint(body), -EINVAL);
    ck_assert_str_eq(detail, "name: must be 1 to 128 bytes of text without control characters; "
                             "this one has 10000");
}
END_TEST

static const struct row legacy_refused[] = {
    {"{\"site_id\":\"kasa\"}", "api_key: is missing"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"short\"}", "api_key: must be 8 to 256"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"with a space\"}", "api_key: must be 8 to 256"},
    {"{\"site_id\":\"kasa\",\"api_key\":12345678}", "api_key: must be text"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"deprecation_at\":\"2027-01-01\","
     "\"sunset_at\":\"2026-01-01\"}",
     "sunset_at: must not lie before deprecation_at"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"link\":\"ftp://x\"}",
     "link: must be an https or http URL"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"sunset_at\":\"1970-01-01\"}",
     "sunset_at: must lie after 1970-01-01T00:00:00Z"},
    {"{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"test\":true}", "unknown member test"},
};

START_TEST(refuses_a_legacy_key_and_says_what_to_write)
{
    for (size_t i = 0; i < sizeof legacy_refused / sizeof legacy_refused[0]; i++) {
        ck_assert_msg(read_legacy(legacy_refused[i].body) == -EINVAL, "%s", legacy_refused[i].body);
        ck_assert_msg(strstr(detail, legacy_refused[i].detail), "%s: %s", legacy_refused[i].body,
                      detail);
    }
}
END_TEST

/* A secret in any place of a body that is refused does not come back. */
START_TEST(never_quotes_a_value)
{
    static const char secret[] = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    static const char *const bodies[] = {
        "{\"api_key\":\"%s",
        "{\"api_key\":%s}",
        "{\"%s\":1}",
        "{\"site_id\":\"%s /\"}",
        "{\"site_id\":\"kasa\",\"api_key\":\"%s \xff\"}",
        "{\"site_id\":\"kasa\",\"api_key\":\"%s,\"}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"name\":\"%s\\n\"}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"scopes\":[\"%s\"]}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"allowed_origins\":[\"%s\"]}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"limit\":{\"%s\":1}}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"sunset_at\":\"%s\"}",
        "{\"site_id\":\"kasa\",\"api_key\":\"0123456789\",\"link\":\"%s\"}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char body[512];
        const char *mark = strstr(bodies[i], "%s");
        snprintf(body, sizeof body, "%.*s%s%s", (int)(mark - bodies[i]), bodies[i], secret,
                 mark + 2);
        ck_assert_msg(read_legacy(body) == -EINVAL, "%s", body);
        ck_assert_msg(detail[0] != '\0' && !strstr(detail, "zQWB"), "%s: %s", body, detail);
    }
}
END_TEST

/* ---- the smaller ones
 * ----------------------------------------------------------------------------
 */

START_TEST(reads_the_grace_of_a_rotation)
{
    uint64_t grace_s = 7;

    ck_assert_int_eq(admin_body_rotate(TEXT(""), &grace_s, detail), 0);
    ck_assert_uint_eq(grace_s, 0);
    ck_assert_int_eq(admin_body_rotate(TEXT("{\"grace\":\"15m\"}"), &grace_s, detail), 0);
    ck_assert_uint_eq(grace_s, 900);
    ck_assert_int_eq(admin_body_rotate(TEXT("{\"grace\":\"1ms\"}"), &grace_s, detail), 0);
    ck_assert_uint_eq(grace_s, 1);
    ck_assert_int_eq(admin_body_rotate(TEXT("{\"grace\":\"367d\"}"), &grace_s, detail), -EINVAL);
    ck_assert_str_eq(detail, "grace: must be at most 366d");
    ck_assert_int_eq(admin_body_rotate(TEXT("{\"grace\":\"x\"}"), &grace_s, detail), -EINVAL);
    ck_assert_int_eq(admin_body_rotate(TEXT("{\"reason\":\"x\"}"), &grace_s, detail), -EINVAL);
    ck_assert_str_eq(detail, "unknown member reason; known are: grace");
    ck_assert_uint_eq(grace_s, 1);
}
END_TEST

START_TEST(reads_the_grace_that_a_rotation_is_shortened_to)
{
    static const struct row rows[] = {
        {"", "grace: is missing"},
        {"{}", "grace: is missing"},
        {"{\"grace\":null}", "grace: is missing"},
        {"{\"grace\":5}", "grace: must be text"},
        {"{\"grace\":\"soon\"}", "grace: must be a span of time"},
        {"{\"grace\":\"0s\"}", "grace: must be at least 1s; POST to rotate/finish ends it now"},
        {"{\"grace\":\"367d\"}", "grace: must be at most 366d"},
        {"{\"grace\":\"1m\",\"grace\":\"2m\"}", "grace stands there twice"},
        {"{\"reason\":\"x\"}", "unknown member reason; known are: grace"},
    };
    uint64_t grace_s = 7;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(admin_body_shorten(text_of(rows[i].body), &grace_s, detail), -EINVAL);
        ck_assert_msg(strstr(detail, rows[i].detail), "%s: %s", rows[i].body, detail);
    }
    ck_assert_uint_eq(grace_s, 7);
    ck_assert_int_eq(admin_body_shorten(TEXT("{\"grace\":\"5m\"}"), &grace_s, detail), 0);
    ck_assert_uint_eq(grace_s, 300);
}
END_TEST

START_TEST(takes_an_empty_body_where_none_is_expected)
{
    ck_assert_int_eq(admin_body_none(TEXT(""), detail), 0);
    ck_assert_int_eq(admin_body_none(TEXT(" {} \n"), detail), 0);
    ck_assert_int_eq(admin_body_none(TEXT("[]"), detail), -EINVAL);
    ck_assert_str_eq(detail, "the body must be a JSON object");
    ck_assert_int_eq(admin_body_none(TEXT("{\"reason\":null}"), detail), -EINVAL);
    ck_assert_str_eq(detail, "this request has no members: send {}, or no body");
}
END_TEST

START_TEST(reads_the_reason_of_a_revocation)
{
    char reason[REASON_MAX + 1] = "untouched", body[512];

    ck_assert_int_eq(admin_body_reason(TEXT("{\"reason\":\"a\\tb\"}"), reason, detail), -EINVAL);
    snprintf(body, sizeof body, "{\"reason\":\"%0201d\"}", 0);
    ck_assert_int_eq(admin_body_reason(text_of(body), reason, detail), -EINVAL);
    ck_assert_str_eq(detail,
                     "reason: must be at most 200 bytes of text without control characters");
    ck_assert_str_eq(reason, "untouched");
    ck_assert_int_eq(admin_body_reason(TEXT("{\"reason\":\"leaked\"}"), reason, detail), 0);
    ck_assert_str_eq(reason, "leaked");
    ck_assert_int_eq(admin_body_reason(TEXT(""), reason, detail), 0);
    ck_assert_str_eq(reason, "");
}
END_TEST

START_TEST(reads_the_name_of_a_scope)
{
    char name[SCOPE_NAME_MAX + 1] = "untouched";

    ck_assert_int_eq(admin_body_scope(TEXT("{}"), name, detail), -EINVAL);
    ck_assert_int_eq(admin_body_scope(TEXT("{\"name\":\"Wish\"}"), name, detail), -EINVAL);
    ck_assert_ptr_nonnull(strstr(detail, "name: must be 1 to 32 characters"));
    ck_assert_str_eq(name, "untouched");
    ck_assert_int_eq(admin_body_scope(TEXT("{\"name\":\"wish:read\"}"), name, detail), 0);
    ck_assert_str_eq(name, "wish:read");
}
END_TEST

SUITE_MAIN("admin_body", fills_in_what_is_not_said, takes_all_that_may_be_said,
           takes_null_for_absent, lets_the_burst_follow_the_requests, takes_a_legacy_key,
           refuses_and_says_what_to_write, refuses_a_name_of_10000_characters,
           refuses_a_legacy_key_and_says_what_to_write, never_quotes_a_value,
           reads_the_grace_of_a_rotation, reads_the_grace_that_a_rotation_is_shortened_to,
           takes_an_empty_body_where_none_is_expected, reads_the_reason_of_a_revocation,
           reads_the_name_of_a_scope)
