#include "module/client/dial.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "module/client/exchange.h"

static int set_timeout(int fd, int option, uint64_t ns)
{
    /* Zero would mean: for ever. */
    uint64_t us = ns / 1000 > 0 ? ns / 1000 : 1;
    struct timeval timeout = {
        .tv_sec = (time_t)(us / 1000000),
        .tv_usec = (suseconds_t)(us % 1000000),
    };
    return setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout) < 0 ? -errno : 0;
}

/* connect(2) waits when the daemon's queue is full: for half of what is left at most, since the
 * greeting is to come, and the kernel rounds up. EAGAIN says that this time is over. */
static int connect_within(struct stkgate *gate, int fd, struct deadline *deadline)
{
    deadline->waited = true;
    for (;;) {
        uint64_t left_ns = deadline_left_ns(deadline);
        if (left_ns == 0)
            return -ETIMEDOUT;
        int r = set_timeout(fd, SO_SNDTIMEO, left_ns / 2);
        if (r < 0)
            return r;
        if (connect(fd, (const struct sockaddr *)&gate->address, sizeof gate->address) == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int dial_daemon(struct stkgate *gate, struct connection *connection, struct deadline *deadline)
{
    int r = connection_open(connection);
    if (r < 0)
        return r;
    int fd = atomic_load_explicit(&connection->fd, memory_order_relaxed);
    r = set_timeout(fd, SO_RCVTIMEO, gate->deadline_ms * UINT64_C(1000000) / 4 * 3);
    if (r < 0)
        return r;
    r = connect_within(gate, fd, deadline);
    if (r < 0)
        return r;
    return dial_hello(gate, connection, deadline);
}

int dial_hello(struct stkgate *gate, struct connection *connection, struct deadline *deadline)
{
    uint8_t question[WIRE_HEADER_BYTES + 1 + SERVICE_MAX];
    uint8_t answer[WIRE_FRAME_MAX];
    struct hello hello = {.service = text_of(gate->service)};
    struct packet out = {.bytes = question, .capacity = sizeof question};
    struct packet in = {.bytes = answer, .capacity = sizeof answer};
    struct frame frame;

    out.len = hello_write(question, sizeof question, ++connection->last_id, &hello);
    int r = exchange_frames(connection, deadline, &out, &in, &frame);
    if (r < 0)
        return r;
    return snapshots_publish(&gate->snapshots, &frame, &connection->generation);
}
