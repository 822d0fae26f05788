/* policy.c - see policy.h */
#include "lib/core/policy.h"

#define ACCEPT_ALL (ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST) | ACCEPT(KIND_LEGACY))

void policy_init(struct policy *policy)
{
    *policy = (struct policy){
        .accept = ACCEPT(KIND_LIVE) | ACCEPT(KIND_LEGACY),
        .require_site = true,
        .fields = FIELDS_THREE,
        .cost = 1,
        .realm = "storefront",
    };
}

bool policy_realm_is_valid(struct text realm)
{
    if (realm.len < 1 || realm.len > REALM_MAX)
        return false;
    for (size_t i = 0; i < realm.len; i++) {
        char c = realm.data[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            return false;
    }
    return true;
}

struct textlist policy_sites(const struct policy *policy)
{
    return (struct textlist){policy->sites, policy->sites_len};
}

void policy_write(const struct policy *policy, struct writer *w)
{
    writer_u8(w, policy->accept);
    writer_u8(w, policy->require_site);
    writer_u8(w, policy->fields);
    writer_u64(w, policy->scopes);
    writer_u64(w, policy->cost);
    writer_u64(w, policy->last_known_ns);
    writer_text8(w, text_of(policy->realm));
    writer_textlist(w, policy_sites(policy));
}

void policy_read(struct policy *ret, struct reader *r)
{
    *ret = (struct policy){0};
    ret->accept = reader_u8(r);
    reader_require(r, (ret->accept & ~ACCEPT_ALL) == 0);
    uint8_t require_site = reader_u8(r);
    reader_require(r, require_site <= 1);
    /* A failed reader gives 0: whoever forgets to ask it gets the stricter rule. */
    ret->require_site = require_site == 1 || r->failed;
    ret->fields = reader_u8(r);
    reader_require(r, ret->fields <= FIELDS_NONE);
    ret->scopes = reader_u64(r);
    ret->cost = reader_u64(r);
    reader_require(r, ret->cost >= 1);
    ret->last_known_ns = reader_u64(r);
    struct text realm = reader_text8(r, REALM_MAX);
    reader_require(r, policy_realm_is_valid(realm));
    text_copy(realm, ret->realm, sizeof ret->realm);

    struct textlist sites = reader_textlist(r, POLICY_SITES_MAX);
    struct text site;
    for (size_t at = 0; textlist_next(sites, &at, &site);)
        reader_require(r, text_is_site(site));
    if (sites.len > 0)
        memcpy(ret->sites, sites.data, sites.len);
    ret->sites_len = (uint16_t)sites.len;
    if (r->failed)
        ret->accept = 0;
}
