/* headers.c - see headers.h */
#include "lib/core/headers.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/core/moment.h"

/* An Integer of structured fields has at most 15 digits (RFC 9651 section 3.3.1). */
#define SF_INTEGER_MAX UINT64_C(999999999999999)

/* One walk over the fields: what fn returned sticks, and nothing is sent after it. */
struct walk {
    header_fn fn;
    void *userdata;
    int result;
};

static void walk_text(struct walk *walk, const char *name, const char *value)
{
    if (walk->result == 0)
        walk->result = walk->fn(name, value, walk->userdata);
}

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

/* By hand, two digits at a time: snprintf() takes a third of what a whole verdict does, and an
 * allowed call has three. */
static void walk_number(struct walk *walk, const char *name, uint64_t value)
{
    char text[21];
    char *at = text + sizeof text - 1;
    *at = '\0';
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(at, digit_pairs + 2 * (value % 100), 2);
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, digit_pairs + 2 * value, 2);
    } else {
        *--at = (char)('0' + value);
    }
    walk_text(walk, name, at);
}

/* What the remote caller is told: that a token exists, but belongs to another merchant, is nothing
 * that a thief should learn. */
static enum reason reason_shown(const struct verdict *verdict)
{
    return verdict->reason == REASON_SITE_MISMATCH ? REASON_UNKNOWN_TOKEN : verdict->reason;
}

/* 0 would be an invitation to try again at once. */
static uint64_t retry_seconds(const struct verdict *verdict)
{
    uint64_t seconds = rate_seconds(verdict->retry_ns);
    return seconds > 0 ? seconds : 1;
}

static void walk_three(struct walk *walk, uint64_t limit, uint64_t remaining, uint64_t reset)
{
    walk_number(walk, "RateLimit-Limit", limit);
    walk_number(walk, "RateLimit-Remaining", remaining);
    walk_number(walk, "RateLimit-Reset", reset);
}

static void walk_rate_three(struct walk *walk, const struct verdict *verdict)
{
    walk_three(walk, verdict->limit, verdict->remaining,
               verdict->reason == REASON_RATE_LIMITED ? retry_seconds(verdict)
                                                      : rate_seconds(verdict->reset_ns));
}

static uint64_t sf_integer(uint64_t value)
{
    return value < SF_INTEGER_MAX ? value : SF_INTEGER_MAX;
}

static void walk_rate_ietf(struct walk *walk, const struct verdict *verdict)
{
    char text[64];
    snprintf(text, sizeof text, "\"default\";q=%" PRIu64 ";w=%" PRIu64, sf_integer(verdict->limit),
             rate_seconds(verdict->window_ns));
    walk_text(walk, "RateLimit-Policy", text);
    snprintf(text, sizeof text, "\"default\";r=%" PRIu64 ";t=%" PRIu64,
             sf_integer(verdict->remaining), rate_seconds(verdict->next_ns));
    walk_text(walk, "RateLimit", text);
}

static void walk_rate(struct walk *walk, const struct verdict *verdict, const struct policy *policy)
{
    if (verdict->reason != REASON_OK && verdict->reason != REASON_RATE_LIMITED)
        return;
    if (policy->fields == FIELDS_THREE)
        walk_rate_three(walk, verdict);
    else if (policy->fields == FIELDS_IETF)
        walk_rate_ietf(walk, verdict);
}

static void walk_retry_after(struct walk *walk, unsigned status, const struct verdict *verdict)
{
    if (status == 429)
        walk_number(walk, "Retry-After", retry_seconds(verdict));
    else if (status == 503)
        walk_number(walk, "Retry-After", 1);
}

/* Is asked first whether there is one: the buffers below are cleared before anything else. */
static bool has_challenge(unsigned status, const struct verdict *verdict)
{
    return status == 401 || verdict->reason == REASON_INSUFFICIENT_SCOPE;
}

static void walk_challenge(struct walk *walk, const struct verdict *verdict,
                           const struct policy *policy, const struct scope_registry *registry)
{
    char value[HEADER_VALUE_MAX];
    char scopes[SCOPE_TEXT_MAX];
    if (verdict->reason == REASON_MISSING_TOKEN) {
        snprintf(value, sizeof value, "Bearer realm=\"%s\"", policy->realm);
    } else if (verdict->reason == REASON_INSUFFICIENT_SCOPE) {
        bool named = scope_format(registry, verdict->needed, scopes) > 0;
        snprintf(value, sizeof value, "Bearer realm=\"%s\", error=\"insufficient_scope\"%s%s%s",
                 policy->realm, named ? ", scope=\"" : "", named ? scopes : "", named ? "\"" : "");
    } else {
        snprintf(value, sizeof value, "Bearer realm=\"%s\", error=\"invalid_token\"",
                 policy->realm);
    }
    walk_text(walk, "WWW-Authenticate", value);
}

static void walk_legacy(struct walk *walk, const struct verdict *verdict)
{
    char value[LINK_MAX_LEN + 64];
    if (verdict->deprecation_at != 0) {
        snprintf(value, sizeof value, "@%" PRId64, verdict->deprecation_at);
        walk_text(walk, "Deprecation", value);
    }
    if (verdict->sunset_at != 0) {
        moment_imf(verdict->sunset_at, value);
        walk_text(walk, "Sunset", value);
    }
    if (verdict->link[0] != '\0') {
        snprintf(value, sizeof value, "<%s>; rel=\"deprecation\"; type=\"text/html\"",
                 verdict->link);
        walk_text(walk, "Link", value);
    }
}

int headers_each(const struct verdict *verdict, const struct policy *policy,
                 const struct scope_registry *registry, header_fn fn, void *userdata)
{
    struct walk walk = {fn, userdata, 0};
    unsigned status = reason_status(verdict->reason);
    walk_rate(&walk, verdict, policy);
    walk_retry_after(&walk, status, verdict);
    if (has_challenge(status, verdict))
        walk_challenge(&walk, verdict, policy, registry);
    if (verdict->kind == KIND_LEGACY && verdict->reason != REASON_SITE_MISMATCH)
        walk_legacy(&walk, verdict);
    if (status != 200)
        walk_text(&walk, "Cache-Control", "no-store");
    return walk.result;
}

int headers_three(uint64_t limit, uint64_t remaining, uint64_t reset_ns, header_fn fn,
                  void *userdata)
{
    struct walk walk = {fn, userdata, 0};
    walk_three(&walk, limit, remaining, rate_seconds(reset_ns));
    return walk.result;
}

/* ---- the body ------------------------------------------------------------------------------ */

static const char *status_title(unsigned status)
{
    switch (status) {
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 429: return "Too Many Requests";
    default: return "Service Unavailable";
    }
}

/* A sentence that helps an honest caller, and tells nobody what stands in the table. */
static const char *reason_detail(enum reason reason)
{
    switch (reason) {
    case REASON_MISSING_TOKEN:
        return "Send a storefront access token in the X-Stella-Token header.";
    case REASON_MALFORMED_TOKEN:
        return "The value is not a storefront access token: check that it was copied whole, and "
               "that it is sent once.";
    case REASON_REVOKED_TOKEN: return "This token was revoked: use the one that replaced it.";
    case REASON_SUSPENDED_TOKEN: return "This token is suspended for the time being.";
    case REASON_EXPIRED_TOKEN: return "This token has expired: use a new one.";
    case REASON_LEGACY_SUNSET:
        return "API keys of this kind are no longer accepted: use a storefront access token.";
    case REASON_ORIGIN_DENIED:
        return "This token may not be used from this origin: the request must carry an Origin "
               "that was configured for it.";
    case REASON_INSUFFICIENT_SCOPE: return "This token lacks a scope that the call needs.";
    case REASON_COST_EXCEEDS_BURST:
        return "The call costs more than this token's rate limit can ever hold.";
    case REASON_RATE_LIMITED:
        return "This token's rate limit is used up: try again after the time in Retry-After.";
    case REASON_UNAVAILABLE: return "The call could not be checked: try again in a moment.";
    default: return "This token is not valid for this site: check the token and the X-Site-ID.";
    }
}

size_t headers_problem(const struct verdict *verdict, char ret[static PROBLEM_MAX])
{
    enum reason reason = reason_shown(verdict);
    unsigned status = reason_status(reason);
    ret[0] = '\0';
    if (status == 200)
        return 0;
    bool quota = reason == REASON_RATE_LIMITED;
    int len = snprintf(ret, PROBLEM_MAX,
                       "{\"type\":\"%s\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\","
                       "\"reason\":\"%s\"%s}",
                       quota ? "https://iana.org/assignments/http-problem-types#quota-exceeded"
                             : "about:blank",
                       status_title(status), status, reason_detail(reason), reason_name(reason),
                       quota ? ",\"violated-policies\":[\"default\"]" : "");
    return (size_t)len;
}
