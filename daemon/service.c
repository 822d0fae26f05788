#include "daemon/service.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/log.h"
#include "daemon/service_state.h"

uint64_t service_clock_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Sets service->wall, and returns CLOCK_MONOTONIC. */
static uint64_t read_clocks(struct service *service)
{
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);
    uint64_t system_ns = service_clock_ns(CLOCK_REALTIME);

    if (wall_clock_advance(&service->wall, system_ns, mono_ns))
        log_event(LOG_EVENT_CLOCK_WENT_BACK,
                  "the system clock is %llu s behind the time that the table and this daemon know: "
                  "tokens expire by the later one. If that one is wrong, set the clock right and "
                  "restart with --trust-clock",
                  (unsigned long long)((service->wall.wall_ns - system_ns) / NS_PER_S));
    return mono_ns;
}

struct clock_reading service_now(struct service *service)
{
    uint64_t mono_ns = read_clocks(service);

    return (struct clock_reading){mono_ns, (int64_t)(service->wall.wall_ns / NS_PER_S)};
}

uint64_t service_wall_ns(struct service *service)
{
    (void)read_clocks(service);
    return service->wall.wall_ns;
}

void service_trust_clock(struct service *service)
{
    wall_clock_init(&service->wall, 0, service_clock_ns(CLOCK_MONOTONIC));
}

int service_random(void *bytes, size_t len, void *userdata)
{
    uint8_t *at = bytes;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* ---- life --------------------------------------------------------------------------------------
 */

void service_resolve_scopes(struct service *service)
{
    char message[CONFIG_ERROR_MAX];

    if (config_resolve_scopes(service->config, &service->registry, message) < 0)
        log_event(LOG_EVENT_SCOPE_UNKNOWN, "%s", message);
    service->generation++;
}

/* A host that boots with a dead clock must not take up tokens that were over before. */
static int begin_clock(struct service *service)
{
    int64_t last_s;
    int r = store_read_begin(service->store);

    if (r < 0)
        return r;
    r = store_clock(service->store, &last_s);
    store_read_end(service->store);
    if (r == 0)
        wall_clock_init(&service->wall, last_s > 0 ? (uint64_t)last_s * NS_PER_S : 0,
                        service->started_ns);
    return r;
}

int service_read_registry(struct service *service)
{
    int r = store_read_begin(service->store);

    if (r < 0)
        return r;
    r = store_scopes(service->store, &service->registry);
    store_read_end(service->store);
    return r;
}

int service_new(struct store *store, struct committer *committer, struct config *config,
                struct service **ret)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service)
        return -ENOMEM;
    service->store = store;
    service->committer = committer;
    service->started_ns = service_clock_ns(CLOCK_MONOTONIC);
    int r = buckets_new(&service->buckets);
    if (r == 0)
        r = digester_new(&service->digester);
    if (r == 0)
        r = quota_new(&config->quota, &service->quota);
    /* Random, so that no client takes a restarted daemon's policies for those it knows. */
    if (r == 0)
        r = service_random(&service->generation, sizeof service->generation, NULL);
    if (r == 0)
        r = service_read_registry(service);
    if (r == 0)
        r = begin_clock(service);
    if (r < 0) {
        service_free(service);
        return r;
    }
    service->config = config;
    committer_set_queue_max(committer, config->change_queue_max);
    log_set_refusal_rate(config->refusals_logged_per_s);
    service_resolve_scopes(service);
    *ret = service;
    return 0;
}

struct service *service_free(struct service *service)
{
    if (!service)
        return NULL;
    buckets_free(service->buckets);
    digester_free(service->digester);
    quota_free(service->quota);
    config_free(service->config);
    free(service);
    return NULL;
}

void service_reload(struct service *service, struct config *config)
{
    config_free(service->config);
    service->config = config;
    quota_set_limits(service->quota, &config->quota);
    committer_set_queue_max(service->committer, config->change_queue_max);
    log_set_refusal_rate(config->refusals_logged_per_s);
    service_resolve_scopes(service);
}

struct quota *service_quota(struct service *service)
{
    return service->quota;
}

const struct config *service_config_of(const struct service *service)
{
    return service->config;
}

const struct scope_registry *service_scopes(const struct service *service)
{
    return &service->registry;
}

uint64_t service_generation(const struct service *service)
{
    return service->generation;
}

uint64_t service_reason_count(const struct service *service, enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? service->reason_counts[reason] : 0;
}

uint64_t service_uptime_ns(const struct service *service)
{
    return service_clock_ns(CLOCK_MONOTONIC) - service->started_ns;
}

unsigned service_pending(const struct service *service)
{
    return service->pending;
}

bool service_must_exit(struct service *service)
{
    int failure = committer_failure(service->committer);

    if (failure == -EIO && !service->must_exit)
        log_event(LOG_EVENT_COMMIT_UNKNOWN,
                  "a commit failed and its outcome is unknown: this daemon ends now");
    if (failure == -ESTALE && !service->must_exit)
        log_event(LOG_EVENT_FAILED,
                  "data.mdb was replaced, cut or written by another program while it was open: "
                  "nothing more can be committed, and this daemon ends now. Stop stkgate before a "
                  "table is restored");
    if (failure < 0)
        service->must_exit = true;
    return service->must_exit;
}

/* ---- checks ------------------------------------------------------------------------------------
 */

static void count(struct service *service, struct bucket *bucket, const struct query *query,
                  const struct verdict *verdict, int64_t wall_s)
{
    service->reason_counts[verdict->reason]++;
    if (!bucket || query->peek)
        return;
    if (verdict->reason == REASON_OK) {
        bucket->allowed++;
        bucket->last_used_at = wall_s;
    } else {
        bucket->refused++;
    }
    service_mark_dirty(service, bucket);
}

/* A bucket knows its record's key_id, and a digest never moves to another record: of a token that
 * was seen before, one look-up in the table will do. */
static int find_record(struct service *service, const uint8_t digest[static DIGEST_BYTES],
                       const struct bucket *bucket, struct record *ret)
{
    if (bucket && store_find_key_id(service->store, text_of(bucket->key_id), ret) == 0 &&
        digest_equal(ret->digest, digest))
        return 0;
    return store_find_digest(service->store, digest, ret);
}

/* Keep what was found for the next check. A copy of the same change is right as it is. */
static void keep_copy(struct service *service, struct bucket *bucket, const struct record *record)
{
    if (bucket->copy && bucket->copy->record.seq != record->seq) {
        bucket->copy = record_copy_free(bucket->copy);
        service->copies--;
    }
    if (!bucket->copy && service->copies < service->config->record_cache &&
        record_copy_new(record, &bucket->copy) == 0)
        service->copies++;
    if (bucket->copy)
        bucket->copy->changes = service->changes;
}

static int check_in_table(struct service *service, const struct policy *policy,
                          const struct query *query, struct clock_reading now, struct verdict *ret)
{
    struct record record;
    struct bucket *bucket = buckets_find(service->buckets, query->digest);

    /* What was revoked last may have been, or not. */
    if (service->must_exit)
        return -EIO;

    if (bucket && bucket->copy && bucket->copy->changes == service->changes) {
        decide(policy, query, &bucket->copy->record, &bucket->tat, now, ret);
        count(service, bucket, query, ret, now.wall_s);
        return 0;
    }
    int r = store_read_begin(service->store);
    if (r < 0)
        return r;
    r = find_record(service, query->digest, bucket, &record);
    bool found = r == 0;
    bucket = NULL; /* it may be that of a legacy key that was removed */
    if (found)
        r = service_bucket_of(service, &record, now.mono_ns, &bucket);
    if (bucket)
        keep_copy(service, bucket, &record);
    if (r == 0 || r == -ENOENT) {
        decide(policy, query, found ? &record : NULL, found ? &bucket->tat : NULL, now, ret);
        count(service, bucket, query, ret, now.wall_s);
        r = 0;
    }
    store_read_end(service->store);
    return r;
}

int service_check(struct service *service, const struct service_config *as,
                  const struct query *query, struct verdict *ret)
{
    struct clock_reading now = service_now(service);
    int r = 0;

    verdict_init(ret);
    if (query->form == CREDENTIAL_TOKEN || query->form == CREDENTIAL_LEGACY) {
        r = check_in_table(service, &as->policy, query, now, ret);
    } else {
        decide(&as->policy, query, NULL, NULL, now, ret);
        count(service, NULL, query, ret, now.wall_s);
    }
    if (r < 0) {
        verdict_init(ret);
        log_event(LOG_EVENT_TABLE_UNREADABLE, "the table could not be read: %s; calls are refused",
                  strerror(-r));
    } else if (ret->reason != REASON_OK && service->config->log_refusals) {
        log_refusal(ret, as->name, now.mono_ns);
    }
    return r;
}

int service_check_text(struct service *service, const struct service_config *as,
                       const struct text_query *text, struct verdict *ret)
{
    struct credential credential =
        credential_choose(text->token, text->authorization, text->api_key);
    struct query query = {
        .form = credential.form,
        .kind = credential.kind,
        .site = text->site,
        .origin = text->origin,
        .scopes = text->scopes,
        .cost = text->cost,
        .peek = text->peek,
    };
    int r = 0;

    verdict_init(ret);
    if (credential.form == CREDENTIAL_TOKEN)
        r = digest_token(service->digester, credential.value, query.digest);
    else if (credential.form == CREDENTIAL_LEGACY)
        r = digest_legacy(service->digester, credential.value, query.digest);
    return r < 0 ? r : service_check(service, as, &query, ret);
}
