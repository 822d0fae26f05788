#include "module/client/ask.h"

#include <errno.h>

#include "module/client/attach.h"
#include "module/client/dial.h"
#include "module/client/exchange.h"

/* A question whose connection is lost may have been spent on: it is put twice at most. */
#define PUTS_MAX 2
/* New connections in one call. A daemon that is just ending may have taken the first one in. */
#define DIALS_MAX 2

/* One call's way to an answer. */
struct ask {
    struct stkgate *gate;
    const struct query *query; /* NULL: just a WELCOME is wanted */
    struct verdict *ret;
    struct deadline deadline;
    struct attempt attempt;
    unsigned puts; /* how often the question was sent */
};

static uint64_t claim_ns(const struct stkgate *gate)
{
    return gate->deadline_ms * UINT64_C(1000000);
}

static int put_query(struct ask *ask, struct connection *connection)
{
    uint8_t question[CHECK_FRAME_MAX];
    uint8_t answer[VERDICT_FRAME_MAX];
    struct packet out = {.bytes = question, .capacity = sizeof question};
    struct packet in = {.bytes = answer, .capacity = sizeof answer};
    struct frame frame;

    out.len = check_write(question, sizeof question, ++connection->last_id, ask->query);
    if (out.len == 0)
        return -EINVAL;
    ask->puts++;
    int r = exchange_frames(connection, &ask->deadline, &out, &in, &frame);
    if (r < 0)
        return r;
    if (verdict_read(&frame, &connection->generation, ask->ret) < 0)
        return -EPROTO;
    return 0;
}

/* A daemon that named another generation than ours in its last answer is asked for its policy
 * now, before the next question, and not then, after the answer: that one was not to wait. */
static int ask_on_old(struct ask *ask, struct connection *connection)
{
    const struct snapshot *snapshot = snapshots_current(&ask->gate->snapshots);
    if (ask->query == NULL || connection->generation != atomic_load(&snapshot->generation)) {
        int r = dial_hello(ask->gate, connection, &ask->deadline);
        if (r < 0)
            return r;
    }
    return ask->query != NULL ? put_query(ask, connection) : 0;
}

static int ask_on_new(struct ask *ask, struct connection *connection)
{
    int r = dial_daemon(ask->gate, connection, &ask->deadline);
    if (r < 0)
        return r;
    return ask->query != NULL ? put_query(ask, connection) : 0;
}

/* The end of the attempt that this call made. The answer is there when the view is asked for: if
 * that goes wrong, the connection alone suffers. */
static int settle(struct ask *ask, struct connection *connection, int r)
{
    struct stkgate *gate = ask->gate;
    if (r == 0 && ask->query != NULL && attach_view(gate, connection, &ask->deadline) < 0) {
        pool_drop(&gate->pool, connection);
        backoff_succeed(&gate->backoff);
        return 0;
    }
    if (r < 0) {
        pool_drop(&gate->pool, connection);
        backoff_fail(&gate->backoff, &ask->attempt, deadline_clock_ns(), r);
    } else {
        pool_put(&gate->pool, connection);
        backoff_succeed(&gate->backoff);
    }
    return r;
}

static int ask_daemon(struct ask *ask)
{
    struct stkgate *gate = ask->gate;
    ask->deadline = deadline_begin(gate->deadline_ms);
    ask->deadline.waited = gate->deadline_ms < EXCHANGE_TIMEOUT_MIN_MS;
    int r = backoff_enter(&gate->backoff, ask->deadline.start_ns, claim_ns(gate), &ask->attempt);
    if (r < 0)
        return r;

    struct connection *old = pool_take(&gate->pool);
    if (old != NULL) {
        r = ask_on_old(ask, old);
        if (r != -ECONNRESET)
            return settle(ask, old, r);
        /* Dead for longer than this call: the daemon was restarted, or had enough of us. */
        pool_drop(&gate->pool, old);
    }
    r = backoff_enter_dial(&gate->backoff, ask->deadline.start_ns, claim_ns(gate), &ask->attempt);
    if (r < 0)
        return r;
    for (int dials = 1;; dials++) {
        struct connection spare;
        struct connection *fresh = pool_place(&gate->pool, &spare);
        r = ask_on_new(ask, fresh);
        if (r != -ECONNRESET || dials == DIALS_MAX || ask->puts == PUTS_MAX)
            return settle(ask, fresh, r);
        pool_drop(&gate->pool, fresh);
    }
}

int ask_verdict(struct stkgate *gate, const struct query *query, struct verdict *ret)
{
    struct ask ask = {.gate = gate, .query = query, .ret = ret};
    return ask_daemon(&ask);
}

int ask_welcome(struct stkgate *gate)
{
    struct ask ask = {.gate = gate};
    return ask_daemon(&ask);
}
