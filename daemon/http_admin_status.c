#include <unistd.h>

#include <config.h>

#include "daemon/http_admin_verbs.h"

#define NS_PER_S UINT64_C(1000000000)

void http_admin_status(struct http_request *request, struct service *service, struct text none)
{
    uint64_t uptime_ns = service_uptime_ns(service);
    struct admin_status status = {
        .version = PACKAGE_VERSION,
        .uptime_s = uptime_ns / NS_PER_S,
        .started_at = (int64_t)((service_wall_ns(service) - uptime_ns) / NS_PER_S),
        .pid = getpid(),
        .config = service_config_of(service),
        .quota = service_quota(service),
        .attached = service_attached(service),
    };

    for (unsigned reason = 0; reason < REASON_COUNT; reason++)
        status.checks[reason] = service_reason_count(service, (enum reason)reason);
    service_commit_stats(service, &status.commits);
    service_view_stats(service, &status.view);
    int r = service_stats(service, &status.stats);
    if (r < 0)
        http_admin_answer_error(request, 0, r);
    else
        http_admin_answer_json(request, 200, admin_json_status(&status));
}
