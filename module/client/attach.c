#include "module/client/attach.h"

#include <errno.h>

#include "module/client/exchange.h"
#include "module/client/fast.h"

#define NS_PER_MS    UINT64_C(1000000)
#define PAUSE_NS     (1000 * NS_PER_MS)
#define FIRST_NS     (10 * NS_PER_MS)
#define FAILURES_MAX 7 /* 10 ms << 7 is above PAUSE_NS */

/* One question for the view. */
struct attempt_to_attach {
    struct stkgate *gate;
    struct connection *connection;
    struct deadline *deadline;
    struct handed handed;
    struct attached told;
};

/* ---- when -------------------------------------------------------------------------------------
 */

/* Whoever moves the word asks, and knows then what the one before it got. A fork amid it holds the
 * child up for no longer than a call takes. */
static bool begin(struct attaching *attaching, uint64_t generation, uint64_t now_ns,
                  uint64_t claim_ns)
{
    uint64_t due_ns = atomic_load_explicit(&attaching->due_ns, memory_order_relaxed);
    if (now_ns < due_ns &&
        generation == atomic_load_explicit(&attaching->generation, memory_order_relaxed))
        return false;
    if (!atomic_compare_exchange_strong_explicit(&attaching->due_ns, &due_ns, now_ns + claim_ns,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    atomic_store_explicit(&attaching->generation, generation, memory_order_relaxed);
    return true;
}

static void end(struct attaching *attaching, uint64_t due_ns, uint32_t failures)
{
    atomic_store_explicit(&attaching->failures, failures, memory_order_relaxed);
    atomic_store_explicit(&attaching->due_ns, due_ns, memory_order_release);
}

static void fail(struct attaching *attaching, uint64_t now_ns)
{
    uint32_t failures = atomic_load_explicit(&attaching->failures, memory_order_relaxed);
    uint64_t pause_ns = FIRST_NS << (failures < FAILURES_MAX ? failures : FAILURES_MAX);
    end(attaching, now_ns + (pause_ns < PAUSE_NS ? pause_ns : PAUSE_NS),
        failures < FAILURES_MAX ? failures + 1 : FAILURES_MAX);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* A view comes with both of its descriptors; no view, with none. */
static bool is_whole(const struct attempt_to_attach *attempt)
{
    unsigned count = attempt->told.view_bytes == 0 ? 0 : HANDED_MAX;
    return attempt->handed.count == count && !attempt->handed.refused;
}

/* The daemon read its clock between question and answer. If ours says otherwise, leases can't be
 * judged here: this process lives in another time namespace. */
static int ask(struct attempt_to_attach *attempt)
{
    struct connection *connection = attempt->connection;
    uint8_t question[WIRE_HEADER_BYTES];
    uint8_t answer[ATTACHED_FRAME_BYTES];
    struct packet out = {.bytes = question, .capacity = sizeof question};
    struct packet in = {.bytes = answer, .capacity = sizeof answer, .handed = &attempt->handed};
    struct frame frame;

    out.len = attach_write(question, sizeof question, ++connection->last_id);
    uint64_t before_ns = deadline_clock_ns();
    int r = exchange_frames(connection, attempt->deadline, &out, &in, &frame);
    uint64_t after_ns = deadline_clock_ns();
    if (r < 0)
        return r;
    if (attached_read(&frame, &attempt->told) < 0)
        return -EPROTO;
    if (!is_whole(attempt))
        return -EPROTO;
    connection->other_clock =
        attempt->told.clock_ns < before_ns || attempt->told.clock_ns > after_ns;
    return 0;
}

/* ---- taking it in ------------------------------------------------------------------------------
 */

static bool is_current(struct stkgate *gate, const struct mapping *mapping)
{
    struct seat seat;
    seats_take(&gate->seats, &seat);
    const struct mapping *current = mappings_current(&gate->mappings);
    bool same = current != NULL && map_is_same(current, mapping);
    seats_leave(&gate->seats, &seat);
    return same;
}

/* Returns whether there is something that we didn't have. A view that is here already stays: its
 * pages have been faulted in. */
static bool take_in(struct stkgate *gate, struct mapping *mapping)
{
    uint64_t incarnation = atomic_load(&mapping->view.header->incarnation);
    bool gained = pool_attached(&gate->pool) != incarnation;
    if (is_current(gate, mapping)) {
        map_free(mapping);
    } else {
        mappings_replace(&gate->mappings, &gate->seats, mapping);
        gained = true;
    }
    pool_set_attached(&gate->pool, incarnation);
    return gained;
}

static void give_up(struct stkgate *gate)
{
    mappings_replace(&gate->mappings, &gate->seats, NULL);
    pool_set_attached(&gate->pool, 0);
}

/* An answer came; what it says may still be of no use. */
static void settle(struct attempt_to_attach *attempt)
{
    struct stkgate *gate = attempt->gate;
    struct mapping *mapping;
    uint64_t now_ns = deadline_clock_ns();

    if (attempt->told.view_bytes == 0 || attempt->connection->other_clock) {
        handed_close(&attempt->handed);
        give_up(gate);
        end(&gate->attaching, now_ns + PAUSE_NS, 0);
    } else if (map_new(&attempt->handed, &attempt->told, &mapping) < 0) {
        fail(&gate->attaching, now_ns);
    } else {
        end(&gate->attaching, take_in(gate, mapping) ? 0 : now_ns + PAUSE_NS, 0);
    }
}

static bool is_needed(struct stkgate *gate)
{
    struct seat seat;
    seats_take(&gate->seats, &seat);
    bool needed = fast_needs_view(gate);
    seats_leave(&gate->seats, &seat);
    return needed;
}

int attach_view(struct stkgate *gate, struct connection *connection, struct deadline *deadline)
{
    const struct snapshot *snapshot = snapshots_current(&gate->snapshots);
    uint64_t now_ns = deadline_clock_ns();
    if (!snapshot->direct) {
        if (mappings_current(&gate->mappings) != NULL)
            give_up(gate);
        return 0;
    }
    if (gate->asks || connection->other_clock || now_ns >= deadline->end_ns || !is_needed(gate) ||
        !begin(&gate->attaching, atomic_load(&snapshot->generation), now_ns,
               gate->deadline_ms * NS_PER_MS))
        return 0;
    /* Another thread may have got it while this one was being answered. */
    if (!is_needed(gate)) {
        end(&gate->attaching, 0, 0);
        return 0;
    }
    struct attempt_to_attach attempt = {
        .gate = gate, .connection = connection, .deadline = deadline};
    int r = ask(&attempt);
    if (r < 0) {
        handed_close(&attempt.handed);
        fail(&gate->attaching, deadline_clock_ns());
        return r;
    }
    settle(&attempt);
    return 0;
}
