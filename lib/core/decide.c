/* decide.c - see decide.h */
#include "lib/core/decide.h"

#include "lib/core/bucket.h"

static const struct {
    const char *name;
    unsigned status;
} reasons[REASON_COUNT] = {
    [REASON_OK] = {"ok", 200},
    [REASON_MISSING_TOKEN] = {"missing_token", 401},
    [REASON_MALFORMED_TOKEN] = {"malformed_token", 401},
    [REASON_UNKNOWN_TOKEN] = {"unknown_token", 401},
    [REASON_REVOKED_TOKEN] = {"revoked_token", 401},
    [REASON_SUSPENDED_TOKEN] = {"suspended_token", 401},
    [REASON_EXPIRED_TOKEN] = {"expired_token", 401},
    [REASON_LEGACY_SUNSET] = {"legacy_sunset", 401},
    [REASON_SITE_MISMATCH] = {"site_mismatch", 401},
    [REASON_ORIGIN_DENIED] = {"origin_denied", 403},
    [REASON_INSUFFICIENT_SCOPE] = {"insufficient_scope", 403},
    [REASON_COST_EXCEEDS_BURST] = {"cost_exceeds_burst", 403},
    [REASON_RATE_LIMITED] = {"rate_limited", 429},
    [REASON_UNAVAILABLE] = {"unavailable", 503},
};

const char *reason_name(unsigned reason)
{
    return reason < REASON_COUNT ? reasons[reason].name : "unknown";
}

unsigned reason_status(unsigned reason)
{
    return reason < REASON_COUNT ? reasons[reason].status : 503;
}

void verdict_init(struct verdict *verdict)
{
    /* Not the link, which few have and is as large as all else: it is on the way of each check. */
    memset(verdict, 0, offsetof(struct verdict, link));
    verdict->link[0] = '\0';
    verdict->reason = REASON_UNAVAILABLE;
}

/* To a service, a token of a kind that it does not accept, or of a site that it may not ask about,
 * is not in the table: a hijacked vhost learns nothing of it, not even that it exists. */
static bool policy_knows(const struct policy *policy, const struct record *record)
{
    struct textlist sites = policy_sites(policy);
    return (policy->accept & ACCEPT(record->kind)) != 0 &&
           (sites.len == 0 || textlist_contains(sites, record->site));
}

/* Row 3: a digest that differs means that the table is damaged, or that whoever looked it up was;
 * a kind that differs, that somebody's token was stored as another's. Neither is in the table. */
bool decide_knows(const struct policy *policy, const struct query *query,
                  const struct record *record)
{
    return record && digest_equal(record->digest, query->digest) && record->kind == query->kind &&
           policy_knows(policy, record);
}

static void verdict_describe(struct verdict *verdict, const struct record *record)
{
    verdict->kind = record->kind;
    verdict->scopes = record->scopes;
    verdict->limit = record->limit.requests;
    verdict->window_ns = record->limit.window_ns;
    verdict->burst = record->limit.burst;
    verdict->deprecation_at = record->deprecation_at;
    verdict->sunset_at = record->sunset_at;
    text_copy(record->key_id, verdict->key_id, sizeof verdict->key_id);
    text_copy(record->site, verdict->site, sizeof verdict->site);
    if (record->link.len > 0)
        text_copy(record->link, verdict->link, sizeof verdict->link);
}

/* Row 4. */
static enum reason reason_of_state(const struct record *record, int64_t now_s)
{
    switch (record_state_at(record, now_s)) {
    case RECORD_ACTIVE: return REASON_OK;
    case RECORD_SUSPENDED: return REASON_SUSPENDED_TOKEN;
    case RECORD_REVOKED: return REASON_REVOKED_TOKEN;
    case RECORD_EXPIRED:
        return record->expires_at != 0 && now_s >= record->expires_at ? REASON_EXPIRED_TOKEN
                                                                      : REASON_LEGACY_SUNSET;
    }
    return REASON_UNAVAILABLE;
}

/* Row 5. A legacy key is half of a pair: without its site id it is no credential. */
static bool site_is_right(const struct policy *policy, const struct query *query,
                          const struct record *record)
{
    if (query->site.len == 0)
        return !policy->require_site && record->kind != KIND_LEGACY;
    return text_equal(query->site, record->site);
}

/* Row 6. */
static bool origin_is_allowed(const struct query *query, const struct record *record)
{
    if (record->origins.len == 0)
        return true;
    if (query->origin.len == 0)
        return record->missing_origin_allowed;
    return origin_matches(record->origins, query->origin);
}

/* Row 9. False from the bucket: its state is elsewhere. */
static enum reason decide_rate(const struct rate *rate, const struct query *query, uint64_t cost,
                               _Atomic uint64_t *tat, uint64_t now_ns, struct verdict *ret)
{
    struct rate_result result;

    if (!bucket_spend(rate, tat, now_ns, cost, query->peek, &result))
        return REASON_UNAVAILABLE;
    ret->remaining = result.remaining;
    ret->next_ns = result.next_in_ns;
    ret->retry_ns = result.retry_ns;
    ret->reset_ns = result.allowed ? result.full_in_ns : result.retry_ns;
    return result.allowed ? REASON_OK : REASON_RATE_LIMITED;
}

void decide(const struct policy *policy, const struct query *query, const struct record *record,
            _Atomic uint64_t *tat, struct clock_reading now, struct verdict *ret)
{
    verdict_init(ret);
    ret->needed = query->scopes | policy->scopes;

    enum reason form = reason_of_form(query->form);
    if (form != REASON_OK) {
        ret->reason = form;
        return;
    }
    if (!decide_knows(policy, query, record)) {
        ret->reason = REASON_UNKNOWN_TOKEN;
        return;
    }
    verdict_describe(ret, record);

    struct rate rate;
    uint64_t cost = query->peek ? 1 : decide_cost(policy, query->cost);
    enum reason state = reason_of_state(record, now.wall_s);
    if (state != REASON_OK)
        ret->reason = state;
    else if (!site_is_right(policy, query, record))
        ret->reason = REASON_SITE_MISMATCH;
    else if (!origin_is_allowed(query, record))
        ret->reason = REASON_ORIGIN_DENIED;
    else if ((ret->needed & ~record->scopes) != 0)
        ret->reason = REASON_INSUFFICIENT_SCOPE;
    else if (!tat || rate_init(&rate, &record->limit) != RATE_OK)
        ret->reason = REASON_UNAVAILABLE;
    else if (cost > rate.burst)
        ret->reason = REASON_COST_EXCEEDS_BURST;
    else
        ret->reason = decide_rate(&rate, query, cost, tat, now.mono_ns, ret);
}
