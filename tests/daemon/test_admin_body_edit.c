#include "daemon/admin_body.h"

#include <errno.h>
#include <stdio.h>

#include "tests/suite.h"

/* 2026-01-01T00:00:00Z */
#define NOW INT64_C(1767225600)

static struct scope_registry registry;
static struct admin_edit edit;
static char detail[ADMIN_DETAIL_MAX];

static int read_edit(const char *body)
{
    scope_registry_init(&registry);
    detail[0] = '\0';
    return admin_body_edit(text_of(body), &registry, NOW, &edit, detail);
}

/* ---- what is taken
 * -------------------------------------------------------------------------------
 */

static const struct {
    const char *body;
    unsigned fields;
} taken[] = {
    {"{\"name\":\"n\"}", EDIT_NAME},
    {"{\"scopes\":[\"cart:write\"]}", EDIT_SCOPES},
    {"{\"allowed_origins\":[]}", EDIT_ORIGINS},
    {"{\"missing_origin\":\"deny\"}", EDIT_MISSING_ORIGIN},
    {"{\"limit\":{\"requests\":5}}", EDIT_REQUESTS},
    {"{\"limit\":{\"window\":\"1h\"}}", EDIT_WINDOW},
    {"{\"limit\":{\"burst\":5}}", EDIT_BURST},
    {"{\"limit\":{\"requests\":5,\"window\":\"1h\",\"burst\":7}}",
     EDIT_REQUESTS | EDIT_WINDOW | EDIT_BURST},
    {"{\"expires_at\":\"2027-01-01\"}", EDIT_EXPIRES},
    {"{\"expires_at\":null}", EDIT_EXPIRES},
    {"{\"expires_in\":\"1d\"}", EDIT_EXPIRES},
    {"{\"strict\":false}", EDIT_STRICT},
    {"{\"deprecation_at\":\"2026-01-01\"}", EDIT_DEPRECATION},
    {"{\"deprecation_at\":null}", EDIT_DEPRECATION},
    {"{\"sunset_at\":\"2026-01-01\"}", EDIT_SUNSET},
    {"{\"sunset_at\":null}", EDIT_SUNSET},
    {"{\"link\":\"https://shop.example/keys\"}", EDIT_LINK},
    {"{\"link\":null}", EDIT_LINK},
    {"{\"name\":\"n\",\"strict\":true,\"expires_at\":null}",
     EDIT_NAME | EDIT_STRICT | EDIT_EXPIRES},
};

START_TEST(names_the_members_that_stand_there_and_no_others)
{
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        ck_assert_msg(read_edit(taken[i].body) == 0, "%s: %s", taken[i].body, detail);
        ck_assert_msg(edit.edit.fields == taken[i].fields, "%s: %#x", taken[i].body,
                      edit.edit.fields);
        admin_body_edit_deinit(&edit);
    }
}
END_TEST

START_TEST(takes_all_that_may_be_changed)
{
    ck_assert_int_eq(
        read_edit("{\"name\":\"caf\xc3\xa9\",\"scopes\":[\"cart:write\",\"catalog:read\"],"
                  "\"allowed_origins\":[\"HTTPS://Shop.Example:443/\",\"https://shop.example\"],"
                  "\"missing_origin\":\"allow\",\"limit\":{\"requests\":600,\"window\":\"1h\","
                  "\"burst\":7},\"expires_in\":\"90d\",\"strict\":true,"
                  "\"deprecation_at\":\"2026-01-01\",\"sunset_at\":\"2026-01-02\","
                  "\"link\":\"https://shop.example/keys\"}"),
        0);
    ck_assert(text_equal(edit.edit.name, TEXT("caf\xc3\xa9")));
    ck_assert_uint_eq(edit.edit.scopes, 3);
    ck_assert_uint_eq(textlist_count(edit.edit.origins), 1);
    ck_assert(textlist_contains(edit.edit.origins, TEXT("https://shop.example")));
    ck_assert(edit.edit.missing_origin_allowed);
    ck_assert(edit.edit.strict);
    ck_assert_uint_eq(edit.edit.limit.requests, 600);
    ck_assert_uint_eq(edit.edit.limit.window_ns, UINT64_C(3600000000000));
    ck_assert_uint_eq(edit.edit.limit.burst, 7);
    ck_assert_int_eq(edit.edit.expires_at, NOW + 90 * 86400);
    ck_assert_int_eq(edit.edit.deprecation_at, NOW);
    ck_assert_int_eq(edit.edit.sunset_at, NOW + 86400);
    ck_assert(text_equal(edit.edit.link, TEXT("https://shop.example/keys")));
    admin_body_edit_deinit(&edit);
}
END_TEST

START_TEST(takes_away_what_is_null)
{
    ck_assert_int_eq(read_edit("{\"expires_at\":null,\"deprecation_at\":null,\"sunset_at\":null,"
                               "\"link\":null}"),
                     0);
    ck_assert_int_eq(edit.edit.expires_at, 0);
    ck_assert_int_eq(edit.edit.deprecation_at, 0);
    ck_assert_int_eq(edit.edit.sunset_at, 0);
    ck_assert_uint_eq(edit.edit.link.len, 0);
    admin_body_edit_deinit(&edit);
}
END_TEST

/* ---- what is refused
 * -----------------------------------------------------------------------------
 */

static const struct {
    const char *body;
    const char *detail; /* a part of it */
} refused[] = {
    {"", "the body is empty"},
    {"{}", "nothing is to be changed: name at least one member"},
    {"null", "not valid JSON"},
    {"[]", "must be a JSON object"},
    {"{\"site_id\":\"kasa\"}", "unknown member site_id; known are: name scopes"},
    {"{\"test\":true}", "unknown member test"},
    {"{\"api_key\":\"0123456789\"}", "unknown member api_key"},
    {"{\"state\":\"active\"}", "unknown member state"},
    {"{\"limit\":{\"rate\":1}}", "unknown member limit.rate; known are: requests window burst"},
    {"{\"name\":\"a\",\"strict\":true,\"name\":\"b\"}", "name stands there twice"},
    {"{\"limit\":{\"burst\":1,\"burst\":2}}", "burst stands there twice"},
    {"{\"name\":null}", "name: can't be null: leave it out"},
    {"{\"scopes\":null}", "scopes: can't be null"},
    {"{\"allowed_origins\":null}", "allowed_origins: can't be null"},
    {"{\"missing_origin\":null}", "missing_origin: can't be null"},
    {"{\"limit\":null}", "limit: can't be null"},
    {"{\"limit\":{\"window\":null}}", "limit.window: can't be null"},
    {"{\"limit\":{\"requests\":1,\"burst\":null}}", "limit.burst: can't be null"},
    {"{\"expires_in\":null}", "expires_in: can't be null"},
    {"{\"strict\":null}", "strict: can't be null"},
    {"{\"name\":\"\"}", "name: must be 1 to 128 bytes"},
    {"{\"name\":7}", "name: must be text"},
    {"{\"scopes\":[]}", "scopes: must name at least one"},
    {"{\"scopes\":[\"wish:read\"]}", "scopes[0]: no scope of this name"},
    {"{\"allowed_origins\":[\"https://a.example/x\"]}", "allowed_origins[0]: an origin has no"},
    {"{\"limit\":60}", "limit: must be an object"},
    {"{\"limit\":{}}", "limit: names nothing: give requests, window or burst"},
    {"{\"limit\":{\"requests\":0}}", "limit.requests: must be a whole number from 1"},
    {"{\"limit\":{\"window\":60}}", "limit.window: must be text"},
    {"{\"limit\":{\"requests\":1,\"window\":\"0s\",\"burst\":1}}",
     "limit: the window must be longer than 0"},
    {"{\"expires_at\":\"2025-12-31\"}", "expires_at: lies in the past"},
    {"{\"expires_in\":\"0s\"}", "expires_in: must be at least 1s"},
    {"{\"expires_in\":\"1d\",\"expires_at\":\"2027-01-01\"}", "expires_in: can't stand beside"},
    {"{\"expires_in\":\"1d\",\"expires_at\":null}", "expires_in: can't stand beside expires_at"},
    {"{\"strict\":\"yes\"}", "strict: must be true or false"},
    {"{\"deprecation_at\":\"1970-01-01\"}", "deprecation_at: must lie after 1970"},
    {"{\"deprecation_at\":\"2027-01-01\",\"sunset_at\":\"2026-01-01\"}",
     "sunset_at: must not lie before deprecation_at"},
    {"{\"link\":\"\"}", "link: must be an https or http URL"},
    {"{\"link\":\"ftp://x\"}", "link: must be an https or http URL"},
};

START_TEST(refuses_and_says_what_to_write)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_msg(read_edit(refused[i].body) == -EINVAL, "%s", refused[i].body);
        ck_assert_msg(strstr(detail, refused[i].detail), "%s: %s", refused[i].body, detail);
        ck_assert_ptr_null(edit.root);
    }
}
END_TEST

START_TEST(never_quotes_a_value)
{
    static const char secret[] = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    static const char *const bodies[] = {
        "{\"name\":\"%s\"}",
        "{\"name\":\"%s",
        "{\"%s\":1}",
        "{\"%s\":1,\"%s\":1}",
        "{\"%s\":null}",
        "{\"limit\":{\"%s\":null}}",
        "{\"limit\":{\"window\":\"%s\"}}",
        "{\"scopes\":[\"%s\"]}",
        "{\"allowed_origins\":[\"%s\"]}",
        "{\"missing_origin\":\"%s\"}",
        "{\"expires_at\":\"%s\"}",
        "{\"expires_in\":\"%s\"}",
        "{\"link\":\"https://shop.example/%s\"}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char body[512], *to = body;
        for (const char *at = bodies[i]; *at; at++)
            if (at[0] == '%')
                to += snprintf(to, 64, "%s", secret), at++;
            else
                *to++ = *at;
        *to = '\0';
        ck_assert_msg(read_edit(body) == -EINVAL, "%s", body);
        ck_assert_msg(detail[0] != '\0' && !strstr(detail, "zQWB"), "%s: %s", body, detail);
    }
}
END_TEST

SUITE_MAIN("admin_body_edit", names_the_members_that_stand_there_and_no_others,
           takes_all_that_may_be_changed, takes_away_what_is_null, refuses_and_says_what_to_write,
           never_quotes_a_value)
