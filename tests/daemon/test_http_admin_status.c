#include <time.h>
#include <unistd.h>

#include "lib/core/moment.h"
#include "tests/daemon/admin_rig.h"
#include "tests/daemon/fixture.h"
#include "tests/suite.h"

START_TEST(tells_of_the_daemon_and_its_table)
{
    struct rig rig;
    int64_t started_at, before = time(NULL);

    admin_rig_start(&rig);
    rig_mint(&rig, "");
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_ptr_nonnull(admin_rig_text(status, "version"));
    ck_assert_int_eq(admin_rig_number(status, "pid"), rig.pid);
    ck_assert_int_ge(admin_rig_number(status, "uptime_s"), 0);
    ck_assert_int_eq(moment_parse(text_of(admin_rig_text(status, "started_at")), &started_at), 0);
    ck_assert_int_ge(started_at, before);
    ck_assert_int_le(started_at, time(NULL));
    ck_assert_int_eq(admin_rig_number(status, "credentials"), 1);
    ck_assert_int_eq(admin_rig_number(status, "seq"), 1);
    ck_assert_int_gt(admin_rig_number(json_object_get(status, "map"), "used_bytes"), 0);
    ck_assert_int_gt(admin_rig_number(json_object_get(status, "map"), "size_bytes"), 0);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(status, "services"), 0)),
                     "default");
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_how_long_commits_took)
{
    struct rig rig;

    admin_rig_start(&rig);
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    const json_t *commits = json_object_get(status, "commits");
    ck_assert_int_eq(admin_rig_number(commits, "count"), 0);
    ck_assert_int_eq(admin_rig_number(commits, "max_us"), 0);
    json_decref(status);
    for (int i = 0; i < 3; i++)
        rig_mint(&rig, "");
    status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    commits = json_object_get(status, "commits");
    ck_assert_int_ge(admin_rig_number(commits, "count"), 3);
    ck_assert_int_eq(admin_rig_number(commits, "queued"), 0);
    ck_assert_int_gt(admin_rig_number(commits, "last_us"), 0);
    ck_assert_int_le(admin_rig_number(commits, "p50_us"), admin_rig_number(commits, "p99_us"));
    ck_assert_int_le(admin_rig_number(commits, "p99_us"), admin_rig_number(commits, "max_us"));
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

START_TEST(counts_checks_by_reason)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    ck_assert_uint_eq(admin_rig_check(&rig, "nonsense"), 401);
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    const json_t *checks = json_object_get(status, "checks");
    ck_assert_uint_eq(json_object_size(checks), REASON_COUNT);
    ck_assert_int_eq(admin_rig_number(checks, "ok"), 2);
    ck_assert_int_eq(admin_rig_number(checks, "malformed_token"), 1);
    ck_assert_int_eq(admin_rig_number(checks, "rate_limited"), 0);
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_the_limits_of_connections)
{
    static const struct fixture_file files[] = {
        {"stkgate.conf", "[daemon]\nconnections = 7\nconnections_per_user = 3\n"
                         "http_connections = 6\nhttp_connections_per_user = 2\n"},
        {NULL, NULL},
    };
    struct rig rig;

    rig_config = files;
    rig_prepare = NULL;
    rig_start(&rig, rig_serve_faces);
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    const json_t *connections = json_object_get(status, "connections");
    ck_assert_int_eq(admin_rig_number(connections, "check"), 0);
    ck_assert_int_eq(admin_rig_number(connections, "check_max"), 7);
    ck_assert_int_eq(admin_rig_number(connections, "check_per_user_max"), 3);
    ck_assert_int_eq(admin_rig_number(connections, "http_max"), 6);
    ck_assert_int_eq(admin_rig_number(connections, "http_per_user_max"), 2);
    ck_assert(json_is_array(json_object_get(status, "clients")));
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

/* As the check socket does when it hands the view out. */
static void attach_three(struct fixture *fixture)
{
    struct attached_list *attached = service_attached(fixture->service);

    ck_assert_int_eq(attached_add(attached, 33, 100), 0);
    ck_assert_int_eq(attached_add(attached, 33, 101), 0);
    ck_assert_int_eq(attached_add(attached, 0, 102), 0);
    while (service_work(fixture->service, 0))
        continue;
    service_refresh(fixture->service);
}

START_TEST(tells_of_the_view_and_who_has_it)
{
    struct rig rig;

    rig_config = NULL;
    rig_prepare = attach_three;
    rig_start(&rig, rig_serve_faces);
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    const json_t *lease = json_object_get(status, "lease");
    const json_t *view = json_object_get(status, "view");
    const json_t *attached = json_object_get(status, "attached");
    const json_t *users = json_object_get(attached, "users");
    ck_assert(json_is_true(json_object_get(lease, "holds")));
    ck_assert_int_gt(admin_rig_number(lease, "remaining_ms"), 0);
    ck_assert_int_gt(admin_rig_number(view, "slots"), 0);
    ck_assert_int_eq(admin_rig_number(view, "used"), 0);
    ck_assert_int_gt(admin_rig_number(view, "resident_bytes"), 0);
    ck_assert(json_is_true(json_object_get(view, "complete")));
    ck_assert_int_eq(admin_rig_number(attached, "processes"), 3);
    ck_assert_uint_eq(json_array_size(users), 2);
    ck_assert_int_eq(admin_rig_number(json_array_get(users, 1), "uid"), 33);
    ck_assert_int_eq(admin_rig_number(json_array_get(users, 1), "processes"), 2);
    json_decref(status);
    rig_mint(&rig, "");
    status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_int_eq(admin_rig_number(json_object_get(status, "view"), "used"), 1);
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_status", tells_of_the_daemon_and_its_table, tells_how_long_commits_took,
           counts_checks_by_reason, tells_the_limits_of_connections,
           tells_of_the_view_and_who_has_it)
