#include "module/client/exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "lib/wire/message.h"

/* The other end is gone, or the host program closed or replaced the descriptor: either way another
 * connection may do better. */
static int error_of(int error)
{
    switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
    case EBADF:
    case ENOTSOCK: return -ECONNRESET;
    case EMSGSIZE: return -EPROTO;
    default: return -error;
    }
}

static int send_frame(int fd, struct deadline *deadline, const struct packet *out)
{
    for (;;) {
        ssize_t n = send(fd, out->bytes, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            return (size_t)n == out->len ? 0 : -EPROTO;
        if (errno != EAGAIN && errno != EINTR)
            return error_of(errno);
        if (errno == EAGAIN) {
            int r = deadline_poll(deadline, fd, POLLOUT);
            if (r < 0)
                return r;
        }
    }
}

/* As recv(2). */
static ssize_t receive(int fd, struct packet *in, int flags)
{
    if (in->handed == NULL)
        return recv(fd, in->bytes, in->capacity, flags);
    union handed_buffer control;
    struct iovec room = {.iov_base = in->bytes, .iov_len = in->capacity};
    struct msghdr message = {
        .msg_iov = &room,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t n = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
    if (n >= 0)
        handed_take(&message, in->handed);
    return n;
}

/* When nothing was waited for yet, the time-out that was set on the socket bounds this call, and
 * poll(2), 7 % of a check, can be spared. That time-out is shorter than the deadline: what is left
 * of it then is waited for with poll. MSG_TRUNC tells a packet's true length. */
static int receive_frame(int fd, struct deadline *deadline, struct packet *in)
{
    for (;;) {
        if (deadline->waited) {
            int r = deadline_poll(deadline, fd, POLLIN);
            if (r < 0)
                return r;
        }
        int flags = MSG_TRUNC | (deadline->waited ? MSG_DONTWAIT : 0);
        deadline->waited = true;
        ssize_t n = receive(fd, in, flags);
        if (n == 0)
            return -ECONNRESET;
        if (n > 0) {
            in->len = (size_t)n;
            return in->len <= in->capacity ? 0 : -EPROTO;
        }
        if (errno != EAGAIN && errno != EINTR)
            return error_of(errno);
    }
}

static int error_of_peer(struct frame *frame)
{
    enum wire_error error;
    if (error_read(frame, &error) < 0)
        return -EPROTO;
    switch (error) {
    case WIRE_ERROR_VERSION: return -EPROTONOSUPPORT;
    case WIRE_ERROR_NOT_ALLOWED: return -EPERM;
    case WIRE_ERROR_BUSY: return -EAGAIN;
    case WIRE_ERROR_INTERNAL: return -EIO;
    case WIRE_ERROR_FRAME: break;
    }
    return -EPROTO;
}

static int judge(const struct packet *in, uint32_t id, struct frame *ret)
{
    int r = frame_open(in->bytes, in->len, ret);
    if (r == -EPROTONOSUPPORT)
        return r;
    if (r < 0)
        return -EPROTO;
    /* A daemon that has no room says so before it has read anything: id 0. */
    if (ret->type == WIRE_ERROR && (ret->id == id || ret->id == 0))
        return error_of_peer(ret);
    return ret->id == id ? 0 : -EPROTO;
}

/* A daemon that closes without having read our frame resets the connection, and the kernel reports
 * that before the ERROR which was sent first. */
static int last_words(int fd, struct packet *in, uint32_t id)
{
    struct frame frame;
    ssize_t n = recv(fd, in->bytes, in->capacity, MSG_DONTWAIT);
    if (n <= 0)
        return -ECONNRESET;
    in->len = (size_t)n;
    int r = judge(in, id, &frame);
    return r < 0 ? r : -ECONNRESET;
}

int exchange_frames(struct connection *connection, struct deadline *deadline,
                    const struct packet *out, struct packet *in, struct frame *ret)
{
    int fd = atomic_load_explicit(&connection->fd, memory_order_relaxed);
    int r = send_frame(fd, deadline, out);
    if (r == 0)
        r = receive_frame(fd, deadline, in);
    if (r == -ECONNRESET)
        return last_words(fd, in, connection->last_id);
    if (r < 0)
        return r;
    return judge(in, connection->last_id, ret);
}
