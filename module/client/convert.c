#include "module/client/convert.h"

#include <errno.h>

#include "lib/core/moment.h"

#define ASSERT_SAME(a, b) _Static_assert((unsigned)(a) == (unsigned)(b), #a " is " #b)
ASSERT_SAME(STKGATE_OK, REASON_OK);
ASSERT_SAME(STKGATE_MISSING_TOKEN, REASON_MISSING_TOKEN);
ASSERT_SAME(STKGATE_MALFORMED_TOKEN, REASON_MALFORMED_TOKEN);
ASSERT_SAME(STKGATE_UNKNOWN_TOKEN, REASON_UNKNOWN_TOKEN);
ASSERT_SAME(STKGATE_REVOKED_TOKEN, REASON_REVOKED_TOKEN);
ASSERT_SAME(STKGATE_SUSPENDED_TOKEN, REASON_SUSPENDED_TOKEN);
ASSERT_SAME(STKGATE_EXPIRED_TOKEN, REASON_EXPIRED_TOKEN);
ASSERT_SAME(STKGATE_LEGACY_SUNSET, REASON_LEGACY_SUNSET);
ASSERT_SAME(STKGATE_SITE_MISMATCH, REASON_SITE_MISMATCH);
ASSERT_SAME(STKGATE_ORIGIN_DENIED, REASON_ORIGIN_DENIED);
ASSERT_SAME(STKGATE_INSUFFICIENT_SCOPE, REASON_INSUFFICIENT_SCOPE);
ASSERT_SAME(STKGATE_COST_EXCEEDS_BURST, REASON_COST_EXCEEDS_BURST);
ASSERT_SAME(STKGATE_RATE_LIMITED, REASON_RATE_LIMITED);
ASSERT_SAME(STKGATE_UNAVAILABLE, REASON_UNAVAILABLE);
ASSERT_SAME(STKGATE_UNAVAILABLE + 1, REASON_COUNT);
ASSERT_SAME(STKGATE_KIND_NONE, KIND_NONE);
ASSERT_SAME(STKGATE_KIND_LIVE, KIND_LIVE);
ASSERT_SAME(STKGATE_KIND_TEST, KIND_TEST);
ASSERT_SAME(STKGATE_KIND_LEGACY, KIND_LEGACY);
ASSERT_SAME(STKGATE_KEY_ID_MAX, KEY_ID_LEN);
ASSERT_SAME(STKGATE_SITE_MAX, SITE_MAX);
ASSERT_SAME(STKGATE_LINK_MAX, LINK_MAX_LEN);

static bool all_zero(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Copies a caller's struct of size bytes over ours, which is zero. */
static int import(const void *from, size_t size, size_t first, void *ret, size_t known)
{
    if (size < first || size > STRUCT_SIZE_MAX)
        return -EINVAL;
    if (size > known && !all_zero((const char *)from + known, size - known))
        return -EINVAL;
    memcpy(ret, from, size < known ? size : known);
    return 0;
}

int convert_options(const struct stkgate_options *options, struct stkgate_options *ret)
{
    *ret = (struct stkgate_options){0};
    if (options == NULL)
        return 0;
    return import(options, options->size, OPTIONS_SIZE_FIRST, ret, sizeof *ret);
}

static bool has_data(struct stkgate_text t)
{
    return t.data != NULL || t.length == 0;
}

int convert_request(const struct stkgate_request *request, struct stkgate_request *ret)
{
    *ret = (struct stkgate_request){0};
    int r = import(request, request->size, REQUEST_SIZE_FIRST, ret, sizeof *ret);
    ret->size = sizeof *ret;
    return r;
}

bool convert_is_sound(const struct stkgate_request *request)
{
    return (request->flags & ~STKGATE_PEEK) == 0 && has_data(request->token) &&
           has_data(request->authorization) && has_data(request->api_key) &&
           has_data(request->site) && has_data(request->origin);
}

#define REFUSAL_STATUS 503
#define TEXTS_AT       offsetof(struct stkgate_verdict, key_id)
/* NOLINTNEXTLINE(misc-redundant-expression): in this release they are the same */
_Static_assert(VERDICT_SIZE_FIRST == sizeof(struct stkgate_verdict),
               "a verdict that has a size has all of our fields");

/* What a newer caller has beyond what we know is cleared with the rest. */
__attribute__((noinline, cold)) static int refuse_other_size(struct stkgate_verdict *verdict)
{
    size_t size = verdict->size;
    if (size >= offsetof(struct stkgate_verdict, kind)) {
        verdict->status = REFUSAL_STATUS;
        verdict->reason = STKGATE_UNAVAILABLE;
    }
    if (size < VERDICT_SIZE_FIRST || size > STRUCT_SIZE_MAX)
        return -EINVAL;
    memset(&verdict->kind, 0, size - offsetof(struct stkgate_verdict, kind));
    return 0;
}

/* Of the texts, which are three quarters of it, nothing is cleared but what makes them empty: to
 * clear them took a sixth of what malformed text costs. */
int convert_refuse(struct stkgate_verdict *verdict)
{
    if (verdict->size != sizeof *verdict)
        return refuse_other_size(verdict);
    verdict->status = REFUSAL_STATUS;
    verdict->reason = STKGATE_UNAVAILABLE;
    memset(&verdict->kind, 0, TEXTS_AT - offsetof(struct stkgate_verdict, kind));
    verdict->key_id[0] = verdict->site[0] = verdict->link[0] = '\0';
    return 0;
}

/* The texts last. */
static void describe(const struct verdict *verdict, struct stkgate_verdict *ret)
{
    ret->kind = (uint32_t)verdict->kind;
    ret->scopes = verdict->scopes;
    ret->limit = verdict->limit;
    ret->window_ns = verdict->window_ns;
    ret->burst = verdict->burst;
    ret->remaining = verdict->remaining;
    ret->reset_ns = verdict->reset_ns;
    ret->retry_after_ns = verdict->retry_ns;
    ret->next_ns = verdict->next_ns;
    ret->deprecation = verdict->deprecation_at;
    ret->sunset = verdict->sunset_at;
    memcpy(ret->key_id, verdict->key_id, sizeof ret->key_id);
    memcpy(ret->site, verdict->site, sizeof ret->site);
    size_t link_len = strnlen(verdict->link, sizeof ret->link - 1);
    memcpy(ret->link, verdict->link, link_len);
    ret->link[link_len] = '\0';
}

/* The status last of all: what allows a call is written when all is there. */
void convert_outcome(enum reason reason, uint64_t needed, struct stkgate_verdict *ret)
{
    ret->needed = needed;
    ret->reason = (uint32_t)reason;
    ret->status = reason_status(reason);
}

/* A credential that is not in the table has nothing else. */
void convert_verdict(const struct verdict *verdict, struct stkgate_verdict *ret)
{
    if (verdict->kind != KIND_NONE)
        describe(verdict, ret);
    convert_outcome(verdict->reason, verdict->needed, ret);
}

void convert_pass(const struct pass *pass, uint64_t needed, const struct rate_result *rate,
                  struct stkgate_verdict *ret)
{
    ret->kind = pass->kind;
    ret->scopes = pass->scopes;
    ret->limit = pass->requests;
    ret->window_ns = pass->window_ns;
    ret->burst = pass->burst;
    ret->remaining = rate->remaining;
    ret->reset_ns = rate->full_in_ns;
    ret->next_ns = rate->next_in_ns;
    memcpy(ret->key_id, pass->key_id, KEY_ID_LEN);
    ret->key_id[KEY_ID_LEN] = '\0';
    memcpy(ret->site, pass->site, sizeof pass->site);
    ret->site[sizeof pass->site] = '\0';
    convert_outcome(REASON_OK, needed, ret);
}

/* The link of a public struct, which may lack its NUL. Whose key_id and site it is, no remote
 * caller is told: they stay empty, and are not looked at. */
static bool take_link(const char from[static STKGATE_LINK_MAX + 1], struct verdict *ret)
{
    ret->link[0] = '\0';
    if (from[0] == '\0')
        return true;
    size_t len = strnlen(from, STKGATE_LINK_MAX + 1);
    return len <= STKGATE_LINK_MAX && text_is_link((struct text){from, len}) &&
           text_copy((struct text){from, len}, ret->link, sizeof ret->link);
}

static bool is_moment(int64_t unix_s)
{
    return unix_s >= 0 && unix_s <= MOMENT_MAX_S;
}

static bool is_sound(const struct stkgate_verdict *verdict)
{
    return verdict->size >= VERDICT_SIZE_FIRST && verdict->size <= STRUCT_SIZE_MAX &&
           verdict->reason < REASON_COUNT && verdict->status == reason_status(verdict->reason) &&
           verdict->kind <= KIND_LEGACY && is_moment(verdict->deprecation) &&
           is_moment(verdict->sunset);
}

int convert_back(const struct stkgate_verdict *verdict, struct verdict *ret)
{
    if (!is_sound(verdict) || !take_link(verdict->link, ret)) {
        verdict_init(ret);
        return -EINVAL;
    }
    ret->reason = (enum reason)verdict->reason;
    ret->kind = (enum kind)verdict->kind;
    ret->scopes = verdict->scopes;
    ret->needed = verdict->needed;
    ret->limit = verdict->limit;
    ret->window_ns = verdict->window_ns;
    ret->burst = verdict->burst;
    ret->remaining = verdict->remaining;
    ret->reset_ns = verdict->reset_ns;
    ret->retry_ns = verdict->retry_after_ns;
    ret->next_ns = verdict->next_ns;
    ret->deprecation_at = verdict->deprecation;
    ret->sunset_at = verdict->sunset;
    ret->key_id[0] = ret->site[0] = '\0';
    return 0;
}

bool convert_is_plain(const struct stkgate_verdict *verdict)
{
    return verdict->size >= VERDICT_SIZE_FIRST && verdict->size <= STRUCT_SIZE_MAX &&
           verdict->reason == STKGATE_OK && verdict->status == 200 &&
           (verdict->kind == STKGATE_KIND_LIVE || verdict->kind == STKGATE_KIND_TEST) &&
           verdict->deprecation == 0 && verdict->sunset == 0 && verdict->link[0] == '\0';
}
