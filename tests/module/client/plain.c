#include "tests/module/client/plain.h"

const char *const plain_sites[] = {"kasa", "lumen",
                                   "a-site-with-a-name-of-more-bytes-than-a-slot-has-for-it"};
const char plain_link[] = "https://docs.example/keys";

/* ---- buckets -----------------------------------------------------------------------------------
 */

/* One unit flows in per interval, which is rounded up: never more than the limit says. */
static uint64_t interval_ns(const struct plain_limit *limit)
{
    return (limit->window_ns + limit->requests - 1) / limit->requests;
}

static uint64_t full_ns(const struct plain_limit *limit)
{
    return limit->burst * interval_ns(limit);
}

static void flow_in(struct plain *who, uint64_t now_ns)
{
    uint64_t room_ns = full_ns(&who->limit) - who->credit_ns;
    uint64_t passed_ns = now_ns - who->at_ns;
    who->credit_ns += passed_ns < room_ns ? passed_ns : room_ns;
    who->at_ns = now_ns;
}

uint64_t plain_debt_ns(struct plain *who, uint64_t now_ns)
{
    flow_in(who, now_ns);
    return full_ns(&who->limit) - who->credit_ns;
}

void plain_begin(struct plain *who, const struct plain_limit *limit, uint64_t now_ns)
{
    who->limit = *limit;
    who->credit_ns = full_ns(limit);
    who->at_ns = now_ns;
}

/* What it has under another limit, a part of a nanosecond less. */
static uint64_t credit_under(struct plain *who, const struct plain_limit *limit, uint64_t now_ns)
{
    __extension__ typedef unsigned __int128 wide;
    if (plain_debt_ns(who, now_ns) == 0)
        return full_ns(limit);
    wide credit = (wide)who->credit_ns * interval_ns(limit) / interval_ns(&who->limit);
    return credit < full_ns(limit) ? (uint64_t)credit : full_ns(limit);
}

void plain_set_limit(struct plain *who, const struct plain_limit *limit, uint64_t now_ns)
{
    who->credit_ns = credit_under(who, limit, now_ns);
    who->limit = *limit;
}

void plain_carry_debt(struct plain *from, struct plain *to, uint64_t now_ns)
{
    uint64_t credit_ns = credit_under(from, &to->limit, now_ns);
    flow_in(to, now_ns);
    if (credit_ns < to->credit_ns)
        to->credit_ns = credit_ns;
}

static bool spend(const struct plain_call *call, uint64_t cost, struct stkgate_verdict *ret)
{
    struct plain *who = call->who;
    uint64_t one_ns = interval_ns(&who->limit);
    flow_in(who, call->now_ns);
    uint64_t left_ns = who->credit_ns;
    bool passes = cost * one_ns <= left_ns;
    if (passes)
        left_ns -= cost * one_ns;
    else
        ret->retry_after_ns = cost * one_ns - left_ns;
    uint64_t missing_ns = full_ns(&who->limit) - left_ns;
    ret->remaining = left_ns / one_ns;
    ret->reset_ns = passes ? missing_ns : ret->retry_after_ns;
    ret->next_ns = missing_ns == 0 ? 0 : one_ns - left_ns % one_ns;
    if (passes && !call->peek)
        who->credit_ns = left_ns;
    return passes;
}

/* ---- the table ---------------------------------------------------------------------------------
 */

bool plain_is_over(const struct plain *who, int64_t wall_s)
{
    return who->revoked || (who->grace_until != 0 && wall_s >= who->grace_until);
}

static bool is_accepted(const struct plain_policy *policy, const struct plain *who)
{
    return (policy->kinds >> who->kind & 1) != 0 &&
           (policy->sites == 0 || (policy->sites >> who->site & 1) != 0);
}

static bool is_site_right(const struct plain_call *call)
{
    if (call->site == PLAIN_NOBODY)
        return !call->policy->require_site && call->who->kind != STKGATE_KIND_LEGACY;
    return call->site == call->who->site;
}

static bool is_origin_right(const struct plain_call *call)
{
    if (call->who->origins == 0)
        return true;
    return call->origin == PLAIN_NOBODY ? call->who->missing_origin_allowed
                                        : (call->who->origins >> call->origin & 1) != 0;
}

static void describe(const struct plain *who, struct stkgate_verdict *ret)
{
    ret->kind = who->kind;
    ret->scopes = who->scopes;
    ret->limit = who->limit.requests;
    ret->window_ns = who->limit.window_ns;
    ret->burst = who->limit.burst;
    ret->deprecation = who->deprecation_at;
    ret->sunset = who->sunset_at;
    memcpy(ret->key_id, who->key_id, strlen(who->key_id));
    memcpy(ret->site, plain_sites[who->site], strlen(plain_sites[who->site]));
    if (who->linked)
        memcpy(ret->link, plain_link, strlen(plain_link));
}

/* The rows, in their order. */
static uint32_t reason_of(const struct plain_call *call, struct stkgate_verdict *ret)
{
    const struct plain *who = call->who;
    if (!who)
        return call->unknown;
    if (who->gone || !is_accepted(call->policy, who))
        return STKGATE_UNKNOWN_TOKEN;
    describe(who, ret);
    if (plain_is_over(who, call->wall_s))
        return STKGATE_REVOKED_TOKEN;
    if (who->suspended)
        return STKGATE_SUSPENDED_TOKEN;
    if (who->expires_at != 0 && call->wall_s >= who->expires_at)
        return STKGATE_EXPIRED_TOKEN;
    if (who->sunset_at != 0 && call->wall_s >= who->sunset_at)
        return STKGATE_LEGACY_SUNSET;
    if (!is_site_right(call))
        return STKGATE_SITE_MISMATCH;
    if (!is_origin_right(call))
        return STKGATE_ORIGIN_DENIED;
    if ((ret->needed & who->scopes) != ret->needed)
        return STKGATE_INSUFFICIENT_SCOPE;
    uint64_t cost = call->peek ? 1 : call->cost != 0 ? call->cost : call->policy->cost;
    if (cost > who->limit.burst)
        return STKGATE_COST_EXCEEDS_BURST;
    return spend(call, cost, ret) ? STKGATE_OK : STKGATE_RATE_LIMITED;
}

static uint32_t status_of(uint32_t reason)
{
    if (reason == STKGATE_OK)
        return 200;
    if (reason <= STKGATE_SITE_MISMATCH)
        return 401;
    return reason == STKGATE_RATE_LIMITED ? 429 : 403;
}

void plain_check(const struct plain_call *call, struct stkgate_verdict *ret)
{
    *ret = (struct stkgate_verdict){.size = sizeof *ret};
    ret->needed = call->scopes | call->policy->scopes;
    ret->reason = reason_of(call, ret);
    ret->status = status_of(ret->reason);
    if (!call->who || call->who->gone || call->peek)
        return;
    if (ret->reason != STKGATE_OK) {
        call->who->refused++;
    } else {
        call->who->allowed++;
        call->who->last_used_s = (uint64_t)call->wall_s;
    }
}
