/* fuzz_config.c - stkgate.conf: what is taken is in its ranges */
#include "fuzz/config_case.h"

FUZZ_TARGET("config");

#define TEN_MS UINT64_C(10000000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct config *config = config_case_load("stkgate.conf", bytes, len);

    if (!config)
        return 0;
    DEMAND(config->map_size_bytes >= UINT64_C(1) << 20 && config->map_size_bytes <= UINT64_C(1)
                                                                                        << 44);
    for (int face = 0; face < QUOTA_FACES; face++)
        DEMAND(config->quota.connections[face] >= 1 &&
               config->quota.connections_per_user[face] >= 1);
    DEMAND(config->quota.bytes >= 1 && config->quota.bytes_per_user >= 1);
    DEMAND(config->hello_deadline_ns >= TEN_MS && config->http.request_deadline_ns >= TEN_MS);
    DEMAND(config->http.header_bytes_max >= 1 && config->http.body_bytes_max >= 1);
    DEMAND(config->admin_connections_max >= 1 && config->change_queue_max >= 1);
    DEMAND(config->refusals_logged_per_s >= 1);
    DEMAND(config->admins.user_count <= PRINCIPALS_MAX &&
           config->admins.group_count <= PRINCIPALS_MAX);
    /* However it is written, nobody is an administrator for no reason. */
    DEMAND(!config->admins.any);
    DEMAND(config->service_count == 1);
    config_free(config);
    return 0;
}
