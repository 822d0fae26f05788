#include <stdlib.h>

#include "daemon/admin_json.h"
#include "daemon/quota.h"
#include "tests/suite.h"

static const struct quota_limits limits = {
    .connections = {[QUOTA_CHECK] = 700, [QUOTA_HTTP] = 600},
    .connections_per_user = {[QUOTA_CHECK] = 3, [QUOTA_HTTP] = 2},
    .bytes = 5000000,
    .bytes_per_user = 1000,
};

static struct service_config services[2] = {{.name = "default"}, {.name = "shop"}};
static const struct config config = {.services = services, .service_count = 2};

static struct admin_status a_status(const struct quota *quota)
{
    return (struct admin_status){
        .version = "0.1.0",
        .uptime_s = 5,
        .started_at = 1767225600,
        .pid = 42,
        .stats = {.credentials = 3, .map_bytes = 100, .used_bytes = 40, .seq = 9},
        .commits = {.commits = 8,
                    .queued = 1,
                    .last_ns = 2500,
                    .p50_ns = 3000,
                    .p99_ns = 4999,
                    .max_ns = 5000},
        .checks = {[REASON_OK] = 7, [REASON_UNAVAILABLE] = UINT64_MAX},
        .config = &config,
        .quota = quota,
    };
}

START_TEST(shows_the_status)
{
    struct quota *quota;
    struct quota_user *user;

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    ck_assert_int_eq(quota_connect(quota, 33, QUOTA_HTTP, 100, &user), 0);
    struct admin_status status = a_status(quota);
    json_t *object = admin_json_status(&status);
    char *dump = json_dumps(object, JSON_COMPACT);
    ck_assert_str_eq(
        dump,
        "{\"version\":\"0.1.0\",\"uptime_s\":5,\"started_at\":\"2026-01-01T00:00:00Z\",\"pid\":42,"
        "\"seq\":9,\"credentials\":3,\"map\":{\"used_bytes\":40,\"size_bytes\":100},"
        "\"commits\":{\"count\":8,\"queued\":1,\"last_us\":2,\"p50_us\":3,\"p99_us\":4,"
        "\"max_us\":5},\"checks\":{\"ok\":7,\"missing_token\":0,\"malformed_token\":0,"
        "\"unknown_token\":0,\"revoked_token\":0,\"suspended_token\":0,\"expired_token\":0,"
        "\"legacy_sunset\":0,\"site_mismatch\":0,\"origin_denied\":0,\"insufficient_scope\":0,"
        "\"cost_exceeds_burst\":0,\"rate_limited\":0,\"unavailable\":9223372036854775807},"
        "\"services\":[\"default\",\"shop\"],"
        "\"clients\":[{\"uid\":33,\"check_connections\":0,\"http_connections\":1,\"bytes\":100,"
        "\"refused\":0}],"
        "\"connections\":{\"check\":0,\"check_max\":700,\"check_per_user_max\":3,\"http\":1,"
        "\"http_max\":600,\"http_per_user_max\":2,\"bytes\":100,\"bytes_max\":5000000,"
        "\"bytes_per_user_max\":1000},\"lease\":null}");
    free(dump);
    json_decref(object);
    quota_disconnect(quota, user, QUOTA_HTTP, 100);
    quota_free(quota);
}
END_TEST

START_TEST(shows_who_was_refused)
{
    struct quota *quota;
    struct quota_user *user;

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    ck_assert_int_lt(quota_connect(quota, 33, QUOTA_HTTP, 1001, &user), 0);
    struct admin_status status = a_status(quota);
    json_t *object = admin_json_status(&status);
    const json_t *client = json_array_get(json_object_get(object, "clients"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(client, "uid")), 33);
    ck_assert_int_eq(json_integer_value(json_object_get(client, "refused")), 1);
    json_decref(object);
    quota_free(quota);
}
END_TEST

START_TEST(shows_so_many_users_and_no_more)
{
    struct quota *quota;
    struct quota_user *users[600];

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    for (unsigned i = 0; i < 600; i++)
        ck_assert_int_eq(quota_connect(quota, 1000 + i, QUOTA_CHECK, 1, &users[i]), 0);
    struct admin_status status = a_status(quota);
    json_t *object = admin_json_status(&status);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "clients")), 500);
    ck_assert_int_eq(
        json_integer_value(json_object_get(json_object_get(object, "connections"), "check")), 600);
    json_decref(object);
    for (unsigned i = 0; i < 600; i++)
        quota_disconnect(quota, users[i], QUOTA_CHECK, 1);
    quota_free(quota);
}
END_TEST

SUITE_MAIN("admin_json_status", shows_the_status, shows_who_was_refused,
           shows_so_many_users_and_no_more)
