#include <config.h>

#include "daemon/http_admin_verbs.h"

#define NS_PER_S UINT64_C(1000000000)

void http_admin_status(struct http_request *request, const struct http_admin *admin,
                       struct text none)
{
    struct service *service = admin->service;
    struct admin_status status = {
        .version = PACKAGE_VERSION,
        .uptime_s = service_uptime_ns(service) / NS_PER_S,
        .config = service_config_of(service),
    };

    int r = service_stats(service, &status.stats);
    if (r < 0)
        http_admin_answer_error(request, 0, r);
    else
        http_admin_answer_json(request, 200, admin_json_status(&status));
}
