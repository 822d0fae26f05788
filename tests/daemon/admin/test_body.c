#include "daemon/admin/body.h"

#include <string.h>

#include "daemon/commands.h"
#include "tests/suite.h"

static const struct usage usage = {.name = "admin try", .synopsis = "", .help = ""};
static const struct admin admin = {.usage = &usage, .now_s = 1795492500};

static void expect(struct body *body, const char *expected)
{
    json_t *json = NULL;
    ck_assert_int_eq(body_finish(body, &admin, &json), EXIT_STATUS_OK);
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

START_TEST(leaves_out_what_was_not_given)
{
    const struct body_grant grant = {.site = "kasa"};
    const struct argument_when never = {0};
    struct body body;
    body_init(&body);
    body_add_grant(&body, &grant);
    body_add_text(&body, "link", NULL);
    body_add_flag(&body, "test", false);
    body_add_when(&body, "expires_at", &never, admin.now_s);
    expect(&body, "{\"site_id\":\"kasa\"}");
}
END_TEST

START_TEST(takes_lists_apart)
{
    const struct argument_texts texts = {3, {"a,b", " c  d ,", "e"}};
    struct body body;
    body_init(&body);
    body_add_texts(&body, "scopes", &texts);
    expect(&body, "{\"scopes\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}");
}
END_TEST

START_TEST(nests_the_limit)
{
    const struct body_grant whole = {
        .name = "n", .limit = 600, .window = "10s", .burst = INT64_MAX};
    const struct body_grant part = {.burst = 5};
    struct body body;
    body_init(&body);
    body_add_grant(&body, &whole);
    expect(&body, "{\"name\":\"n\",\"limit\":{\"requests\":600,\"window\":\"10s\","
                  "\"burst\":9223372036854775807}}");
    body_init(&body);
    body_add_grant(&body, &part);
    expect(&body, "{\"limit\":{\"burst\":5}}");
}
END_TEST

START_TEST(counts_spans_from_now)
{
    const struct argument_when span = {
        .is_given = true, .is_span = true, .span_ns = UINT64_C(3600) * 1000000000};
    const struct argument_when point = {.is_given = true, .at_s = 1688169599};
    struct body body;
    body_init(&body);
    body_add_when(&body, "a", &span, admin.now_s);
    body_add_when(&body, "b", &point, admin.now_s);
    expect(&body, "{\"a\":\"2026-11-24T04:55:00Z\",\"b\":\"2023-06-30T23:59:59Z\"}");
}
END_TEST

START_TEST(says_what_is_to_go_away)
{
    const struct argument_when never = {.is_given = true, .is_never = true};
    struct body body;
    body_init(&body);
    body_add_answer(&body, "strict", ARGUMENT_UNSAID);
    ck_assert(body_is_empty(&body));
    body_add_answer(&body, "strict", ARGUMENT_NO);
    ck_assert(!body_is_empty(&body));
    body_add_answer(&body, "test", ARGUMENT_YES);
    body_add_when(&body, "expires_at", &never, admin.now_s);
    body_add_null(&body, "link");
    body_add_none(&body, "allowed_origins");
    expect(&body, "{\"strict\":false,\"test\":true,\"expires_at\":null,\"link\":null,"
                  "\"allowed_origins\":[]}");
}
END_TEST

START_TEST(refuses_what_is_no_utf8)
{
    const struct argument_texts texts = {1, {"a\xff"}};
    struct body body;
    json_t *json = NULL;
    body_init(&body);
    body_add_text(&body, "name", "\xc3(");
    ck_assert_int_eq(body_finish(&body, &admin, &json), EXIT_STATUS_USAGE);
    body_init(&body);
    body_add_texts(&body, "scopes", &texts);
    ck_assert_int_eq(body_finish(&body, &admin, &json), EXIT_STATUS_USAGE);
    ck_assert_ptr_null(json);
}
END_TEST

SUITE_MAIN("body", leaves_out_what_was_not_given, takes_lists_apart, nests_the_limit,
           counts_spans_from_now, says_what_is_to_go_away, refuses_what_is_no_utf8)
