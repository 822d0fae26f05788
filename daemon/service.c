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

/* A chain of digests: each of the one before and of one more service. */
struct chain {
    uint8_t digest[DIGEST_BYTES];
    struct writer w;
    uint8_t bytes[2 * POLICY_SITES_MAX];
};

static void chain_begin(struct chain *chain)
{
    writer_init(&chain->w, chain->bytes, sizeof chain->bytes);
    writer_bytes(&chain->w, chain->digest, sizeof chain->digest);
}

static int chain_end(struct chain *chain)
{
    struct text text = {(const char *)chain->bytes, chain->w.len};

    if (chain->w.failed)
        return -ENOSPC;
    digest_token(text, chain->digest);
    return 0;
}

static void write_principals(struct writer *w, const struct principals *principals)
{
    writer_u8(w, principals->any);
    writer_u8(w, (uint8_t)principals->user_count);
    for (unsigned i = 0; i < principals->user_count; i++)
        writer_u32(w, principals->users[i]);
    writer_u8(w, (uint8_t)principals->group_count);
    for (unsigned i = 0; i < principals->group_count; i++)
        writer_u32(w, principals->groups[i]);
}

/* Made of all that a client's decisions follow: a daemon that is restarted with the same files and
 * scopes has the same, and nobody has to ask it for them again. */
static uint64_t generation_of(struct service *service)
{
    struct chain chain = {.digest = {0}};
    uint64_t generation;
    int r = 0;

    for (unsigned i = 0; i < service->config->service_count && r == 0; i++) {
        const struct service_config *as = &service->config->services[i];
        chain_begin(&chain);
        writer_text8(&chain.w, text_of(as->name));
        policy_write(&as->policy, &chain.w);
        write_principals(&chain.w, &as->callers);
        write_principals(&chain.w, &as->direct);
        r = chain_end(&chain);
    }
    chain_begin(&chain);
    scope_registry_write(&service->registry, &chain.w);
    if (r == 0)
        r = chain_end(&chain);
    memcpy(&generation, chain.digest, sizeof generation);
    /* What does not fit: another one than ever before. */
    return r == 0 ? generation : service->generation + 1;
}

void service_resolve_scopes(struct service *service)
{
    char message[CONFIG_ERROR_MAX];

    if (config_resolve_scopes(service->config, &service->registry, message) < 0)
        log_event(LOG_EVENT_SCOPE_UNKNOWN, "%s", message);
    service->generation = generation_of(service);
    publish_set_generation(service->publish, service->generation);
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
                struct fdstore *inherited, struct service **ret)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service)
        return -ENOMEM;
    service->store = store;
    service->committer = committer;
    service->started_ns = service_clock_ns(CLOCK_MONOTONIC);
    int r = quota_new(&config->quota, &service->quota);
    if (r == 0)
        r = attached_new(&service->attached);
    if (r == 0)
        r = service_read_registry(service);
    if (r == 0)
        r = begin_clock(service);
    if (r == 0)
        r = service_open_view(service, inherited);
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
    publish_free(service->publish);
    quota_free(service->quota);
    attached_free(service->attached);
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

uint64_t service_mono_ns(void)
{
    return service_clock_ns(CLOCK_MONOTONIC);
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
    if (failure < 0) {
        service->must_exit = true;
        service_end_lease(service, 0); /* whoever maps the view asks, and is refused */
    }
    return service->must_exit;
}

/* ---- checks ------------------------------------------------------------------------------------
 */

static void count(struct service *service, struct view_bucket *bucket, const struct query *query,
                  const struct verdict *verdict, int64_t wall_s)
{
    service->reason_counts[verdict->reason]++;
    if (!bucket || query->peek)
        return;
    if (verdict->reason == REASON_OK) {
        atomic_fetch_add_explicit(&bucket->allowed, 1, memory_order_relaxed);
        atomic_store_explicit(&bucket->last_used_s, (uint32_t)wall_s, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&bucket->refused, 1, memory_order_relaxed);
    }
}

/* A hostile client may write into the bucket again and again that its state is elsewhere: then it
 * is one that is empty. */
static void decide_on(const struct policy *policy, const struct query *query,
                      const struct record *record, struct view_bucket *bucket,
                      struct clock_reading now, struct verdict *ret)
{
    decide(policy, query, record, &bucket->tat, now, ret);
    if (ret->reason == REASON_UNAVAILABLE) {
        _Atomic uint64_t empty = RATE_TAT_MAX;
        decide(policy, query, record, &empty, now, ret);
    }
}

static int check_in_view(struct service *service, const struct policy *policy,
                         const struct query *query, struct clock_reading now, struct verdict *ret)
{
    struct view_reading reading;
    struct view_bucket *bucket = NULL;

    /* What was revoked last may have been, or not. */
    if (service->must_exit)
        return -EIO;
    int r = service_find(service, query->digest, now.mono_ns, &reading, &bucket);
    if (r == 0)
        decide_on(policy, query, &reading.record, bucket, now, ret);
    else if (r == -ENOENT)
        decide(policy, query, NULL, NULL, now, ret);
    else
        return r;
    count(service, bucket, query, ret, now.wall_s);
    return 0;
}

int service_check(struct service *service, const struct service_config *as,
                  const struct query *query, struct verdict *ret)
{
    struct clock_reading now = service_now(service);
    int r = 0;

    verdict_init(ret);
    if (query->form == CREDENTIAL_TOKEN || query->form == CREDENTIAL_LEGACY) {
        r = check_in_view(service, &as->policy, query, now, ret);
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

    verdict_init(ret);
    if (credential.form == CREDENTIAL_TOKEN)
        digest_token(credential.value, query.digest);
    else if (credential.form == CREDENTIAL_LEGACY)
        digest_legacy(credential.value, query.digest);
    return service_check(service, as, &query, ret);
}
