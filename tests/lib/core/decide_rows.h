/* decide_rows.h - the product's table, in its order, as cases of test_decide.c */
#ifndef STKGATE_TESTS_DECIDE_ROWS_H
#define STKGATE_TESTS_DECIDE_ROWS_H

#include "lib/core/decide.h"

#define SECOND_NS UINT64_C(1000000000)
#define MONO_NS   (UINT64_C(1000) * SECOND_NS)
#define WALL_S    INT64_C(1700000000)
#define CATALOG   1
#define CART      2
#define CHECKOUT  4

/* A case: what differs from a call that passes. That call: the live token key_0123456789abcdef of
 * site kasa, with catalog:read and cart:write, without allowed origins, with 60 requests a minute
 * and a burst of 10, is asked for with its site id; the service's policy is the default. */
struct row {
    const char *what;

    /* the call */
    enum credential_form form; /* MISSING: see is_missing; so that 0 is TOKEN */
    bool is_missing;
    enum kind query_kind; /* 0: live, or legacy for a legacy record */
    const char *site;     /* NULL: kasa; "": absent */
    const char *origin;   /* NULL: absent */
    uint64_t scopes, cost;
    bool peek;

    /* the record */
    bool no_record, other_digest;
    enum kind record_kind; /* 0: live */
    bool revoked, suspended;
    int64_t grace_until, expires_at, sunset_at;
    const char *allowed_origin;
    bool missing_origin_allowed;
    uint64_t spent; /* units that are gone from the bucket */

    /* the service */
    uint8_t accept; /* 0: live, test and legacy */
    bool site_optional;
    uint64_t policy_scopes, policy_cost;
    const char *sites;

    enum reason reason;
    uint64_t remaining; /* of 200 and 429 */
};

#define PAST   (WALL_S)
#define FUTURE (WALL_S + 1)
#define SHOP   "https://shop.example"

static const struct row rows[] = {
    /* the call that passes */
    {.what = "nothing is wrong", .reason = REASON_OK, .remaining = 9},

    /* 1 */
    {.what = "1: no token", .is_missing = true, .reason = REASON_MISSING_TOKEN},
    {.what = "1: although a record is there",
     .is_missing = true,
     .revoked = true,
     .reason = REASON_MISSING_TOKEN},
    {.what = "1 before 3", .is_missing = true, .no_record = true, .reason = REASON_MISSING_TOKEN},
    /* 2 */
    {.what = "2: malformed", .form = CREDENTIAL_MALFORMED, .reason = REASON_MALFORMED_TOKEN},
    {.what = "2: a form that does not exist",
     .form = (enum credential_form)77,
     .reason = REASON_MALFORMED_TOKEN},
    {.what = "2 before 3",
     .form = CREDENTIAL_MALFORMED,
     .no_record = true,
     .reason = REASON_MALFORMED_TOKEN},
    /* 3 */
    {.what = "3: not in the table", .no_record = true, .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: another's digest", .other_digest = true, .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: a test token stored as live",
     .query_kind = KIND_TEST,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: a legacy key stored as live",
     .query_kind = KIND_LEGACY,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: a live token stored as legacy",
     .query_kind = KIND_LIVE,
     .record_kind = KIND_LEGACY,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the service takes no live tokens",
     .accept = ACCEPT(KIND_TEST) | ACCEPT(KIND_LEGACY),
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the service takes no test tokens",
     .record_kind = KIND_TEST,
     .accept = ACCEPT(KIND_LIVE) | ACCEPT(KIND_LEGACY),
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the service takes no legacy keys",
     .record_kind = KIND_LEGACY,
     .accept = ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST),
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3 before 4: another's digest, revoked",
     .other_digest = true,
     .revoked = true,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3 before 4: a kind that the service refuses, revoked",
     .accept = ACCEPT(KIND_TEST),
     .revoked = true,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: a site that the service may not ask about",
     .sites = "other",
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the same, with none in the call",
     .sites = "other",
     .site = "",
     .site_optional = true,
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the same, with the service's own in the call",
     .sites = "other",
     .site = "other",
     .reason = REASON_UNKNOWN_TOKEN},
    {.what = "3: the same, revoked",
     .sites = "other",
     .revoked = true,
     .reason = REASON_UNKNOWN_TOKEN},
    /* 4 */
    {.what = "4: revoked", .revoked = true, .reason = REASON_REVOKED_TOKEN},
    {.what = "4: rotated, grace over", .grace_until = PAST, .reason = REASON_REVOKED_TOKEN},
    {.what = "4: rotated, within the grace",
     .grace_until = FUTURE,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "4: suspended", .suspended = true, .reason = REASON_SUSPENDED_TOKEN},
    {.what = "4: expired", .expires_at = PAST, .reason = REASON_EXPIRED_TOKEN},
    {.what = "4: expires in a second", .expires_at = FUTURE, .reason = REASON_OK, .remaining = 9},
    {.what = "4: a legacy key past its sunset",
     .record_kind = KIND_LEGACY,
     .sunset_at = PAST,
     .reason = REASON_LEGACY_SUNSET},
    {.what = "4: a legacy key a second before",
     .record_kind = KIND_LEGACY,
     .sunset_at = FUTURE,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "4: revoked before suspended",
     .revoked = true,
     .suspended = true,
     .reason = REASON_REVOKED_TOKEN},
    {.what = "4: suspended before expired",
     .suspended = true,
     .expires_at = PAST,
     .reason = REASON_SUSPENDED_TOKEN},
    {.what = "4: expired before its sunset",
     .record_kind = KIND_LEGACY,
     .expires_at = PAST,
     .sunset_at = PAST,
     .reason = REASON_EXPIRED_TOKEN},
    {.what = "4 before 5: revoked, another's site",
     .revoked = true,
     .site = "other",
     .reason = REASON_REVOKED_TOKEN},
    {.what = "4 before 5: sunset, no site",
     .record_kind = KIND_LEGACY,
     .sunset_at = PAST,
     .site = "",
     .reason = REASON_LEGACY_SUNSET},
    /* 5 */
    {.what = "5: no site", .site = "", .reason = REASON_SITE_MISMATCH},
    {.what = "5: another merchant's site", .site = "other", .reason = REASON_SITE_MISMATCH},
    {.what = "5: the site in upper case", .site = "Kasa", .reason = REASON_SITE_MISMATCH},
    {.what = "5: a longer site", .site = "kasa2", .reason = REASON_SITE_MISMATCH},
    {.what = "5: two sites", .site = "kasa, kasa", .reason = REASON_SITE_MISMATCH},
    {.what = "5: no site where it is optional",
     .site = "",
     .site_optional = true,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "5: another's site where it is optional",
     .site = "other",
     .site_optional = true,
     .reason = REASON_SITE_MISMATCH},
    {.what = "5: a legacy key is a pair, where it is optional, too",
     .record_kind = KIND_LEGACY,
     .site = "",
     .site_optional = true,
     .reason = REASON_SITE_MISMATCH},
    {.what = "5: a site that the service may ask about",
     .sites = "kasa",
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "5 before 6: another's site, a wrong origin",
     .site = "other",
     .allowed_origin = SHOP,
     .origin = "https://evil.example",
     .reason = REASON_SITE_MISMATCH},
    /* 6 */
    {.what = "6: a wrong origin",
     .allowed_origin = SHOP,
     .origin = "https://evil.example",
     .reason = REASON_ORIGIN_DENIED},
    {.what = "6: no origin", .allowed_origin = SHOP, .reason = REASON_ORIGIN_DENIED},
    {.what = "6: null", .allowed_origin = SHOP, .origin = "null", .reason = REASON_ORIGIN_DENIED},
    {.what = "6: the right origin twice",
     .allowed_origin = SHOP,
     .origin = SHOP ", " SHOP,
     .reason = REASON_ORIGIN_DENIED},
    {.what = "6: the right origin",
     .allowed_origin = SHOP,
     .origin = SHOP,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "6: no origin, which the token allows",
     .allowed_origin = SHOP,
     .missing_origin_allowed = true,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "6: a wrong origin is not excused by that",
     .allowed_origin = SHOP,
     .missing_origin_allowed = true,
     .origin = "https://evil.example",
     .reason = REASON_ORIGIN_DENIED},
    {.what = "6: null is not excused by that",
     .allowed_origin = SHOP,
     .missing_origin_allowed = true,
     .origin = "null",
     .reason = REASON_ORIGIN_DENIED},
    {.what = "6: an empty list is no rule",
     .origin = "https://evil.example",
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "6 before 7: a wrong origin, a scope missing",
     .allowed_origin = SHOP,
     .scopes = CHECKOUT,
     .reason = REASON_ORIGIN_DENIED},
    /* 7 */
    {.what = "7: a scope missing", .scopes = CHECKOUT, .reason = REASON_INSUFFICIENT_SCOPE},
    {.what = "7: one of two missing",
     .scopes = CART | CHECKOUT,
     .reason = REASON_INSUFFICIENT_SCOPE},
    {.what = "7: a scope that does not exist",
     .scopes = UINT64_C(1) << 63,
     .reason = REASON_INSUFFICIENT_SCOPE},
    {.what = "7: both there", .scopes = CATALOG | CART, .reason = REASON_OK, .remaining = 9},
    {.what = "7: the service needs one more",
     .scopes = CART,
     .policy_scopes = CHECKOUT,
     .reason = REASON_INSUFFICIENT_SCOPE},
    {.what = "7: the service needs one that is there",
     .policy_scopes = CATALOG,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "7 before 8: a scope missing, too high a cost",
     .scopes = CHECKOUT,
     .cost = 11,
     .reason = REASON_INSUFFICIENT_SCOPE},
    /* 8 */
    {.what = "8: a cost above the burst", .cost = 11, .reason = REASON_COST_EXCEEDS_BURST},
    {.what = "8: the highest cost", .cost = UINT64_MAX, .reason = REASON_COST_EXCEEDS_BURST},
    {.what = "8: the service's cost is above the burst",
     .policy_cost = 11,
     .reason = REASON_COST_EXCEEDS_BURST},
    {.what = "8: a cost of just the burst", .cost = 10, .reason = REASON_OK, .remaining = 0},
    {.what = "8 before 9: a cost above the burst, the bucket empty",
     .cost = 11,
     .spent = 10,
     .reason = REASON_COST_EXCEEDS_BURST},
    /* 9 */
    {.what = "9: the bucket is empty", .spent = 10, .reason = REASON_RATE_LIMITED},
    {.what = "9: too little left",
     .spent = 8,
     .cost = 3,
     .reason = REASON_RATE_LIMITED,
     .remaining = 2},
    {.what = "9: just enough left", .spent = 8, .cost = 2, .reason = REASON_OK},
    {.what = "9: the last unit", .spent = 9, .reason = REASON_OK},
    {.what = "9: a legacy key's",
     .record_kind = KIND_LEGACY,
     .spent = 10,
     .reason = REASON_RATE_LIMITED},
    /* cost and peek */
    {.what = "the service's cost", .policy_cost = 4, .reason = REASON_OK, .remaining = 6},
    {.what = "the call's cost wins",
     .policy_cost = 4,
     .cost = 2,
     .reason = REASON_OK,
     .remaining = 8},
    {.what = "a test token", .record_kind = KIND_TEST, .reason = REASON_OK, .remaining = 9},
    {.what = "a peek at a full bucket", .peek = true, .reason = REASON_OK, .remaining = 9},
    {.what = "a peek costs 1, whatever is said",
     .peek = true,
     .cost = 11,
     .policy_cost = 12,
     .reason = REASON_OK,
     .remaining = 9},
    {.what = "a peek at an empty bucket", .peek = true, .spent = 10, .reason = REASON_RATE_LIMITED},
    {.what = "a peek with a wrong origin",
     .peek = true,
     .allowed_origin = SHOP,
     .reason = REASON_ORIGIN_DENIED},
};

#endif
