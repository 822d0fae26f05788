/* both_rows.h - the product's table, as calls of both_paths.c
 */
#ifndef STKGATE_TESTS_CROWD_BOTH_ROWS_H
#define STKGATE_TESTS_CROWD_BOTH_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <stkgate.h>

#define UNKNOWN "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define LONG    "a-site-with-a-name-of-more-bytes-than-a-slot-has-for-it"
#define SHOP    "https://shop.example"

/* services.d, as the script has it: what each is about. */
enum service_name { DEFAULT, TEST_ONLY, NO_SITE, NEEDS_CHECKOUT, COSTS_4, OTHER_SITES, NO_FIELDS };
static const char *const services[] = {"default", "test",  "nosite", "checkout",
                                       "four",    "other", "none"};

enum credential_name {
    NO_CREDENTIAL,
    PLAIN,
    TEST,
    FEW_SCOPES,
    WISH,
    ORIGINS,
    ORIGINS_ALLOW,
    SMALL,
    SMALL_FOUR,
    STRICT,
    LARGE,
    LONG_SITE,
    EDITED,
    REVOKED,
    SUSPENDED,
    EXPIRES_LATER,
    EXPIRED,
    ROTATED,
    SUCCESSOR,
    IN_GRACE,
    GRACE_OVER,
    LEGACY,
    LEGACY_DATES,
    LEGACY_SUNSET,
    LEGACY_REVOKED,
    CREDENTIAL_COUNT,
};

/* A unit comes back in an hour: none does while the test runs. */
#define SLOW ",\"limit\":{\"requests\":60,\"window\":\"60h\",\"burst\":"

static const struct made {
    const char *members; /* of the mint */
    const char *site;    /* NULL: kasa */
    const char *legacy;  /* a legacy key of that name */
    const char *verb, *body;
    bool takes_successor; /* the verb's answer is the one that is meant */
    bool ends;            /* after a second */
} made[CREDENTIAL_COUNT] = {
    [PLAIN] = {.members = SLOW "10}"},
    [TEST] = {.members = SLOW "10},\"test\":true"},
    [FEW_SCOPES] = {.members = SLOW "10},\"scopes\":[\"catalog:read\",\"cart:write\"]"},
    [WISH] = {.members = SLOW "10},\"scopes\":[\"wish:read\"]"},
    [ORIGINS] = {.members =
                     SLOW "50},\"allowed_origins\":[\"https://a.example:8443\",\"" SHOP "\"]"},
    [ORIGINS_ALLOW] = {.members = SLOW "50},\"allowed_origins\":[\"" SHOP
                                       "\"],\"missing_origin\":\"allow\""},
    [SMALL] = {.members = SLOW "5}"},
    [SMALL_FOUR] = {.members = SLOW "9}"},
    [STRICT] = {.members = SLOW "5},\"strict\":true"},
    [LARGE] = {.members = SLOW "600000}"},
    /* It does not fit into a slot: the view has it elsewhere. */
    [LONG_SITE] = {.members = SLOW "5},\"expires_in\":\"90d\"", .site = LONG},
    /* Its bucket has moved to another slot. */
    [EDITED] = {.members = SLOW "5}", .verb = "rotate", .body = "{}", .takes_successor = true},
    [REVOKED] = {.members = SLOW "5}", .verb = "revoke", .body = "{}"},
    [SUSPENDED] = {.members = SLOW "5}", .verb = "suspend", .body = "{\"reason\":\"odd\"}"},
    [EXPIRES_LATER] = {.members = SLOW "5},\"expires_in\":\"90d\""},
    [EXPIRED] = {.members = SLOW "5},\"expires_in\":\"1s\"", .ends = true},
    [ROTATED] = {.members = SLOW "5}", .verb = "rotate", .body = "{}"},
    [SUCCESSOR] = {.members = SLOW "5}",
                   .verb = "rotate",
                   .body = "{\"grace\":\"1h\"}",
                   .takes_successor = true},
    [IN_GRACE] = {.members = SLOW "5}", .verb = "rotate", .body = "{\"grace\":\"1h\"}"},
    [GRACE_OVER] = {.members = SLOW "5}",
                    .verb = "rotate",
                    .body = "{\"grace\":\"1s\"}",
                    .ends = true},
    [LEGACY] = {.members = SLOW "5}", .legacy = "legacy-key-plain"},
    [LEGACY_DATES] = {.members = SLOW "5},\"deprecation_at\":\"2024-01-01T00:00:00Z\","
                                      "\"sunset_at\":\"2199-01-01T00:00:00Z\","
                                      "\"link\":\"https://docs.example/tokens\"",
                      .legacy = "legacy-key-with-dates"},
    [LEGACY_SUNSET] = {.members = SLOW "5},\"deprecation_at\":\"2024-01-01T00:00:00Z\","
                                       "\"sunset_at\":\"2024-06-01T00:00:00Z\","
                                       "\"link\":\"https://docs.example/tokens\"",
                       .legacy = "legacy-key-past-sunset"},
    [LEGACY_REVOKED] = {.members = SLOW "5}",
                        .legacy = "legacy-key-revoked",
                        .verb = "revoke",
                        .body = "{}"},
};

struct both_row {
    const char *what;
    enum service_name service;
    enum credential_name credential;
    const char *text;          /* of a token, in its place */
    const char *authorization; /* a scheme: the token comes in this field */
    const char *site;          /* NULL: kasa; "": absent */
    const char *origin;        /* NULL: absent */
    const char *scopes;        /* names */
    uint64_t scope_bits, cost;
    unsigned repeated; /* it is spent once more, so often */
    bool is_asked;     /* also where there is a view */
    const char *field; /* must be in the answer */
    enum stkgate_reason reason;
};

static const struct both_row both_rows[] = {
    {.what = "nothing is wrong", .credential = PLAIN, .field = "RateLimit-Limit: 60\n"},
    {.what = "by Authorization", .credential = PLAIN, .authorization = "Bearer"},
    /* 1 */
    {.what = "no token", .reason = STKGATE_MISSING_TOKEN},
    {.what = "no token, no site", .site = "", .reason = STKGATE_MISSING_TOKEN},
    {.what = "another scheme",
     .credential = PLAIN,
     .authorization = "Basic",
     .reason = STKGATE_MISSING_TOKEN},
    /* 2 */
    {.what = "short", .text = "stk_live_x", .reason = STKGATE_MALFORMED_TOKEN},
    {.what = "no checksum",
     .text = "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18",
     .reason = STKGATE_MALFORMED_TOKEN},
    {.what = "twice", .text = UNKNOWN ", " UNKNOWN, .reason = STKGATE_MALFORMED_TOKEN},
    /* 3 */
    {.what = "unknown", .text = UNKNOWN, .reason = STKGATE_UNKNOWN_TOKEN},
    {.what = "a test token", .credential = TEST, .reason = STKGATE_UNKNOWN_TOKEN},
    {.what = "a test token where it may", .service = TEST_ONLY, .credential = TEST},
    {.what = "a live one where only test tokens may",
     .service = TEST_ONLY,
     .credential = PLAIN,
     .reason = STKGATE_UNKNOWN_TOKEN},
    {.what = "a legacy key where only test tokens may",
     .service = TEST_ONLY,
     .credential = LEGACY,
     .reason = STKGATE_UNKNOWN_TOKEN},
    {.what = "another merchant's service",
     .service = OTHER_SITES,
     .credential = PLAIN,
     .reason = STKGATE_UNKNOWN_TOKEN},
    {.what = "another merchant's service, revoked",
     .service = OTHER_SITES,
     .credential = REVOKED,
     .site = "ada",
     .reason = STKGATE_UNKNOWN_TOKEN},
    /* 4 */
    {.what = "revoked", .credential = REVOKED, .reason = STKGATE_REVOKED_TOKEN},
    {.what = "revoked, another site",
     .credential = REVOKED,
     .site = "ada",
     .reason = STKGATE_REVOKED_TOKEN},
    {.what = "suspended", .credential = SUSPENDED, .reason = STKGATE_SUSPENDED_TOKEN},
    {.what = "expires later", .credential = EXPIRES_LATER},
    {.what = "expired", .credential = EXPIRED, .reason = STKGATE_EXPIRED_TOKEN},
    {.what = "rotated", .credential = ROTATED, .reason = STKGATE_REVOKED_TOKEN},
    {.what = "its successor", .credential = EDITED},
    {.what = "in its grace", .credential = IN_GRACE},
    {.what = "its successor in that time", .credential = SUCCESSOR},
    {.what = "grace over", .credential = GRACE_OVER, .reason = STKGATE_REVOKED_TOKEN},
    {.what = "past its sunset",
     .credential = LEGACY_SUNSET,
     .field = "Sunset: ",
     .reason = STKGATE_LEGACY_SUNSET},
    {.what = "past its sunset, without site",
     .credential = LEGACY_SUNSET,
     .site = "",
     .field = "Link: ",
     .reason = STKGATE_LEGACY_SUNSET},
    {.what = "a legacy key, revoked",
     .credential = LEGACY_REVOKED,
     .reason = STKGATE_REVOKED_TOKEN},
    /* 5 */
    {.what = "no site", .credential = PLAIN, .site = "", .reason = STKGATE_SITE_MISMATCH},
    {.what = "another site", .credential = PLAIN, .site = "ada", .reason = STKGATE_SITE_MISMATCH},
    {.what = "a longer site",
     .credential = PLAIN,
     .site = "kasa2",
     .reason = STKGATE_SITE_MISMATCH},
    {.what = "in upper case", .credential = PLAIN, .site = "KASA", .reason = STKGATE_SITE_MISMATCH},
    {.what = "no site where none is needed", .service = NO_SITE, .credential = PLAIN, .site = ""},
    {.what = "another where none is needed",
     .service = NO_SITE,
     .credential = PLAIN,
     .site = "ada",
     .reason = STKGATE_SITE_MISMATCH},
    {.what = "a legacy key without its site where none is needed",
     .service = NO_SITE,
     .credential = LEGACY,
     .site = "",
     .reason = STKGATE_SITE_MISMATCH},
    /* 6 */
    {.what = "its origin", .credential = ORIGINS, .origin = SHOP},
    {.what = "its other origin", .credential = ORIGINS, .origin = "https://a.example:8443"},
    {.what = "a wrong origin",
     .credential = ORIGINS,
     .origin = "https://evil.example",
     .reason = STKGATE_ORIGIN_DENIED},
    {.what = "null", .credential = ORIGINS, .origin = "null", .reason = STKGATE_ORIGIN_DENIED},
    {.what = "two of its origins",
     .credential = ORIGINS,
     .origin = SHOP ", " SHOP,
     .reason = STKGATE_ORIGIN_DENIED},
    {.what = "a slash too much",
     .credential = ORIGINS,
     .origin = SHOP "/",
     .reason = STKGATE_ORIGIN_DENIED},
    {.what = "no origin", .credential = ORIGINS, .reason = STKGATE_ORIGIN_DENIED},
    {.what = "no origin where it may miss", .credential = ORIGINS_ALLOW},
    {.what = "a wrong one where it may miss",
     .credential = ORIGINS_ALLOW,
     .origin = "https://evil.example",
     .reason = STKGATE_ORIGIN_DENIED},
    {.what = "any where there is no list", .credential = PLAIN, .origin = "https://evil.example"},
    {.what = "a wrong origin, of a wrong site",
     .credential = ORIGINS,
     .origin = "https://evil.example",
     .site = "ada",
     .reason = STKGATE_SITE_MISMATCH},
    /* 7 */
    {.what = "scopes that it has", .credential = FEW_SCOPES, .scopes = "catalog:read cart:write"},
    {.what = "a scope missing",
     .credential = FEW_SCOPES,
     .scopes = "checkout:create",
     .reason = STKGATE_INSUFFICIENT_SCOPE},
    {.what = "a scope of the operator's", .credential = WISH, .scopes = "wish:read"},
    {.what = "the operator's, missing",
     .credential = PLAIN,
     .scopes = "wish:read",
     .reason = STKGATE_INSUFFICIENT_SCOPE},
    {.what = "a scope that is not registered",
     .credential = PLAIN,
     .scope_bits = UINT64_C(1) << 63,
     .reason = STKGATE_INSUFFICIENT_SCOPE},
    {.what = "the service needs one more",
     .service = NEEDS_CHECKOUT,
     .credential = FEW_SCOPES,
     .scopes = "cart:write",
     .field = "WWW-Authenticate: ",
     .reason = STKGATE_INSUFFICIENT_SCOPE},
    {.what = "the service needs one that is there", .service = NEEDS_CHECKOUT, .credential = PLAIN},
    /* 8, 9 and costs */
    {.what = "a cost above the burst",
     .credential = SMALL_FOUR,
     .cost = 10,
     .reason = STKGATE_COST_EXCEEDS_BURST},
    {.what = "the highest cost",
     .credential = SMALL_FOUR,
     .cost = UINT64_MAX,
     .reason = STKGATE_COST_EXCEEDS_BURST},
    {.what = "the service's cost", .service = COSTS_4, .credential = SMALL_FOUR},
    {.what = "the call's cost wins", .service = COSTS_4, .credential = SMALL_FOUR, .cost = 2},
    {.what = "too little left for the service's cost",
     .service = COSTS_4,
     .credential = SMALL_FOUR,
     .field = "Retry-After: ",
     .reason = STKGATE_RATE_LIMITED},
    {.what = "down to the last unit", .credential = SMALL, .repeated = 4},
    {.what = "the bucket is empty",
     .credential = SMALL,
     .field = "RateLimit-Remaining: 0\n",
     .reason = STKGATE_RATE_LIMITED},
    {.what = "the bucket is empty, of a wrong site",
     .credential = SMALL,
     .site = "ada",
     .reason = STKGATE_SITE_MISMATCH},
    {.what = "a cost above the burst, and the bucket is empty",
     .credential = SMALL,
     .cost = 6,
     .reason = STKGATE_COST_EXCEEDS_BURST},
    {.what = "a large burst", .credential = LARGE, .cost = 500000},
    {.what = "little is left of a large burst",
     .credential = LARGE,
     .cost = 200000,
     .reason = STKGATE_RATE_LIMITED},
    {.what = "strict", .credential = STRICT, .is_asked = true, .repeated = 4},
    {.what = "strict, and empty",
     .credential = STRICT,
     .is_asked = true,
     .reason = STKGATE_RATE_LIMITED},
    {.what = "strict, of a wrong site",
     .credential = STRICT,
     .is_asked = true,
     .site = "ada",
     .reason = STKGATE_SITE_MISMATCH},
    {.what = "the current fields",
     .service = NO_SITE,
     .credential = EXPIRES_LATER,
     .field = "RateLimit-Policy: "},
    {.what = "no fields", .service = NO_FIELDS, .credential = EXPIRES_LATER},
    {.what = "a long site", .credential = LONG_SITE, .site = LONG, .repeated = 4},
    {.what = "a long site, empty",
     .credential = LONG_SITE,
     .site = LONG,
     .reason = STKGATE_RATE_LIMITED},
    {.what = "a long site's, for another",
     .credential = LONG_SITE,
     .reason = STKGATE_SITE_MISMATCH},
    /* legacy keys */
    {.what = "a legacy key", .credential = LEGACY},
    {.what = "a legacy key, deprecated",
     .credential = LEGACY_DATES,
     .field = "Deprecation: @1704067200\n",
     .repeated = 4},
    {.what = "a legacy key, empty",
     .credential = LEGACY_DATES,
     .field = "Sunset: ",
     .reason = STKGATE_RATE_LIMITED},
    {.what = "a legacy key without its site",
     .credential = LEGACY,
     .site = "",
     .reason = STKGATE_SITE_MISMATCH},
};

#endif
