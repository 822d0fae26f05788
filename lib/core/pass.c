/* pass.c - see pass.h */
#include "lib/core/pass.h"

#include "lib/core/bucket.h"

static bool never_changes_by_itself(const struct record *record)
{
    return (record->expires_at | record->grace_until | record->deprecation_at |
            record->sunset_at) == 0;
}

static bool has_room(const struct record *record)
{
    return record->site.len > 0 && record->site.len <= PASS_SITE_MAX &&
           record->key_id.len == KEY_ID_LEN && record->limit.requests <= UINT32_MAX &&
           record->limit.burst <= UINT32_MAX;
}

void pass_prepare(struct pass *ret, const struct policy *policy, const struct query *query,
                  const struct record *record)
{
    struct rate rate;

    ret->kind = KIND_NONE;
    if (query->form != CREDENTIAL_TOKEN || !decide_knows(policy, query, record) ||
        record->revoked || record->suspended || record->strict || record->origins.len > 0 ||
        record->link.len > 0 || !never_changes_by_itself(record) || !has_room(record) ||
        rate_init(&rate, &record->limit) != RATE_OK)
        return;
    ret->site_len = (uint8_t)record->site.len;
    memcpy(ret->key_id, record->key_id.data, KEY_ID_LEN);
    memset(ret->site, 0, sizeof ret->site);
    memcpy(ret->site, record->site.data, record->site.len);
    ret->requests = (uint32_t)record->limit.requests;
    ret->burst = (uint32_t)record->limit.burst;
    ret->window_ns = record->limit.window_ns;
    ret->interval_ns = rate.interval_ns;
    ret->scopes = record->scopes;
    ret->kind = (uint8_t)record->kind;
}

bool pass_admits(const struct pass *pass, const struct policy *policy,
                 const struct pass_query *query, _Atomic uint64_t *tat, uint64_t now_ns,
                 struct rate_result *ret)
{
    const struct rate rate = {pass->interval_ns, pass->burst, pass->burst * pass->interval_ns};
    uint64_t cost = query->peek ? 1 : decide_cost(policy, query->cost);

    return pass->kind != KIND_NONE && query->site.len == pass->site_len &&
           memcmp(query->site.data, pass->site, pass->site_len) == 0 &&
           ((query->scopes | policy->scopes) & ~pass->scopes) == 0 && cost <= pass->burst &&
           bucket_spend(&rate, tat, now_ns, cost, query->peek, ret) && ret->allowed;
}
