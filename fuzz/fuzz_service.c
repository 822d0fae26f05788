/* fuzz_service.c - a file of services.d: what is taken is in its ranges, and a client can be told
 * it */
#include <errno.h>
#include <string.h>

#include "fuzz/config_case.h"
#include "lib/wire/message.h"

FUZZ_TARGET("service");

static void check_sites(struct textlist sites)
{
    struct text site;

    DEMAND(textlist_is_valid(sites));
    for (size_t at = 0; textlist_next(sites, &at, &site);)
        DEMAND(text_is_site(site));
}

static void check_principals(const struct principals *principals)
{
    DEMAND(principals->user_count <= PRINCIPALS_MAX && principals->group_count <= PRINCIPALS_MAX);
}

/* What the daemon would answer to a HELLO. */
static void check_welcome(const struct policy *policy, const struct scope_registry *registry)
{
    static struct welcome welcome, read;
    static uint8_t bytes[WIRE_FRAME_MAX];
    struct frame frame;

    welcome = (struct welcome){.generation = 1, .policy = *policy, .registry = *registry};
    size_t len = welcome_write(bytes, sizeof bytes, 7, &welcome);
    DEMAND(len > 0 && frame_open(bytes, len, &frame) == 0);
    DEMAND(welcome_read(&frame, &read) == 0);
    DEMAND(read.policy.scopes == policy->scopes && read.policy.accept == policy->accept);
    DEMAND(strcmp(read.policy.realm, policy->realm) == 0);
    DEMAND(read.policy.sites_len == policy->sites_len &&
           memcmp(read.policy.sites, policy->sites, policy->sites_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char message[CONFIG_ERROR_MAX];
    struct scope_registry registry;
    struct config *config = config_case_load("services.d/shop.conf", bytes, len);

    if (!config)
        return 0;
    scope_registry_init(&registry);
    int r = config_resolve_scopes(config, &registry, message);
    const struct service_config *service = config_service(config, TEXT("shop"));
    const struct policy *policy = &service->policy;
    DEMAND(strcmp(service->name, "shop") == 0);
    DEMAND(r == 0 || r == -ENOENT);
    /* A scope that nobody registered shuts the service, it does not open it. */
    DEMAND((policy->accept == 0) == (r < 0));
    DEMAND(service->accept != 0 && (policy->accept & ~service->accept) == 0);
    DEMAND(policy->cost >= 1 && policy->cost <= UINT32_MAX && policy->fields <= FIELDS_NONE);
    DEMAND(policy_realm_is_valid(text_of(policy->realm)));
    check_sites(policy_sites(policy));
    check_principals(&service->callers);
    check_principals(&service->direct);
    DEMAND(!service->direct.any);
    check_welcome(policy, &registry);
    config_free(config);
    return 0;
}
