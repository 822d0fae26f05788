/* stkgate.conf and services.d: each mistake is told with file, line and what to write. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static char dir[PATH_MAX];

static int load(const char *path, const char *text, struct config **ret, char *message)
{
    fixture_make_dir(dir);
    fixture_write(dir, "services.d/.keep", "");
    fixture_write(dir, path, text);
    int r = config_load(dir, ret, message);
    fixture_remove_dir(dir);
    return r;
}

START_TEST(no_directory_means_the_defaults_of_the_product)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX];
    ck_assert_int_eq(config_load(NULL, &config, message), 0);
    const struct service_config *service = config_service(config, TEXT("anything"));
    ck_assert_str_eq(service->name, "default");
    ck_assert_uint_eq(service->policy.accept, ACCEPT(KIND_LIVE) | ACCEPT(KIND_LEGACY));
    ck_assert(service->policy.require_site);
    ck_assert_uint_eq(service->policy.cost, 1);
    ck_assert_uint_eq(service->policy.fields, FIELDS_THREE);
    ck_assert_str_eq(service->policy.realm, "storefront");
    ck_assert_uint_eq(service->policy.last_known_ns, 0);
    ck_assert(service->callers.any);
    config_free(config);
}
END_TEST

START_TEST(reads_every_key_of_a_service)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX] = "";
    int r = load("services.d/storefront.conf",
                 "# what the shop may do\n"
                 "[service]\n"
                 "accept = live, test\n"
                 "scope = catalog:read\n"
                 "require_site = no\n"
                 "cost = 3\n"
                 "unavailable = last-known 30s\n"
                 "fields = ietf\n"
                 "realm = kasa shop\n"
                 "callers = root, @root 1234\n"
                 "direct = root\n"
                 "sites = kasa\n"
                 "    shop, third\n",
                 &config, message);
    ck_assert_msg(r == 0, "%s", message);
    const struct service_config *service = config_service(config, TEXT("storefront"));
    ck_assert_str_eq(service->name, "storefront");
    ck_assert_uint_eq(service->accept, ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST));
    ck_assert_str_eq(service->scope_names, "catalog:read");
    ck_assert(!service->policy.require_site);
    ck_assert_uint_eq(service->policy.cost, 3);
    ck_assert_uint_eq(service->policy.last_known_ns, UINT64_C(30000000000));
    ck_assert_uint_eq(service->policy.fields, FIELDS_IETF);
    ck_assert_str_eq(service->policy.realm, "kasa shop");
    ck_assert(!service->callers.any);
    ck_assert_uint_eq(service->callers.user_count, 2);
    ck_assert_uint_eq(service->callers.group_count, 1);
    ck_assert_uint_eq(service->direct.user_count, 1);
    ck_assert_uint_eq(textlist_count(policy_sites(&service->policy)), 3);
    ck_assert(textlist_contains(policy_sites(&service->policy), TEXT("third")));
    config_free(config);
}
END_TEST

START_TEST(reads_every_key_of_the_daemon)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX] = "";
    int r = load("stkgate.conf",
                 "[daemon]\n"
                 "map_size = 1G\n"
                 "change_queue = 3\n"
                 "connections = 100\n"
                 "connections_per_user = 50\n"
                 "connects_per_second = 77\n"
                 "hello_deadline = 250ms\n"
                 "http_connections = 7\n"
                 "http_connections_per_user = 5\n"
                 "http_request_deadline = 3s\n"
                 "http_idle_timeout = 2m\n"
                 "http_header_size = 16K\n"
                 "http_body_size = 8192\n"
                 "bytes_in_flight = 8M\n"
                 "bytes_in_flight_per_user = 4M\n"
                 "admins = @root\n"
                 "admin_connections = 9\n"
                 "log_refusals = no\n"
                 "refusals_logged_per_second = 2\n",
                 &config, message);
    ck_assert_msg(r == 0, "%s", message);
    ck_assert_uint_eq(config->map_size_bytes, UINT64_C(1) << 30);
    ck_assert_uint_eq(config->change_queue_max, 3);
    ck_assert_uint_eq(config->quota.connections[QUOTA_CHECK], 100);
    ck_assert_uint_eq(config->quota.connections_per_user[QUOTA_CHECK], 50);
    ck_assert_uint_eq(config->quota.connections[QUOTA_HTTP], 7);
    ck_assert_uint_eq(config->quota.connections_per_user[QUOTA_HTTP], 5);
    ck_assert_uint_eq(config->quota.bytes, UINT64_C(8) << 20);
    ck_assert_uint_eq(config->quota.bytes_per_user, UINT64_C(4) << 20);
    ck_assert_uint_eq(config->connects_per_s, 77);
    ck_assert_uint_eq(config->hello_deadline_ns, UINT64_C(250000000));
    ck_assert_uint_eq(config->http.request_deadline_ns, UINT64_C(3000000000));
    ck_assert_uint_eq(config->http.idle_timeout_ns, UINT64_C(120000000000));
    ck_assert_uint_eq(config->http.header_bytes_max, 16384);
    ck_assert_uint_eq(config->http.body_bytes_max, 8192);
    ck_assert_uint_eq(config->admin_connections_max, 9);
    ck_assert_uint_eq(config->refusals_logged_per_s, 2);
    ck_assert_uint_eq(config->admins.group_count, 1);
    ck_assert(!config->log_refusals);
    config_free(config);
}
END_TEST

START_TEST(each_mistake_names_its_line_and_a_way_out)
{
    static const struct {
        const char *path, *text, *want;
    } rows[] = {
        {"services.d/a.conf", "acept = live\n", "a.conf:1: acept: no such key"},
        {"services.d/a.conf", "cost = 1\n\ncost = 2\n", "a.conf:3: cost: is given twice"},
        {"services.d/a.conf", "cost = 0\n", "a.conf:1: cost: write a whole number from 1"},
        {"services.d/a.conf", "cost = -1\n", "a.conf:1: cost: write a whole number from 1"},
        {"services.d/a.conf", "cost = 99999999999999999999\n", "write a whole number from 1"},
        {"services.d/a.conf", "accept = alive\n", "write one or more of live, test and legacy"},
        {"services.d/a.conf", "accept =\n", "write one or more of live, test and legacy"},
        {"services.d/a.conf", "scope = CATALOG\n", "CATALOG: not a scope name"},
        {"services.d/a.conf", "require_site = maybe\n", "write yes or no"},
        {"services.d/a.conf", "unavailable = allow\n", "write deny, or last-known"},
        {"services.d/a.conf", "unavailable = last-known 30 parsecs\n", "not a time span"},
        {"services.d/a.conf", "fields = four\n", "write three, ietf or none"},
        {"services.d/a.conf", "realm = a\"b\n", "characters without quotes"},
        {"services.d/a.conf", "callers = no-such-user-here\n", "no such user or group"},
        {"services.d/a.conf", "direct = 65534\n", "65534: never admitted"},
        {"services.d/a.conf", "sites = a/b\n", "a/b: not a site id"},
        {"services.d/a.conf", "[other]\ncost = 1\n", "no such section"},
        {"services.d/a.conf", "nonsense\n", "a.conf:1: not of the form key = value"},
        {"services.d/A B.conf", "cost = 1\n", "a service's name is 1 to 64 characters"},
        {"stkgate.conf", "map_size = 4K\n", "write a size from 1M to 16T"},
        {"stkgate.conf", "connections = many\n", "write a whole number from 1 to 1000000"},
        {"stkgate.conf", "map_size = 1P\n", "write a size from 1M to 16T"},
        {"stkgate.conf", "map_size = 99999999999999T\n", "write a size from 1M to 16T"},
        {"stkgate.conf", "http_body_size = 1\n", "write a size from 1K to 16M"},
        {"stkgate.conf", "connections = 10K\n", "write a whole number from 1 to 1000000"},
        {"stkgate.conf", "hello_deadline = 0s\n", "not a time span in range"},
        {"stkgate.conf", "http_idle_timeout = 2 years\n", "write one from 10ms to 1d"},
        {"stkgate.conf", "log_refusals = 1\n", "write yes or no"},
        {"stkgate.conf", "conections = 5\n", "stkgate.conf:1: conections: no such key"},
        {"stkgate.conf", "[daemon]\nconnections = 5\n[daemon]\nconnections = 6\n",
         "stkgate.conf:4: connections: is given twice"},
        {"stkgate.conf", "connections = 5\n[service]\ncost = 1\n", "no such section"},
        {"stkgate.conf", "connections = 5\n[daemon\n", "stkgate.conf:2: not of the form"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config *config = NULL;
        char message[CONFIG_ERROR_MAX] = "";
        ck_assert_int_lt(load(rows[i].path, rows[i].text, &config, message), 0);
        ck_assert_msg(strstr(message, rows[i].want) != NULL, "row %zu: %s", i, message);
        ck_assert_ptr_null(config);
    }
}
END_TEST

START_TEST(refuses_lines_and_files_without_end)
{
    static char text[300 * 1024];
    struct config *config;
    char message[CONFIG_ERROR_MAX];
    memset(text, 'a', 5000);
    text[5000] = '\0';
    ck_assert_int_eq(load("stkgate.conf", text, &config, message), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "longer than 4096 bytes"));
    ck_assert_ptr_nonnull(strstr(message, "stkgate.conf:1: "));
    memset(text, '\n', sizeof text - 1);
    ck_assert_int_eq(load("stkgate.conf", text, &config, message), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "larger than 256 KiB"));
}
END_TEST

/* What stands in the place of a file, and what is said of it. */
START_TEST(a_file_that_is_none_is_told_by_its_name)
{
    struct config *config = NULL;
    char message[CONFIG_ERROR_MAX] = "", path[PATH_MAX + 32];
    fixture_make_dir(dir);
    snprintf(path, sizeof path, "%s/stkgate.conf", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(config_load(dir, &config, message), -EISDIR);
    ck_assert_ptr_nonnull(strstr(message, "stkgate.conf: "));
    ck_assert_int_eq(rmdir(path), 0);

    ck_assert_int_eq(symlink("stkgate.conf", path), 0);
    ck_assert_int_eq(config_load(dir, &config, message), -ELOOP);
    ck_assert_ptr_nonnull(strstr(message, "stkgate.conf: "));
    ck_assert_int_eq(unlink(path), 0);

    ck_assert_int_eq(symlink("moved-away.conf", path), 0);
    ck_assert_int_eq(config_load(dir, &config, message), -ENOLINK);
    ck_assert_ptr_nonnull(strstr(message, "stkgate.conf: a symbolic link that leads nowhere"));
    ck_assert_int_eq(unlink(path), 0);

    /* A pipe that nobody writes to would keep a daemon from starting. */
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_lt(config_load(dir, &config, message), 0);
    ck_assert_ptr_nonnull(strstr(message, "not a regular file"));
    ck_assert_int_eq(unlink(path), 0);

    snprintf(path, sizeof path, "%s/services.d", dir);
    fixture_write(dir, "services.d", "cost = 1\n");
    ck_assert_int_eq(config_load(dir, &config, message), -ENOTDIR);
    ck_assert_ptr_nonnull(strstr(message, "services.d: "));
    ck_assert_ptr_null(config);
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(a_file_that_may_not_be_read_is_told_by_its_name)
{
    struct config *config = NULL;
    char message[CONFIG_ERROR_MAX] = "", path[PATH_MAX + 32];
    fixture_make_dir(dir);
    fixture_write(dir, "services.d/shop.conf", "cost = 1\n");
    snprintf(path, sizeof path, "%s/services.d/shop.conf", dir);
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(chmod(dir, 0755), 0);
    char services[PATH_MAX + 32];
    snprintf(services, sizeof services, "%s/services.d", dir);
    ck_assert_int_eq(chmod(services, 0755), 0);
    /* root reads all: be somebody else for a moment. */
    uid_t before = geteuid();
    if (before == 0)
        ck_assert_int_eq(seteuid(UID_NOBODY), 0);
    int r = config_load(dir, &config, message);
    ck_assert_int_eq(seteuid(before), 0);
    ck_assert_int_eq(r, -EACCES);
    ck_assert_ptr_nonnull(strstr(message, "services.d/shop.conf: "));
    ck_assert_ptr_nonnull(strstr(message, "chmod"));
    fixture_remove_dir(dir);
}
END_TEST

START_TEST(leaves_editors_backups_alone)
{
    struct config *config;
    char message[CONFIG_ERROR_MAX] = "";
    ck_assert_int_eq(load("services.d/shop.conf~", "nonsense\n", &config, message), 0);
    ck_assert_uint_eq(config->service_count, 1);
    config_free(config);
}
END_TEST

START_TEST(a_service_with_an_unregistered_scope_accepts_nothing)
{
    struct config *config;
    struct scope_registry registry;
    char message[CONFIG_ERROR_MAX] = "";
    unsigned bit;
    ck_assert_int_eq(load("services.d/a.conf", "scope = orders:read\n", &config, message), 0);
    scope_registry_init(&registry);
    ck_assert_int_eq(config_resolve_scopes(config, &registry, message), -ENOENT);
    ck_assert_ptr_nonnull(strstr(message, "stkgate admin scope add orders:read"));
    ck_assert_uint_eq(config_service(config, TEXT("a"))->policy.accept, 0);
    ck_assert_uint_ne(config_service(config, TEXT("b"))->policy.accept, 0);

    ck_assert_int_eq(scope_registry_add(&registry, TEXT("orders:read"), &bit), 0);
    ck_assert_int_eq(config_resolve_scopes(config, &registry, message), 0);
    ck_assert_uint_eq(config_service(config, TEXT("a"))->policy.scopes, UINT64_C(1) << bit);
    ck_assert_uint_ne(config_service(config, TEXT("a"))->policy.accept, 0);
    config_free(config);
}
END_TEST

SUITE_MAIN("config", no_directory_means_the_defaults_of_the_product, reads_every_key_of_a_service,
           reads_every_key_of_the_daemon, each_mistake_names_its_line_and_a_way_out,
           refuses_lines_and_files_without_end, a_file_that_is_none_is_told_by_its_name,
           a_file_that_may_not_be_read_is_told_by_its_name, leaves_editors_backups_alone,
           a_service_with_an_unregistered_scope_accepts_nothing)
