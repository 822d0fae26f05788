/* pass.h - what decide() would conclude of a token again, if the call is of the common kind
 *
 * Most calls are of a token that was decided a moment ago, and nothing has happened to it since. Of
 * a record that neither times, origins nor a service's policy can refuse, all that a call can still
 * fail for is in these few words. A pass only ever allows: a call that it does not admit is
 * decide()'s, which has the reasons. Pure.
 */
#ifndef STKGATE_CORE_PASS_H
#define STKGATE_CORE_PASS_H

#include "lib/core/decide.h"

#define PASS_SITE_MAX 24 /* bytes: a longer site has none */

struct pass {
    uint8_t kind; /* enum kind; KIND_NONE: there is no pass */
    uint8_t site_len;
    char key_id[KEY_ID_LEN];
    char site[PASS_SITE_MAX]; /* then zeroes */
    uint32_t requests, burst;
    uint64_t window_ns, interval_ns, scopes;
};

/* For calls with this query's token under this policy, as long as the record stays as it is; or
 * none: the policy does not know it; it is revoked, suspended or strict, has an end, a grace, a
 * deprecation or origins, or a site or limit that has no room here. */
void pass_prepare(struct pass *ret, const struct policy *policy, const struct query *query,
                  const struct record *record);

/* What a call with the token asks for: as in struct query. */
struct pass_query {
    struct text site;
    uint64_t scopes, cost;
    bool peek;
};

/* True: decide() would have allowed it, with this outcome, and unless it peeks its cost is spent
 * from *tat. False: ask decide(); *tat is as decide() may leave it when it refuses. The policy is
 * the one that the pass was prepared under. */
bool pass_admits(const struct pass *pass, const struct policy *policy,
                 const struct pass_query *query, _Atomic uint64_t *tat, uint64_t now_ns,
                 struct rate_result *ret);

#endif
