#include "module/client/fast.h"

#include <time.h>

#include "lib/core/uninitialized.h"
#include "module/client/convert.h"

#define SECOND_NS UINT64_C(1000000000)

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t wall_clock_s(const struct lease *lease)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return later(ts.tv_sec, lease->wall_floor_s);
}

/* Whether the time of day has a say in what decide() says of it. */
static bool depends_on_wall(const struct record *record)
{
    return (record->expires_at | record->grace_until | record->sunset_at) != 0;
}

/* A tick of the kernel's clock more or less is nothing here; and once a second is enough to take
 * the line from those who only read it. For how long that is, ns, if the daemon's floor stays. */
static uint64_t stamp(struct view_bucket *bucket, const struct lease *lease)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    uint32_t now_s = (uint32_t)later(ts.tv_sec, lease->wall_floor_s);
    if (atomic_load_explicit(&bucket->last_used_s, memory_order_relaxed) != now_s)
        atomic_store_explicit(&bucket->last_used_s, now_s, memory_order_relaxed);
    return SECOND_NS - (uint64_t)ts.tv_nsec;
}

/* As the daemon counts its own (service.c). Each word is one that others write, too. */
static void count(struct view_bucket *bucket, const struct query *query, enum reason reason,
                  const struct lease *lease)
{
    if (query->peek)
        return;
    if (reason != REASON_OK) {
        atomic_fetch_add_explicit(&bucket->refused, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&bucket->allowed, 1, memory_order_relaxed);
    (void)stamp(bucket, lease);
}

/* Until the second is over, whoever sets the clock meanwhile. */
static void count_pass(struct view_bucket *bucket, struct recent_token *token,
                       const struct fast *fast)
{
    atomic_fetch_add_explicit(&bucket->allowed, 1, memory_order_relaxed);
    if (fast->now_ns < token->stamped_until_ns &&
        atomic_load_explicit(&bucket->last_used_s, memory_order_relaxed) >=
            fast->lease.wall_floor_s)
        return;
    token->stamped_until_ns = fast->now_ns + stamp(bucket, &fast->lease);
}

static bool decide_on(const struct fast *fast, const struct query *query,
                      const struct view_reading *reading, struct verdict *ret)
{
    struct clock_reading now = {.mono_ns = fast->now_ns};

    if (reading->record.strict)
        return false;
    if (depends_on_wall(&reading->record))
        now.wall_s = wall_clock_s(&fast->lease);
    struct view_bucket *bucket = &fast->mapping->view.buckets[reading->slot];
    decide(&fast->snapshot->policy, query, &reading->record, &bucket->tat, now, ret);
    /* The bucket has moved, or what is there is no limit. */
    if (ret->reason == REASON_UNAVAILABLE)
        return false;
    count(bucket, query, ret->reason, &fast->lease);
    return true;
}

static bool look_up(const struct fast *fast, struct recent *recent, const struct universal *hash,
                    const struct query *query, struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    enum view_answer answer = view_read(&fast->mapping->view, query->digest, &reading);

    if (answer == VIEW_NONE && fast->lease.complete) {
        const struct clock_reading now = {.mono_ns = fast->now_ns};
        decide(&fast->snapshot->policy, query, NULL, NULL, now, ret);
        return true;
    }
    if (answer != VIEW_FOUND)
        return false;
    if (recent != NULL)
        recent_note(recent, hash, fast->mapping->number, reading.slot);
    return decide_on(fast, query, &reading, ret);
}

/* The lease was read after the call began, and before the clock is: one that is put off meanwhile
 * would seem longer than any can be. It is not read again: a revocation that is acknowledged before
 * the call began is in this view, or this view's lease was over, or it was superseded, before it
 * was acknowledged; and one that is acknowledged later may go either way, however long this process
 * is stopped between two instructions. */
static bool is_in_time(struct fast *fast)
{
    fast->now_ns = deadline_clock_ns();
    return lease_holds(&fast->lease, fast->now_ns);
}

/* To look at the clock takes about as long as memory does to come. */
bool fast_check(struct fast *fast, struct recent *recent, const struct universal *hash,
                const struct query *query, struct verdict *ret)
{
    view_expect_reading(&fast->mapping->view, query->digest);
    return is_in_time(fast) && look_up(fast, recent, hash, query, ret);
}

static uint64_t state_of(const struct view *view, uint32_t slot)
{
    return atomic_load_explicit(&view->slots[slot].words[VIEW_WORD_STATE], memory_order_acquire);
}

/* Of a slot nothing changes but its state. */
static void conclude(struct recent_token *token, const struct snapshot *snapshot,
                     const struct query *query, const struct record *record)
{
    if (token->concluded_by == snapshot)
        return;
    pass_prepare(&token->pass, &snapshot->policy, query, record);
    token->concluded_by = snapshot;
}

/* A slot is one credential's for the life of its view. One that has moved on is looked up. */
bool fast_check_recent(struct fast *fast, struct recent_token *token, struct query *query,
                       struct verdict *ret)
{
    UNINITIALIZED struct view_reading reading;
    const struct view *view = &fast->mapping->view;

    view_expect_slot(view, token->slot);
    if (!is_in_time(fast))
        return false;
    if (view_read_slot(view, token->slot, state_of(view, token->slot), &reading) != VIEW_FOUND)
        return false;
    memcpy(query->digest, reading.record.digest, DIGEST_BYTES);
    if (!decide_on(fast, query, &reading, ret))
        return false;
    conclude(token, fast->snapshot, query, &reading.record);
    return true;
}

bool fast_pass(struct fast *fast, struct recent_token *token, const struct stkgate_request *request,
               struct stkgate_verdict *verdict)
{
    const struct policy *policy = &fast->snapshot->policy;
    const struct view *view = &fast->mapping->view;
    const struct pass_query query = {
        .site = convert_text(request->site),
        .scopes = request->scopes,
        .cost = request->cost,
        .peek = (request->flags & STKGATE_PEEK) != 0,
    };
    struct rate_result rate;

    if (token->concluded_by != fast->snapshot || token->pass.kind == KIND_NONE)
        return false;
    view_expect_state(view, token->slot);
    if (!is_in_time(fast) || state_of(view, token->slot) != VIEW_LIVE)
        return false;
    struct view_bucket *bucket = &view->buckets[token->slot];
    if (!pass_admits(&token->pass, policy, &query, &bucket->tat, fast->now_ns, &rate))
        return false;
    if (!query.peek)
        count_pass(bucket, token, fast);
    convert_pass(&token->pass, query.scopes | policy->scopes, &rate, verdict);
    return true;
}

/* Whether there is a view, as it is now. */
static bool begin(const struct stkgate *gate, struct fast *ret)
{
    ret->snapshot = snapshots_current(&gate->snapshots);
    ret->mapping = mappings_current(&gate->mappings);
    if (ret->mapping == NULL)
        return false;
    lease_read(&ret->mapping->view, &ret->lease);
    return true;
}

static bool is_handed_out(const struct stkgate *gate, const struct fast *fast)
{
    return fast->lease.incarnation == pool_attached(&gate->pool);
}

/* The policy that this handle knows is that of the view's generation. */
static bool has_policy(const struct fast *fast)
{
    const struct snapshot *snapshot = fast->snapshot;
    return snapshot->direct && atomic_load_explicit(&snapshot->generation, memory_order_relaxed) ==
                                   fast->lease.generation;
}

bool fast_begin(const struct stkgate *gate, struct fast *ret)
{
    return begin(gate, ret) && is_handed_out(gate, ret) && has_policy(ret);
}

bool fast_check_alone(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    struct fast fast;

    if (!begin(gate, &fast) || !has_policy(&fast))
        return false;
    return (is_in_time(&fast) ||
            lease_is_last_known(&fast.lease, fast.now_ns, fast.snapshot->policy.last_known_ns)) &&
           look_up(&fast, NULL, NULL, query, ret);
}

bool fast_needs_view(const struct stkgate *gate)
{
    struct fast fast;

    return !begin(gate, &fast) || !is_in_time(&fast) || !is_handed_out(gate, &fast);
}
