/* The buckets and use counts of the service, and their rows in the usage table. */
#include "daemon/service_state.h"

#include <errno.h>

/* Buckets saved, and slots looked at, per call of service_flush_usage(). */
#define FLUSH_MAX 2048
#define SCAN_MAX  65536

/* A wall clock that went back since pays nothing off: the limit holds rather than opens. */
uint64_t service_debt_left(const struct usage *usage, uint64_t wall_ns)
{
    uint64_t saved_ns = (uint64_t)usage->saved_at_ns;
    uint64_t passed_ns = wall_ns > saved_ns ? wall_ns - saved_ns : 0;

    uint64_t left_ns = usage->debt_ns > passed_ns ? usage->debt_ns - passed_ns : 0;

    /* More than any limit can owe: added to a clock it must not wrap around. */
    return left_ns < RATE_TAU_MAX_NS ? left_ns : RATE_TAU_MAX_NS;
}

uint64_t service_debt_under(const struct usage *usage, const struct rate *rate, uint64_t mono_ns)
{
    if (usage->burst == 0)
        return usage->debt_ns;
    struct rate from = {usage->interval_ns, usage->burst, usage->interval_ns * usage->burst};
    uint64_t tat = rate_convert(&from, rate, mono_ns + usage->debt_ns, mono_ns);
    return tat > mono_ns ? tat - mono_ns : 0;
}

static int find_published(struct service *service, struct text key_id, uint64_t mono_ns,
                          struct view_reading *ret, struct view_bucket **ret_bucket)
{
    struct record record;
    int r = store_find_key_id(service->store, key_id, &record);

    if (r < 0)
        return r;
    if (publish_find(service->publish, record.digest, mono_ns, ret, ret_bucket) == VIEW_FOUND)
        return 0;
    r = service_publish(service, &record, mono_ns);
    if (r < 0)
        return r;
    return publish_find(service->publish, record.digest, mono_ns, ret, ret_bucket) == VIEW_FOUND
               ? 0
               : -EIO;
}

int service_carry_debt(struct service *service, struct text from_key_id, struct text to_key_id)
{
    struct view_reading from, to;
    struct view_bucket *source, *target;
    struct rate from_rate, to_rate;
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);

    int r = find_published(service, from_key_id, mono_ns, &from, &source);
    if (r == 0)
        r = find_published(service, to_key_id, mono_ns, &to, &target);
    if (r < 0)
        return r;
    if (rate_init(&from_rate, &from.record.limit) != RATE_OK ||
        rate_init(&to_rate, &to.record.limit) != RATE_OK)
        return -EBADMSG;
    uint64_t tat = rate_convert(&from_rate, &to_rate, atomic_load(&source->tat), mono_ns);
    uint64_t seen = atomic_load(&target->tat);
    while (tat > seen && !atomic_compare_exchange_weak(&target->tat, &seen, tat))
        continue;
    publish_mark_unsaved(target);
    return 0;
}

/* Whatever a hostile client wrote into it, a debt is no more than the limit allows. */
void service_usage_of(struct service *service, const struct view_reading *reading,
                      const struct view_bucket *bucket, struct usage *ret)
{
    uint64_t tat = atomic_load(&bucket->tat);
    uint64_t wall_ns = service_wall_ns(service);
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);
    uint64_t debt_ns = tat > mono_ns ? tat - mono_ns : 0;
    struct rate rate;

    *ret = (struct usage){
        .allowed = atomic_load(&bucket->allowed),
        .refused = atomic_load(&bucket->refused),
        .last_used_at = atomic_load(&bucket->last_used_s),
        .saved_at_ns = (int64_t)wall_ns,
    };
    if (rate_init(&rate, &reading->record.limit) != RATE_OK)
        return;
    ret->debt_ns = debt_ns < rate.tau_ns ? debt_ns : rate.tau_ns;
    ret->interval_ns = rate.interval_ns;
    ret->burst = rate.burst;
}

struct flush {
    struct service *service;
    unsigned left;
};

static int on_unsaved(const struct view_reading *reading, struct view_bucket *bucket,
                      void *userdata)
{
    struct flush *flush = userdata;
    struct usage usage;

    if (flush->left == 0)
        return 1;
    flush->left--;
    service_usage_of(flush->service, reading, bucket, &usage);
    return committer_submit_usage(flush->service->committer, reading->record.key_id, &usage);
}

bool service_flush_usage(struct service *service)
{
    struct flush flush = {.service = service, .left = FLUSH_MAX};

    return publish_each_unsaved(service->publish, SCAN_MAX, service_clock_ns(CLOCK_MONOTONIC),
                                on_unsaved, &flush) != 0;
}

/* What was spent since an unfinished walk passed by, or since the view grew, is in no row yet. */
void service_begin_last_flush(struct service *service)
{
    publish_begin_last_walk(service->publish, service_clock_ns(CLOCK_MONOTONIC));
}
