#include "daemon/config_daemon.h"

#include <stddef.h>

#include "daemon/config_value.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define MS  UINT64_C(1000000)
#define S   UINT64_C(1000000000)

/* A kind of value: how it is taken and shown. */
#define COUNT           .take = config_take_count, .show = config_show_count
#define NUMBER          .take = config_take_number, .show = config_show_number
#define SIZE            .take = config_take_size, .show = config_show_size
#define SPAN            .take = config_take_span, .show = config_show_span
#define YES_NO          .take = config_take_bool, .show = config_show_bool
#define PRINCIPALS      .take = config_take_principals, .show = config_show_principals, .list = true

#define AT(member)      .offset = offsetof(struct config, member)
#define RANGE(low, top) .min = (low), .max = (top)

/* The least sizes let one ordinary request through; a request deadline below that of a loaded
 * machine's would refuse everybody. */
static const struct config_key keys[] = {
    {"map_size", SIZE, AT(map_size_bytes), RANGE(MIB, 16 * TIB), .at_start = true},
    {"change_queue", COUNT, AT(change_queue_max), RANGE(1, 1000000)},

    {"connections", COUNT, AT(quota.connections[QUOTA_CHECK]), RANGE(1, 1000000)},
    {"connections_per_user", COUNT, AT(quota.connections_per_user[QUOTA_CHECK]), RANGE(1, 1000000)},
    {"connects_per_second", COUNT, AT(connects_per_s), RANGE(10, 1000000)},
    {"hello_deadline", SPAN, AT(hello_deadline_ns), RANGE(10 * MS, 600 * S)},

    {"http_connections", COUNT, AT(quota.connections[QUOTA_HTTP]), RANGE(1, 1000000)},
    {"http_connections_per_user", COUNT, AT(quota.connections_per_user[QUOTA_HTTP]),
     RANGE(1, 1000000)},
    {"http_request_deadline", SPAN, AT(http.request_deadline_ns), RANGE(10 * MS, 600 * S)},
    {"http_idle_timeout", SPAN, AT(http.idle_timeout_ns), RANGE(10 * MS, 86400 * S)},
    {"http_header_size", SIZE, AT(http.header_bytes_max), RANGE(4 * KIB, 16 * MIB)},
    {"http_body_size", SIZE, AT(http.body_bytes_max), RANGE(1 * KIB, 16 * MIB)},

    {"bytes_in_flight", SIZE, AT(quota.bytes), RANGE(MIB, TIB)},
    {"bytes_in_flight_per_user", SIZE, AT(quota.bytes_per_user), RANGE(MIB, TIB)},

    {"admins", PRINCIPALS, AT(admins)},
    {"admin_connections", COUNT, AT(admin_connections_max), RANGE(2, 10000)},

    {"log_refusals", YES_NO, AT(log_refusals)},
    {"refusals_logged_per_second", COUNT, AT(refusals_logged_per_s), RANGE(1, 1000000)},
};

const struct config_key *config_daemon_keys(size_t *ret_count)
{
    *ret_count = sizeof keys / sizeof keys[0];
    return keys;
}

/* One user gets at most half of what there is: a web server's workers are all of one uid, and so is
 * all that a hijacked one can open. */
void config_daemon_init(struct config *config)
{
    config->map_size_bytes = 16 * GIB;
    config->change_queue_max = 4096;
    config->quota = (struct quota_limits){
        .connections = {[QUOTA_CHECK] = 4096, [QUOTA_HTTP] = 512},
        .connections_per_user = {[QUOTA_CHECK] = 2048, [QUOTA_HTTP] = 256},
        .bytes = 256 * MIB,
        .bytes_per_user = 128 * MIB,
    };
    config->connects_per_s = 5000;
    config->hello_deadline_ns = 5 * S;
    config->http = (struct http_limits){
        .request_deadline_ns = 10 * S,
        .idle_timeout_ns = 60 * S,
        .header_bytes_max = 32 * KIB,
        .body_bytes_max = 64 * KIB,
    };
    config->admin_connections_max = 32;
    config->log_refusals = true;
    config->refusals_logged_per_s = 50;
}
