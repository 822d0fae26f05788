/* policy.h - what the operator's file says of one service, as far as a verdict needs it
 *
 * Who may call as the service is no part of it: that is decided by the daemon, before (authz.h).
 */
#ifndef STKGATE_CORE_POLICY_H
#define STKGATE_CORE_POLICY_H

#include "lib/core/cursor.h"
#include "lib/core/token.h"

#define REALM_MAX        64   /* bytes */
#define POLICY_SITES_MAX 4096 /* bytes of the packed list of sites */

enum policy_fields {
    FIELDS_THREE = 0, /* RateLimit-Limit, -Remaining, -Reset */
    FIELDS_IETF = 1,  /* RateLimit-Policy, RateLimit */
    FIELDS_NONE = 2,
};

#define ACCEPT(kind) (1u << (kind))

struct policy {
    uint8_t accept;                  /* ACCEPT(KIND_LIVE) | ... */
    bool require_site;               /* a site id must come with the call */
    uint8_t fields;                  /* enum policy_fields */
    uint64_t scopes;                 /* needed by every call, beside those that the call names */
    uint64_t cost;                   /* of a call that names none; at least 1 */
    uint64_t last_known_ns;          /* "unavailable = last-known 30s"; 0: deny */
    char realm[REALM_MAX + 1];       /* printable ASCII without '"' and '\\' */
    uint16_t sites_len;              /* bytes; 0: all sites */
    uint8_t sites[POLICY_SITES_MAX]; /* packed */
};

/* product.md's defaults: live and legacy, site required, cost 1, deny, three, "storefront". */
void policy_init(struct policy *policy);

bool policy_realm_is_valid(struct text realm);
struct textlist policy_sites(const struct policy *policy);

/* On the wire. read fails on values out of range. */
void policy_write(const struct policy *policy, struct writer *w);
void policy_read(struct policy *ret, struct reader *r);

#endif
