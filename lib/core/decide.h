/* decide.h - THE policy function: may this call pass?
 *
 * The daemon and the client library call the same decide(): there is one policy. Rows are taken in
 * the order of the product's table; the first that applies decides. Pure: the clock is an argument,
 * and the bucket is one word that it may compare-and-swap.
 */
#ifndef STKGATE_CORE_DECIDE_H
#define STKGATE_CORE_DECIDE_H

#include <stdatomic.h>

#include "lib/core/credential.h"
#include "lib/core/policy.h"
#include "lib/core/record.h"

/* The values are those of enum stkgate_reason: they stand in the ABI, the protocol and in logs. */
enum reason {
    REASON_OK = 0,
    REASON_MISSING_TOKEN = 1,
    REASON_MALFORMED_TOKEN = 2,
    REASON_UNKNOWN_TOKEN = 3,
    REASON_REVOKED_TOKEN = 4,
    REASON_SUSPENDED_TOKEN = 5,
    REASON_EXPIRED_TOKEN = 6,
    REASON_LEGACY_SUNSET = 7,
    REASON_SITE_MISMATCH = 8,
    REASON_ORIGIN_DENIED = 9,
    REASON_INSUFFICIENT_SCOPE = 10,
    REASON_COST_EXCEEDS_BURST = 11,
    REASON_RATE_LIMITED = 12,
    REASON_UNAVAILABLE = 13,
    REASON_COUNT = 14,
};

/* "rate_limited"; "unknown" for a number that is none. Static. */
const char *reason_name(unsigned reason);
/* 200, 401, 403, 429, 503; 503 for a number that is none. */
unsigned reason_status(unsigned reason);

/* One call, after credential_choose() and the digest. */
struct query {
    enum credential_form form;
    enum kind kind;               /* what the credential's text says it is */
    uint8_t digest[DIGEST_BYTES]; /* of TOKEN and LEGACY */
    struct text site;             /* empty: absent */
    struct text origin;           /* empty: absent */
    uint64_t scopes;              /* needed by the call */
    uint64_t cost;                /* 0: what the policy says */
    bool peek;                    /* cost 1, and spend nothing */
};

struct verdict {
    enum reason reason;
    enum kind kind; /* of the record; none when it is not in the table */
    uint64_t scopes, needed;
    uint64_t limit, window_ns, burst;
    uint64_t remaining, reset_ns, retry_ns, next_ns;
    int64_t deprecation_at, sunset_at;
    char key_id[KEY_ID_LEN + 1];
    char site[SITE_MAX + 1];
    char link[LINK_MAX_LEN + 1]; /* the last member; what follows its NUL is undefined */
};

/* A refusal: 503 unavailable, and nothing else set. */
void verdict_init(struct verdict *verdict);

/* Rows 1 and 2, which need nothing but the credential's form: OK when they don't apply. Such a
 * refusal has its reason and the scopes that were needed, and nothing else. */
static inline enum reason reason_of_form(enum credential_form form)
{
    if (form == CREDENTIAL_TOKEN || form == CREDENTIAL_LEGACY)
        return REASON_OK;
    return form == CREDENTIAL_MISSING ? REASON_MISSING_TOKEN : REASON_MALFORMED_TOKEN;
}

/* Row 3: whether this record is what the query's credential stands for, to this service. */
bool decide_knows(const struct policy *policy, const struct query *query,
                  const struct record *record);

/* What a call that does not peek costs: at least 1. 0: it names none. */
static inline uint64_t decide_cost(const struct policy *policy, uint64_t named)
{
    uint64_t cost = named != 0 ? named : policy->cost;
    return cost != 0 ? cost : 1;
}

struct clock_reading {
    uint64_t mono_ns; /* CLOCK_MONOTONIC, of buckets */
    int64_t wall_s;   /* CLOCK_REALTIME, of expiry */
};

/* record is what the table has for query->digest, or NULL; its digest is compared with the query's
 * in constant time all the same. tat is the bucket of that record (see rate.h), shared with other
 * threads and processes; NULL with record NULL. ret is complete on return. Only an allowed call
 * that does not peek spends from *tat. A refusal spends nothing; one with an empty bucket mends a
 * *tat that lies more than a second beyond what the limit allows (limit lowered, a hostile writer),
 * as otherwise the bucket would stay shut for as long as that word says. A *tat above RATE_TAT_MAX
 * is no state: unavailable, and nothing is changed. */
void decide(const struct policy *policy, const struct query *query, const struct record *record,
            _Atomic uint64_t *tat, struct clock_reading now, struct verdict *ret);

#endif
