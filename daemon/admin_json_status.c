#include "daemon/admin_json.h"

#include "daemon/quota.h"
#include "lib/core/moment.h"

/* Of so many users: an answer has an end, however many come. */
#define CLIENTS_MAX 500

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *microseconds(uint64_t ns)
{
    return number(ns / 1000);
}

static json_t *moment(int64_t unix_s)
{
    char text[MOMENT_TEXT_MAX];

    moment_rfc3339(unix_s, text);
    return json_string(text);
}

static json_t *map_value(const struct store_stats *stats)
{
    return json_pack("{s:o,s:o}", "used_bytes", number(stats->used_bytes), "size_bytes",
                     number(stats->map_bytes));
}

static json_t *commits_value(const struct committer_stats *commits)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "count", number(commits->commits), "queued",
                     number(commits->queued), "last_us", microseconds(commits->last_ns), "p50_us",
                     microseconds(commits->p50_ns), "p99_us", microseconds(commits->p99_ns),
                     "max_us", microseconds(commits->max_ns));
}

static json_t *checks_value(const uint64_t counts[static REASON_COUNT])
{
    json_t *checks = json_object();

    for (unsigned reason = 0; reason < REASON_COUNT; reason++)
        json_object_set_new(checks, reason_name(reason), number(counts[reason]));
    return checks;
}

static json_t *services_value(const struct config *config)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < config->service_count; i++)
        json_array_append_new(names, json_string(config->services[i].name));
    return names;
}

static int on_client(const struct quota_usage *usage, void *userdata)
{
    json_t *clients = userdata;

    if (json_array_size(clients) == CLIENTS_MAX)
        return 1;
    json_t *client = json_pack("{s:o,s:o,s:o,s:o,s:o}", "uid", number(usage->uid),
                               "check_connections", number(usage->connections[QUOTA_CHECK]),
                               "http_connections", number(usage->connections[QUOTA_HTTP]), "bytes",
                               number(usage->bytes), "refused", number(usage->refused));
    return json_array_append_new(clients, client) < 0 ? -1 : 0;
}

static json_t *clients_value(const struct quota *quota)
{
    json_t *clients = json_array();

    if (quota_walk(quota, on_client, clients) >= 0)
        return clients;
    json_decref(clients);
    return NULL;
}

static json_t *connections_value(const struct quota *quota)
{
    const struct quota_limits *limits = quota_limits_of(quota);
    struct quota_usage total;

    quota_total(quota, &total);
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "check", number(total.connections[QUOTA_CHECK]),
        "check_max", number(limits->connections[QUOTA_CHECK]), "check_per_user_max",
        number(limits->connections_per_user[QUOTA_CHECK]), "http",
        number(total.connections[QUOTA_HTTP]), "http_max", number(limits->connections[QUOTA_HTTP]),
        "http_per_user_max", number(limits->connections_per_user[QUOTA_HTTP]), "bytes",
        number(total.bytes), "bytes_max", number(limits->bytes), "bytes_per_user_max",
        number(limits->bytes_per_user));
}

/* ---- the view and who has it -------------------------------------------------------------------
 */

static json_t *lease_value(const struct view_stats *view)
{
    return json_pack("{s:b,s:o}", "holds", view->lease_ns > 0, "remaining_ms",
                     number(view->lease_ns / 1000000));
}

static json_t *view_value(const struct view_stats *view)
{
    return json_pack("{s:o,s:o,s:o,s:b}", "slots", number(view->slots), "used", number(view->used),
                     "resident_bytes", number(view->resident_bytes), "complete", view->complete);
}

static int on_user(uid_t uid, unsigned processes, void *userdata)
{
    json_t *users = userdata;

    if (json_array_size(users) == CLIENTS_MAX)
        return 1;
    json_t *user = json_pack("{s:o,s:o}", "uid", number(uid), "processes", number(processes));
    return json_array_append_new(users, user) < 0 ? -1 : 0;
}

static json_t *attached_value(const struct attached_list *attached)
{
    json_t *users = json_array();

    if (attached_each(attached, on_user, users) >= 0)
        return json_pack("{s:o,s:o}", "processes", number(attached_count(attached)), "users",
                         users);
    json_decref(users);
    return NULL;
}

json_t *admin_json_status(const struct admin_status *status)
{
    return json_pack(
        "{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "version", status->version,
        "uptime_s", number(status->uptime_s), "started_at", moment(status->started_at), "pid",
        number((uint64_t)status->pid), "seq", number(status->stats.seq), "credentials",
        number(status->stats.credentials), "map", map_value(&status->stats), "commits",
        commits_value(&status->commits), "checks", checks_value(status->checks), "services",
        services_value(status->config), "clients", clients_value(status->quota), "connections",
        connections_value(status->quota), "lease", lease_value(&status->view), "view",
        view_value(&status->view), "attached", attached_value(status->attached));
}
