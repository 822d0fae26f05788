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

static struct attached_list *attached;

/* With nobody attached; given back by end(). */
static struct admin_status a_status(const struct quota *quota)
{
    ck_assert_int_eq(attached_new(&attached), 0);
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
        .view = {.slots = 8192,
                 .used = 12,
                 .resident_bytes = 1234567,
                 .lease_ns = 4999999999,
                 .complete = true},
        .attached = attached,
    };
}

static void end(json_t *object)
{
    json_decref(object);
    attached = attached_free(attached);
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
        "\"bytes_per_user_max\":1000},\"lease\":{\"holds\":true,\"remaining_ms\":4999},"
        "\"view\":{\"slots\":8192,\"used\":12,\"resident_bytes\":1234567,\"complete\":true},"
        "\"attached\":{\"processes\":0,\"users\":[]}}");
    free(dump);
    end(object);
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
    end(object);
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
    end(object);
    for (unsigned i = 0; i < 600; i++)
        quota_disconnect(quota, users[i], QUOTA_CHECK, 1);
    quota_free(quota);
}
END_TEST

static json_t *dump_of(const struct admin_status *status, const char *member, char **ret)
{
    json_t *object = admin_json_status(status);
    ck_assert_ptr_nonnull(object);
    *ret = json_dumps(json_object_get(object, member), JSON_COMPACT);
    return object;
}

START_TEST(shows_who_has_the_view)
{
    struct quota *quota;
    char *dump;

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    struct admin_status status = a_status(quota);
    ck_assert_int_eq(attached_add(attached, 33, 100), 0);
    ck_assert_int_eq(attached_add(attached, 33, 101), 0);
    ck_assert_int_eq(attached_add(attached, 33, 101), 0);
    ck_assert_int_eq(attached_add(attached, 0, 102), 0);
    json_t *object = dump_of(&status, "attached", &dump);
    ck_assert_str_eq(dump, "{\"processes\":3,\"users\":[{\"uid\":0,\"processes\":1},"
                           "{\"uid\":33,\"processes\":2}]}");
    free(dump);
    end(object);
    quota_free(quota);
}
END_TEST

START_TEST(shows_so_many_who_have_the_view_and_no_more)
{
    struct quota *quota;

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    struct admin_status status = a_status(quota);
    for (unsigned i = 0; i < 600; i++)
        ck_assert_int_eq(attached_add(attached, 1000 + i, 1), 0);
    json_t *object = admin_json_status(&status);
    const json_t *shown = json_object_get(object, "attached");
    ck_assert_int_eq(json_integer_value(json_object_get(shown, "processes")), 600);
    ck_assert_uint_eq(json_array_size(json_object_get(shown, "users")), 500);
    end(object);
    quota_free(quota);
}
END_TEST

START_TEST(shows_a_view_that_is_not_to_be_gone_by)
{
    struct quota *quota;
    char *dump;

    ck_assert_int_eq(quota_new(&limits, &quota), 0);
    struct admin_status status = a_status(quota);
    status.view = (struct view_stats){.slots = UINT64_MAX};
    json_t *object = dump_of(&status, "lease", &dump);
    ck_assert_str_eq(dump, "{\"holds\":false,\"remaining_ms\":0}");
    free(dump);
    dump = json_dumps(json_object_get(object, "view"), JSON_COMPACT);
    ck_assert_str_eq(dump, "{\"slots\":9223372036854775807,\"used\":0,\"resident_bytes\":0,"
                           "\"complete\":false}");
    free(dump);
    end(object);
    quota_free(quota);
}
END_TEST

SUITE_MAIN("admin_json_status", shows_the_status, shows_who_was_refused,
           shows_so_many_users_and_no_more, shows_who_has_the_view,
           shows_so_many_who_have_the_view_and_no_more, shows_a_view_that_is_not_to_be_gone_by)
