#include "daemon/http_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/daemon/http_rig.h"
#include "tests/suite.h"

static const struct fixture_file config[] = {
    {"services.d/shop.conf", "fields = ietf\nrequire_site = no\n"},
    {"services.d/two.conf", "cost = 2\n"},
    {"services.d/closed.conf", "callers = 4000000000\n"},
    {NULL, NULL},
};

static struct answer answer;

static void start(struct rig *rig)
{
    rig_config = config;
    rig_start(rig, rig_serve_faces);
}

/* fields: lines, each with CR LF; %s in it is the token. */
static void check(struct rig *rig, const char *target, const char *fields, const char *token)
{
    char request[2048];

    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n", target);
    for (; *fields; fields++) {
        if (fields[0] == '%' && fields[1] == 's') {
            len += snprintf(request + len, sizeof request - (size_t)len, "%s", token);
            fields++;
        } else {
            request[len++] = *fields;
        }
    }
    len += snprintf(request + len, sizeof request - (size_t)len, "\r\n");
    rig_ask(rig, "http", request, (size_t)len, &answer);
}

#define TOKEN "X-Stella-Token: %s\r\n"
#define SITE  "X-Site-ID: kasa\r\n"

START_TEST(allows_with_an_empty_body_and_the_identity)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    check(&rig, "/v1/check", TOKEN SITE, token.secret);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(rig_field(&answer, "Content-Length"), "0");
    ck_assert_str_eq(rig_field(&answer, "RateLimit-Limit"), "60");
    ck_assert_str_eq(rig_field(&answer, "RateLimit-Remaining"), "59");
    ck_assert_str_eq(rig_field(&answer, "RateLimit-Reset"), "1");
    ck_assert_str_eq(rig_field(&answer, "Stkgate-Key-Id"), token.key_id);
    ck_assert_str_eq(rig_field(&answer, "Stkgate-Site"), "kasa");
    ck_assert_str_eq(rig_field(&answer, "Stkgate-Scopes"),
                     "catalog:read cart:write checkout:create customer:auth");
    ck_assert_str_eq(rig_field(&answer, "Stkgate-Reason"), "ok");
    ck_assert_ptr_null(rig_field(&answer, "Content-Type"));
    rig_stop(&rig);
}
END_TEST

/* What a caller asks, and what it is told. */
static const struct row {
    const char *target, *fields;
    unsigned status;
    const char *body; /* a part of it */
} rows[] = {
    {"/v1/check", SITE, 401, "\"missing_token\""},
    {"/v1/check", "X-Stella-Token: stk_live_nonsense\r\n" SITE, 401, "\"malformed_token\""},
    {"/v1/check", TOKEN TOKEN SITE, 401, "\"malformed_token\""},
    {"/v1/check", TOKEN "X-Stella-Token: x\r\n" SITE, 401, "\"malformed_token\""},
    {"/v1/check", "X-Stella-Token: %s\001\r\n" SITE, 401, "\"malformed_token\""},
    {"/v1/check", "Authorization: Bearer %s\177\r\n" SITE, 401, "\"malformed_token\""},
    {"/v1/check", "X-API-Key: \033%s\r\n" SITE, 401, "\"malformed_token\""},
    {"/v1/check", TOKEN "X-Site-ID: kasa\013\r\n", 401, "\"unknown_token\""},
    {"/v1/check", TOKEN SITE "X-Else: \001\r\n", 200, ""},
    {"/v1/check", "Authorization: Bearer %s\r\n" SITE, 200, ""},
    {"/v1/check", TOKEN, 401, "\"unknown_token\""},
    {"/v1/check", TOKEN "X-Site-ID: other\r\n", 401, "\"unknown_token\""},
    {"/v1/check/shop", TOKEN, 200, ""},
    {"/v1/check", TOKEN SITE "Origin: https://shop.example\r\n", 200, ""},
    {"/v1/check?scope=catalog:read", TOKEN SITE, 200, ""},
    {"/v1/check?scope=catalog:read,cart:write", TOKEN SITE, 403, "\"insufficient_scope\""},
    {"/v1/check?scope=catalog:read+cart:write", TOKEN SITE, 403, "\"insufficient_scope\""},
    {"/v1/check?scope=catalog:read%2Bcart:write", TOKEN SITE, 403, "\"insufficient_scope\""},
    {"/v1/check?scope=catalog:read%20cart:write", TOKEN SITE, 403, "\"insufficient_scope\""},
    {"/v1/check?scope=catalog:read&scope=cart:write", TOKEN SITE, 403, "\"insufficient_scope\""},
    {"/v1/check?scope=no:such", TOKEN SITE, 400, "no scope no:such is registered"},
    {"/v1/check?scope=stk_live_abcde", TOKEN SITE, 400, "scope: not a list of names"},
    {"/v1/check?scope=NO", TOKEN SITE, 400, "scope: not a list of names"},
    {"/v1/check?cost=7", TOKEN SITE, 200, ""},
    {"/v1/check?cost=0", TOKEN SITE, 200, ""},
    {"/v1/check?cost=61", TOKEN SITE, 403, "\"cost_exceeds_burst\""},
    {"/v1/check?cost=9223372036854775808", TOKEN SITE, 403, "\"cost_exceeds_burst\""},
    {"/v1/check?cost=99999999999999999999", TOKEN SITE, 400, "cost: must be a whole number"},
    {"/v1/check?cost=", TOKEN SITE, 400, "cost: must be a whole number"},
    {"/v1/check?cost=-1", TOKEN SITE, 400, "cost: must be a whole number"},
    {"/v1/check?cost=1&cost=1", TOKEN SITE, 400, "cost: must be a whole number"},
    {"/v1/check/closed", TOKEN SITE, 403, "may not ask as the service closed"},
    {"/v1/check/closed/and/more", TOKEN SITE, 403, "may not ask as the service closed"},
    {"/v1/check/unheard-of/and/more", TOKEN SITE, 200, ""},
    {"/v1/check/", TOKEN SITE, 200, ""},
    {"/v1/checks", TOKEN SITE, 404, "there is nothing here"},
    {"/", "", 404, "there is nothing here"},
    {"/v1/tokens", "", 404, "there is nothing here"},
    {"/healthz", "", 200, "ok\n"},
};

START_TEST(answers_as_the_table_has_it)
{
    struct rig rig;
    char reason[64];

    start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"scopes\":[\"catalog:read\"]");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        check(&rig, row->target, row->fields, token.secret);
        ck_assert_msg(answer.status == row->status, "%zu %s: %u %s", i, row->target, answer.status,
                      answer.body);
        ck_assert_msg(strstr(answer.body, row->body), "%zu %s: %s", i, row->target, answer.body);
        ck_assert_ptr_null(strstr(answer.body, token.secret));
        if (answer.status == 200)
            continue;
        ck_assert_str_eq(rig_field(&answer, "Content-Type"), "application/problem+json");
        ck_assert_str_eq(rig_field(&answer, "Cache-Control"), "no-store");
        ck_assert_ptr_null(rig_field(&answer, "Stkgate-Key-Id"));
        ck_assert_ptr_null(rig_field(&answer, "Stkgate-Site"));
        ck_assert_ptr_null(rig_field(&answer, "Stkgate-Scopes"));
        if (strstr(answer.body, "\"reason\"")) {
            snprintf(reason, sizeof reason, "\"reason\":\"%s\"",
                     rig_field(&answer, "Stkgate-Reason"));
            ck_assert_msg(strstr(answer.body, reason), "%zu %s: %s", i, reason, answer.body);
        }
        ck_assert_ptr_null(strstr(answer.header, token.key_id));
        ck_assert_ptr_null(strstr(answer.body, token.key_id));
    }
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_a_foreign_site_no_more_than_an_unknown_token)
{
    /* Well-formed, and in no table. */
    static const char unknown[] = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    static struct answer first;
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    check(&rig, "/v1/check", TOKEN "X-Site-ID: other\r\n", token.secret);
    first = answer;
    check(&rig, "/v1/check", TOKEN "X-Site-ID: other\r\n", unknown);
    ck_assert_uint_eq(first.status, 401);
    ck_assert_str_eq(first.body, answer.body);
    ck_assert_str_eq(rig_field(&answer, "WWW-Authenticate"),
                     "Bearer realm=\"storefront\", error=\"invalid_token\"");
    char *date = strstr(first.header, "Date:");
    if (date)
        memcpy(date, strstr(answer.header, "Date:"), strcspn(date, "\r"));
    ck_assert_str_eq(first.header, answer.header);
    rig_stop(&rig);
}
END_TEST

START_TEST(spends_unless_it_peeks)
{
    static const struct {
        const char *target;
        const char *remaining;
    } steps[] = {
        /* A peek tells what a call of cost 1 would leave. */
        {"/v1/check?peek", "9"},   {"/v1/check?cost=0", "9"}, {"/v1/check?cost=3", "7"},
        {"/v1/check?peek=1", "6"}, {"/v1/check", "6"},        {"/v1/check?cost=6", "0"},
    };
    struct rig rig;

    start(&rig);
    struct rig_token token =
        rig_mint(&rig, ",\"limit\":{\"requests\":1,\"window\":\"1h\",\"burst\":10}");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        check(&rig, steps[i].target, TOKEN SITE, token.secret);
        ck_assert_uint_eq(answer.status, 200);
        ck_assert_msg(strcmp(rig_field(&answer, "RateLimit-Remaining"), steps[i].remaining) == 0,
                      "%s: %s", steps[i].target, rig_field(&answer, "RateLimit-Remaining"));
    }
    check(&rig, "/v1/check", TOKEN SITE, token.secret);
    ck_assert_uint_eq(answer.status, 429);
    ck_assert_str_eq(rig_field(&answer, "Retry-After"), "3600");
    ck_assert_str_eq(rig_field(&answer, "RateLimit-Reset"), "3600");
    ck_assert_ptr_nonnull(strstr(answer.body, "quota-exceeded"));
    rig_stop(&rig);
}
END_TEST

/* Proxies that put their client's path and query behind the service's name ask what the client
 * wants. */
START_TEST(a_query_behind_the_service_s_name_can_only_make_it_stricter)
{
    static const struct {
        const char *target;
        unsigned status;
        const char *remaining;
    } steps[] = {
        {"/v1/check/two/?peek", 200, "18"},       {"/v1/check/two/?cost=0", 200, "16"},
        {"/v1/check/two/cart?cost=1", 200, "14"}, {"/v1/check/two/cart?cost=3", 200, "11"},
        {"/v1/check/two/cart", 200, "9"},         {"/v1/check/two/a?scope=cart:write", 403, NULL},
        {"/v1/check/two?cost=1", 200, "8"},       {"/v1/check/two?peek", 200, "7"},
    };
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"limit\":{\"requests\":1,\"window\":\"1h\","
                                            "\"burst\":20},\"scopes\":[\"catalog:read\"]");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        check(&rig, steps[i].target, TOKEN SITE, token.secret);
        ck_assert_msg(answer.status == steps[i].status, "%s: %u", steps[i].target, answer.status);
        if (steps[i].remaining)
            ck_assert_msg(strcmp(rig_field(&answer, "RateLimit-Remaining"), steps[i].remaining) ==
                              0,
                          "%s: %s", steps[i].target, rig_field(&answer, "RateLimit-Remaining"));
    }
    rig_stop(&rig);
}
END_TEST

START_TEST(follows_the_service_s_policy)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    check(&rig, "/v1/check/shop/any/path?scope=cart:write", TOKEN, token.secret);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_ptr_nonnull(rig_field(&answer, "RateLimit"));
    ck_assert_ptr_nonnull(rig_field(&answer, "RateLimit-Policy"));
    ck_assert_ptr_null(rig_field(&answer, "RateLimit-Remaining"));
    rig_stop(&rig);
}
END_TEST

START_TEST(takes_any_method_and_drops_bodies)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"};
    struct rig rig;
    char head[256];

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        snprintf(head, sizeof head,
                 "%s /v1/check HTTP/1.1\r\nX-Stella-Token: %s\r\nX-Site-ID: kasa", methods[i],
                 token.secret);
        rig_call(&rig, "http", head, "{\"cart\":1}", &answer);
        ck_assert_uint_eq(answer.status, 200);
        ck_assert_uint_eq(answer.body_len, 0);
    }
    rig_stop(&rig);
}
END_TEST

START_TEST(keeps_the_connection_for_head_and_http_1_0)
{
    static const char head[] = "HEAD /v1/check HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char get[] = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig rig;
    char request[512];

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    int fd = rig_connect(&rig, "http");
    int len = snprintf(request, sizeof request,
                       "HEAD /v1/check HTTP/1.0\r\nConnection: Keep-Alive\r\n"
                       "X-Stella-Token: %s\r\nX-Site-ID: kasa\r\n\r\n",
                       token.secret);
    for (int i = 0; i < 3; i++) {
        rig_send(fd, request, (size_t)len);
        rig_receive(fd, true, &answer);
        ck_assert_uint_eq(answer.status, 200);
    }
    rig_send(fd, head, sizeof head - 1);
    rig_receive(fd, true, &answer);
    ck_assert_uint_eq(answer.status, 401);
    rig_send(fd, get, sizeof get - 1);
    rig_receive(fd, false, &answer);
    ck_assert_str_eq(answer.body, "ok\n");
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_of_a_legacy_key_s_end)
{
    struct rig rig;

    start(&rig);
    rig_call(&rig, "admin", "POST /v1/legacy HTTP/1.1",
             "{\"site_id\":\"kasa\",\"api_key\":\"old-key-of-kasa\","
             "\"deprecation_at\":\"2023-06-30T23:59:59Z\",\"sunset_at\":\"2099-06-30\","
             "\"link\":\"https://shop.example/keys\"}",
             &answer);
    ck_assert_uint_eq(answer.status, 201);
    check(&rig, "/v1/check", "X-API-Key: old-key-of-kasa\r\n" SITE, "");
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(rig_field(&answer, "Deprecation"), "@1688169599");
    ck_assert_str_eq(rig_field(&answer, "Sunset"), "Tue, 30 Jun 2099 00:00:00 GMT");
    ck_assert_ptr_nonnull(strstr(rig_field(&answer, "Link"), "<https://shop.example/keys>"));
    check(&rig, "/v1/check", "X-API-Key: old-key-of-kasb\r\n" SITE, "");
    ck_assert_uint_eq(answer.status, 401);
    rig_stop(&rig);
}
END_TEST

START_TEST(holds_callers_to_the_origins_of_the_token)
{
    static const struct {
        const char *field;
        unsigned status;
    } origins[] = {
        {"", 403},
        {"Origin: https://shop.example\r\n", 200},
        {"Origin: https://shop.example/\r\n", 403},
        {"Origin: https://evil.example\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin: https://shop.example\r\nOrigin: https://shop.example\r\n", 403},
    };
    struct rig rig;
    char fields[512];

    start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"allowed_origins\":[\"https://Shop.example:443/\"]");
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        snprintf(fields, sizeof fields, "%s%s%s", TOKEN, SITE, origins[i].field);
        check(&rig, "/v1/check", fields, token.secret);
        ck_assert_msg(answer.status == origins[i].status, "%s: %u", origins[i].field,
                      answer.status);
    }
    rig_stop(&rig);
}
END_TEST

static void attach_two(struct fixture *fixture)
{
    ck_assert_int_eq(attached_add(service_attached(fixture->service), 33, 100), 0);
    ck_assert_int_eq(attached_add(service_attached(fixture->service), 34, 100), 0);
}

START_TEST(counts_for_metrics)
{
    struct rig rig;

    rig_config = NULL;
    rig_prepare = attach_two;
    rig_start(&rig, rig_serve_faces);
    struct rig_token token = rig_mint(&rig, "");
    check(&rig, "/v1/check", TOKEN SITE, token.secret);
    check(&rig, "/v1/check", TOKEN SITE, token.secret);
    check(&rig, "/v1/check", SITE, token.secret);
    check(&rig, "/metrics", "", "");
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(rig_field(&answer, "Content-Type"),
                     "text/plain; version=0.0.4; charset=utf-8");
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_checks_total{reason=\"ok\"} 2\n"));
    ck_assert_ptr_nonnull(
        strstr(answer.body, "\nstkgate_checks_total{reason=\"missing_token\"} 1\n"));
    ck_assert_ptr_nonnull(
        strstr(answer.body, "\nstkgate_checks_total{reason=\"rate_limited\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_credentials 1\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_seq 1\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\n# TYPE stkgate_uptime_seconds gauge\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_table_size_bytes 67108864\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_view_used_slots 1\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_view_slots "));
    ck_assert_ptr_null(strstr(answer.body, "\nstkgate_view_slots 0\n"));
    ck_assert_ptr_nonnull(strstr(answer.body, "\nstkgate_view_attached_processes 2\n"));
    ck_assert_ptr_null(strstr(answer.body, "stk_"));
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_check", allows_with_an_empty_body_and_the_identity, answers_as_the_table_has_it,
           tells_a_foreign_site_no_more_than_an_unknown_token, spends_unless_it_peeks,
           a_query_behind_the_service_s_name_can_only_make_it_stricter,
           follows_the_service_s_policy, takes_any_method_and_drops_bodies,
           keeps_the_connection_for_head_and_http_1_0, tells_of_a_legacy_key_s_end,
           holds_callers_to_the_origins_of_the_token, counts_for_metrics)
