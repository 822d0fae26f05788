/* The buckets and use counts of the service, and their rows in the usage table. */
#include "daemon/service_state.h"

#include <errno.h>

/* Buckets saved per call of service_flush_usage(): what stays dirty is saved by the next. */
#define FLUSH_MAX 2048

void service_mark_dirty(struct service *service, struct bucket *bucket)
{
    if (bucket->dirty)
        return;
    bucket->dirty = true;
    bucket->next_dirty = service->dirty;
    service->dirty = bucket;
}

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

/* The bucket begins as the table has it. */
static int take_up(struct service *service, struct bucket *bucket, const struct record *record,
                   const struct rate *rate, uint64_t mono_ns)
{
    struct usage usage;

    int r = store_usage(service->store, record->key_id, &usage);
    if (r < 0)
        return r;
    if (!text_copy(record->key_id, bucket->key_id, sizeof bucket->key_id))
        return -EBADMSG;
    usage.debt_ns = service_debt_left(&usage, service_wall_ns(service));
    uint64_t debt_ns = service_debt_under(&usage, rate, mono_ns);
    atomic_store(&bucket->tat, debt_ns > 0 ? mono_ns + debt_ns : 0);
    bucket->rate = *rate;
    bucket->allowed = usage.allowed;
    bucket->refused = usage.refused;
    bucket->last_used_at = usage.last_used_at;
    return 0;
}

/* With the units that it has. An edit's answer sees to it, but who looks a record up may be
 * earlier: between commit and answer, checks go by the new limit already. */
static void go_over_to(struct service *service, struct bucket *bucket, const struct rate *rate,
                       uint64_t mono_ns)
{
    if (bucket->rate.interval_ns == rate->interval_ns && bucket->rate.burst == rate->burst)
        return;
    atomic_store(&bucket->tat,
                 rate_convert(&bucket->rate, rate, atomic_load(&bucket->tat), mono_ns));
    bucket->rate = *rate;
    service_mark_dirty(service, bucket);
}

int service_bucket_of(struct service *service, const struct record *record, uint64_t mono_ns,
                      struct bucket **ret)
{
    struct rate rate;
    struct bucket *bucket = buckets_find(service->buckets, record->digest);

    if (rate_init(&rate, &record->limit) != RATE_OK)
        return -EBADMSG;
    int r = bucket ? 0 : buckets_add(service->buckets, record->digest, &bucket);
    if (r < 0)
        return r;
    /* A new bucket has no key_id yet. Else: a legacy key was removed, and added again. */
    if (!text_equal(text_of(bucket->key_id), record->key_id))
        r = take_up(service, bucket, record, &rate, mono_ns);
    else
        go_over_to(service, bucket, &rate, mono_ns);
    if (r < 0)
        return r;
    *ret = bucket;
    return 0;
}

int service_carry_debt(struct service *service, const uint8_t from_digest[static DIGEST_BYTES],
                       struct text key_id)
{
    struct record from_record, to_record;
    struct bucket *from, *to;
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);

    int r = store_find_digest(service->store, from_digest, &from_record);
    if (r == 0)
        r = store_find_key_id(service->store, key_id, &to_record);
    if (r == 0)
        r = service_bucket_of(service, &from_record, mono_ns, &from);
    if (r == 0)
        r = service_bucket_of(service, &to_record, mono_ns, &to);
    if (r != 0)
        return r;
    uint64_t tat = rate_convert(&from->rate, &to->rate, atomic_load(&from->tat), mono_ns);
    if (tat > atomic_load(&to->tat))
        atomic_store(&to->tat, tat);
    service_mark_dirty(service, to);
    return 0;
}

int service_convert_debt(struct service *service, struct text key_id)
{
    struct record record; /* as it is now: another edit may have been committed since */
    struct bucket *bucket;

    int r = store_find_key_id(service->store, key_id, &record);
    if (r == -ENOENT) /* removed since */
        return 0;
    if (r == 0)
        r = service_bucket_of(service, &record, service_clock_ns(CLOCK_MONOTONIC), &bucket);
    if (r == 0)
        service_mark_dirty(service, bucket);
    return r;
}

void service_usage_of(struct service *service, const struct bucket *bucket, struct usage *ret)
{
    uint64_t tat = atomic_load(&bucket->tat);
    uint64_t wall_ns = service_wall_ns(service);
    uint64_t mono_ns = service_clock_ns(CLOCK_MONOTONIC);

    *ret = (struct usage){
        .allowed = bucket->allowed,
        .refused = bucket->refused,
        .last_used_at = bucket->last_used_at,
        .debt_ns = tat > mono_ns ? tat - mono_ns : 0,
        .saved_at_ns = (int64_t)wall_ns,
        .interval_ns = bucket->rate.interval_ns,
        .burst = bucket->rate.burst,
    };
}

bool service_flush_usage(struct service *service)
{
    for (int i = 0; service->dirty && i < FLUSH_MAX; i++) {
        struct bucket *bucket = service->dirty;
        struct usage usage;
        service_usage_of(service, bucket, &usage);
        if (committer_submit_usage(service->committer, text_of(bucket->key_id), &usage) < 0)
            return true;
        service->dirty = bucket->next_dirty;
        bucket->dirty = false;
    }
    return service->dirty != NULL;
}
