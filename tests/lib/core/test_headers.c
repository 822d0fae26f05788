#include "lib/core/headers.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/suite.h"

#define SECOND_NS UINT64_C(1000000000)

static struct scope_registry registry;

/* All fields in their order, one a line. */
struct lines {
    char text[8192];
    unsigned count, stop_after;
};

static int lines_add(const char *name, const char *value, void *userdata)
{
    struct lines *lines = userdata;
    size_t len = strlen(lines->text);
    snprintf(lines->text + len, sizeof lines->text - len, "%s: %s\n", name, value);
    return ++lines->count == lines->stop_after ? 42 : 0;
}

static const char *fields_of(const struct verdict *verdict, const struct policy *policy)
{
    static struct lines lines;
    lines = (struct lines){.count = 0};
    scope_registry_init(&registry);
    ck_assert_int_eq(headers_each(verdict, policy, &registry, lines_add, &lines), 0);
    return lines.text;
}

static struct verdict verdict_of(enum reason reason)
{
    struct verdict verdict;
    verdict_init(&verdict);
    verdict.reason = reason;
    verdict.kind = reason == REASON_OK || reason > REASON_UNKNOWN_TOKEN ? KIND_LIVE : KIND_NONE;
    verdict.limit = 60;
    verdict.window_ns = 60 * SECOND_NS;
    verdict.burst = 10;
    text_copy(TEXT("key_0123456789abcdef"), verdict.key_id, sizeof verdict.key_id);
    text_copy(TEXT("kasa"), verdict.site, sizeof verdict.site);
    return verdict;
}

static struct verdict verdict_ok(void)
{
    struct verdict verdict = verdict_of(REASON_OK);
    verdict.remaining = 9;
    verdict.reset_ns = SECOND_NS / 2;
    verdict.next_ns = SECOND_NS / 2;
    return verdict;
}

static struct verdict verdict_limited(void)
{
    struct verdict verdict = verdict_of(REASON_RATE_LIMITED);
    verdict.retry_ns = verdict.reset_ns = 2 * SECOND_NS + 1;
    verdict.next_ns = 1;
    return verdict;
}

static void make_legacy(struct verdict *verdict)
{
    verdict->kind = KIND_LEGACY;
    verdict->deprecation_at = 1688169599;
    verdict->sunset_at = 1719791999;
    text_copy(TEXT("https://kasa.example/migrate"), verdict->link, sizeof verdict->link);
}

#define LEGACY_FIELDS                                                                              \
    "Deprecation: @1688169599\n"                                                                   \
    "Sunset: Sun, 30 Jun 2024 23:59:59 GMT\n"                                                      \
    "Link: <https://kasa.example/migrate>; rel=\"deprecation\"; type=\"text/html\"\n"
#define INVALID                                                                                    \
    "WWW-Authenticate: Bearer realm=\"storefront\", error=\"invalid_token\"\n"                     \
    "Cache-Control: no-store\n"

START_TEST(an_allowed_call_tells_what_is_left)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_ok();
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Limit: 60\n"
                                                   "RateLimit-Remaining: 9\n"
                                                   "RateLimit-Reset: 1\n");
}
END_TEST

START_TEST(numbers_of_every_length_are_written_whole)
{
    struct policy policy;
    char expected[64];
    policy_init(&policy);
    for (uint64_t power = 1; power != 0; power = power > UINT64_MAX / 10 ? 0 : power * 10) {
        const uint64_t numbers[] = {power - 1, power, power + 1, power * 5 / 4, UINT64_MAX - power};
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            struct verdict verdict = verdict_ok();
            verdict.limit = numbers[i];
            snprintf(expected, sizeof expected, "RateLimit-Limit: %" PRIu64 "\n", numbers[i]);
            ck_assert_ptr_eq(strstr(fields_of(&verdict, &policy), expected),
                             fields_of(&verdict, &policy));
        }
    }
}
END_TEST

START_TEST(a_limited_call_tells_when_to_come_back)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_limited();
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Limit: 60\n"
                                                   "RateLimit-Remaining: 0\n"
                                                   "RateLimit-Reset: 3\n"
                                                   "Retry-After: 3\n"
                                                   "Cache-Control: no-store\n");
}
END_TEST

START_TEST(retry_after_is_never_zero)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_limited();
    verdict.retry_ns = verdict.reset_ns = 0;
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Limit: 60\n"
                                                   "RateLimit-Remaining: 0\n"
                                                   "RateLimit-Reset: 1\n"
                                                   "Retry-After: 1\n"
                                                   "Cache-Control: no-store\n");
}
END_TEST

START_TEST(the_ietf_form_is_never_mixed_with_the_three)
{
    struct policy policy;
    policy_init(&policy);
    policy.fields = FIELDS_IETF;
    struct verdict verdict = verdict_ok();
    verdict.window_ns = 60 * SECOND_NS + 1;
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Policy: \"default\";q=60;w=61\n"
                                                   "RateLimit: \"default\";r=9;t=1\n");
    verdict = verdict_limited();
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Policy: \"default\";q=60;w=60\n"
                                                   "RateLimit: \"default\";r=0;t=1\n"
                                                   "Retry-After: 3\n"
                                                   "Cache-Control: no-store\n");
}
END_TEST

START_TEST(an_integer_of_the_ietf_form_has_fifteen_digits_at_most)
{
    struct policy policy;
    policy_init(&policy);
    policy.fields = FIELDS_IETF;
    struct verdict verdict = verdict_ok();
    verdict.limit = UINT64_C(1000000000000000);
    verdict.remaining = UINT64_MAX;
    verdict.window_ns = verdict.next_ns = UINT64_MAX;
    ck_assert_str_eq(fields_of(&verdict, &policy),
                     "RateLimit-Policy: \"default\";q=999999999999999;w=18446744074\n"
                     "RateLimit: \"default\";r=999999999999999;t=18446744074\n");
}
END_TEST

START_TEST(without_fields_only_retry_after_is_left)
{
    struct policy policy;
    policy_init(&policy);
    policy.fields = FIELDS_NONE;
    struct verdict verdict = verdict_ok();
    ck_assert_str_eq(fields_of(&verdict, &policy), "");
    verdict = verdict_limited();
    ck_assert_str_eq(fields_of(&verdict, &policy), "Retry-After: 3\nCache-Control: no-store\n");
}
END_TEST

START_TEST(each_refusal_has_its_fields)
{
    static const struct {
        enum reason reason;
        const char *fields;
    } rows[] = {
        {REASON_MISSING_TOKEN, "WWW-Authenticate: Bearer realm=\"storefront\"\n"
                               "Cache-Control: no-store\n"},
        {REASON_MALFORMED_TOKEN, INVALID},
        {REASON_UNKNOWN_TOKEN, INVALID},
        {REASON_REVOKED_TOKEN, INVALID},
        {REASON_SUSPENDED_TOKEN, INVALID},
        {REASON_EXPIRED_TOKEN, INVALID},
        {REASON_LEGACY_SUNSET, INVALID},
        {REASON_SITE_MISMATCH, INVALID},
        {REASON_ORIGIN_DENIED, "Cache-Control: no-store\n"},
        {REASON_COST_EXCEEDS_BURST, "Cache-Control: no-store\n"},
        {REASON_UNAVAILABLE, "Retry-After: 1\nCache-Control: no-store\n"},
        {(enum reason)77, "Retry-After: 1\nCache-Control: no-store\n"},
    };
    struct policy policy;
    policy_init(&policy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verdict verdict = verdict_of(rows[i].reason);
        ck_assert_str_eq(fields_of(&verdict, &policy), rows[i].fields);
    }
}
END_TEST

START_TEST(a_missing_scope_names_all_that_are_needed)
{
    struct policy policy;
    policy_init(&policy);
    text_copy(TEXT("Kasa, EU"), policy.realm, sizeof policy.realm);
    struct verdict verdict = verdict_of(REASON_INSUFFICIENT_SCOPE);
    verdict.scopes = 2;
    verdict.needed = 6;
    ck_assert_str_eq(fields_of(&verdict, &policy),
                     "WWW-Authenticate: Bearer realm=\"Kasa, EU\", error=\"insufficient_scope\", "
                     "scope=\"cart:write checkout:create\"\n"
                     "Cache-Control: no-store\n");
    verdict.needed = UINT64_C(1) << 63; /* a bit without a name: no empty list */
    ck_assert_str_eq(fields_of(&verdict, &policy),
                     "WWW-Authenticate: Bearer realm=\"Kasa, EU\", error=\"insufficient_scope\"\n"
                     "Cache-Control: no-store\n");
}
END_TEST

START_TEST(the_longest_challenge_fits)
{
    struct policy policy;
    struct lines lines = {.count = 0};
    policy_init(&policy);
    memset(policy.realm, 'r', REALM_MAX);
    policy.realm[REALM_MAX] = '\0';
    scope_registry_init(&registry);
    for (unsigned i = SCOPES_BUILTIN; i < SCOPES_MAX; i++) {
        char name[SCOPE_NAME_MAX + 1];
        unsigned bit;
        snprintf(name, sizeof name, "longest-name-that-can-be-had-%03u", i);
        ck_assert_int_eq(scope_registry_add(&registry, text_of(name), &bit), 0);
    }
    struct verdict verdict = verdict_of(REASON_INSUFFICIENT_SCOPE);
    verdict.needed = UINT64_MAX;
    ck_assert_int_eq(headers_each(&verdict, &policy, &registry, lines_add, &lines), 0);
    ck_assert_ptr_nonnull(strstr(lines.text, "longest-name-that-can-be-had-063\"\n"));
}
END_TEST

START_TEST(a_legacy_key_is_told_of_its_end)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_ok();
    make_legacy(&verdict);
    ck_assert_str_eq(fields_of(&verdict, &policy), "RateLimit-Limit: 60\n"
                                                   "RateLimit-Remaining: 9\n"
                                                   "RateLimit-Reset: 1\n" LEGACY_FIELDS);
    verdict = verdict_limited();
    make_legacy(&verdict);
    ck_assert_str_eq(fields_of(&verdict, &policy),
                     "RateLimit-Limit: 60\n"
                     "RateLimit-Remaining: 0\n"
                     "RateLimit-Reset: 3\n"
                     "Retry-After: 3\n" LEGACY_FIELDS "Cache-Control: no-store\n");
    verdict = verdict_of(REASON_LEGACY_SUNSET);
    make_legacy(&verdict);
    ck_assert_str_eq(fields_of(&verdict, &policy),
                     "WWW-Authenticate: Bearer realm=\"storefront\", "
                     "error=\"invalid_token\"\n" LEGACY_FIELDS "Cache-Control: no-store\n");
}
END_TEST

START_TEST(a_legacy_key_without_times_has_no_legacy_fields)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_of(REASON_ORIGIN_DENIED);
    verdict.kind = KIND_LEGACY;
    ck_assert_str_eq(fields_of(&verdict, &policy), "Cache-Control: no-store\n");
}
END_TEST

START_TEST(a_token_has_no_legacy_fields)
{
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_of(REASON_ORIGIN_DENIED);
    make_legacy(&verdict);
    verdict.kind = KIND_LIVE;
    ck_assert_str_eq(fields_of(&verdict, &policy), "Cache-Control: no-store\n");
}
END_TEST

START_TEST(a_site_mismatch_reads_byte_for_byte_as_an_unknown_token)
{
    static const uint8_t forms[] = {FIELDS_THREE, FIELDS_IETF, FIELDS_NONE};
    static const enum kind kinds[] = {KIND_LIVE, KIND_TEST, KIND_LEGACY};
    struct verdict unknown;
    verdict_init(&unknown);
    unknown.reason = REASON_UNKNOWN_TOKEN;
    char unknown_body[PROBLEM_MAX], body[PROBLEM_MAX];
    size_t unknown_len = headers_problem(&unknown, unknown_body);
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            char unknown_fields[1024];
            struct policy policy;
            policy_init(&policy);
            policy.fields = forms[f];
            text_copy(text_of(fields_of(&unknown, &policy)), unknown_fields, sizeof unknown_fields);
            struct verdict mismatch = verdict_of(REASON_SITE_MISMATCH);
            make_legacy(&mismatch);
            mismatch.kind = kinds[k];
            ck_assert_str_eq(fields_of(&mismatch, &policy), unknown_fields);
            ck_assert_uint_eq(headers_problem(&mismatch, body), unknown_len);
            ck_assert_str_eq(body, unknown_body);
        }
    }
    ck_assert_uint_eq(reason_status(REASON_SITE_MISMATCH), reason_status(REASON_UNKNOWN_TOKEN));
}
END_TEST

START_TEST(the_callback_can_stop_the_walk)
{
    struct policy policy;
    policy_init(&policy);
    scope_registry_init(&registry);
    struct verdict verdict = verdict_limited();
    make_legacy(&verdict);
    for (unsigned stop_after = 1; stop_after <= 8; stop_after++) {
        struct lines lines = {.stop_after = stop_after};
        ck_assert_int_eq(headers_each(&verdict, &policy, &registry, lines_add, &lines), 42);
        ck_assert_uint_eq(lines.count, stop_after);
    }
}
END_TEST

START_TEST(the_short_way_says_the_same_of_an_allowed_call)
{
    const uint64_t limits[] = {1, 60, UINT64_MAX}, left[] = {0, 9, 100, UINT64_MAX};
    const uint64_t resets[] = {0, 1, SECOND_NS, SECOND_NS + 1, UINT64_MAX};
    struct policy policy;
    policy_init(&policy);
    struct verdict verdict = verdict_ok();
    for (unsigned i = 0; i < 3 * 4 * 5; i++) {
        verdict.limit = limits[i % 3];
        verdict.remaining = left[i / 3 % 4];
        verdict.reset_ns = resets[i / 12];
        struct lines lines = {.count = 0};
        ck_assert_int_eq(
            headers_three(verdict.limit, verdict.remaining, verdict.reset_ns, lines_add, &lines),
            0);
        ck_assert_str_eq(lines.text, fields_of(&verdict, &policy));
    }
    for (unsigned stop_after = 1; stop_after <= 3; stop_after++) {
        struct lines lines = {.stop_after = stop_after};
        ck_assert_int_eq(headers_three(1, 2, 3, lines_add, &lines), 42);
        ck_assert_uint_eq(lines.count, stop_after);
    }
}
END_TEST

/* ---- the body -------------------------------------------------------------------------------- */

START_TEST(an_allowed_call_has_no_body)
{
    char body[PROBLEM_MAX] = "x";
    struct verdict verdict = verdict_ok();
    ck_assert_uint_eq(headers_problem(&verdict, body), 0);
    ck_assert_str_eq(body, "");
}
END_TEST

START_TEST(bodies_are_whole)
{
    char body[PROBLEM_MAX];
    struct verdict verdict = verdict_of(REASON_MISSING_TOKEN);
    size_t len = headers_problem(&verdict, body);
    ck_assert_uint_eq(len, strlen(body));
    ck_assert_str_eq(body,
                     "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,"
                     "\"detail\":\"Send a storefront access token in the X-Stella-Token header.\","
                     "\"reason\":\"missing_token\"}");
    verdict = verdict_limited();
    headers_problem(&verdict, body);
    ck_assert_str_eq(
        body, "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
              "\"title\":\"Too Many Requests\",\"status\":429,\"detail\":\"This token's rate "
              "limit is used up: try again after the time in Retry-After.\","
              "\"reason\":\"rate_limited\",\"violated-policies\":[\"default\"]}");
}
END_TEST

START_TEST(each_refusals_body_has_its_status_and_reason_and_no_secret)
{
    static const char *const titles[] = {
        [0] = "Unauthorized", "Forbidden", "Too Many Requests", "Service Unavailable"};
    for (unsigned reason = REASON_OK + 1; reason < REASON_COUNT; reason++) {
        struct verdict verdict = verdict_of((enum reason)reason);
        make_legacy(&verdict);
        char body[PROBLEM_MAX], expected[128];
        ck_assert_uint_eq(headers_problem(&verdict, body), strlen(body));
        unsigned status = reason_status(reason);
        const char *title = titles[status == 401 ? 0 : status == 403 ? 1 : status == 429 ? 2 : 3];
        snprintf(expected, sizeof expected, "\"title\":\"%s\",\"status\":%u,\"detail\":\"", title,
                 status);
        ck_assert_ptr_nonnull(strstr(body, expected));
        snprintf(expected, sizeof expected, "\"reason\":\"%s\"",
                 reason == REASON_SITE_MISMATCH ? "unknown_token" : reason_name(reason));
        ck_assert_ptr_nonnull(strstr(body, expected));
        ck_assert_ptr_null(strstr(body, "key_"));
        ck_assert_ptr_null(strstr(body, "kasa"));
        ck_assert_ptr_null(strstr(body, "mismatch"));
        ck_assert_ptr_null(strchr(body, '\\'));
    }
}
END_TEST

SUITE_MAIN("headers", an_allowed_call_tells_what_is_left, numbers_of_every_length_are_written_whole,
           a_limited_call_tells_when_to_come_back, retry_after_is_never_zero,
           the_ietf_form_is_never_mixed_with_the_three,
           an_integer_of_the_ietf_form_has_fifteen_digits_at_most,
           without_fields_only_retry_after_is_left, each_refusal_has_its_fields,
           a_missing_scope_names_all_that_are_needed, the_longest_challenge_fits,
           a_legacy_key_is_told_of_its_end, a_legacy_key_without_times_has_no_legacy_fields,
           a_token_has_no_legacy_fields, a_site_mismatch_reads_byte_for_byte_as_an_unknown_token,
           the_callback_can_stop_the_walk, the_short_way_says_the_same_of_an_allowed_call,
           an_allowed_call_has_no_body, bodies_are_whole,
           each_refusals_body_has_its_status_and_reason_and_no_secret)
