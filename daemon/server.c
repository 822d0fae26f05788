#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/quota_log.h"
#include "daemon/session.h"
#include "lib/core/rate.h"

/* What the kernel keeps of answers that a client has not read: it has one question under way.
 * Doubled by the kernel for its own overhead, room for two of the largest answers. More ends the
 * connection. */
#define SEND_BUFFER_BYTES ((size_t)2 * WIRE_FRAME_MAX)

/* How long the listener rests when descriptors or memory have run out. */
#define REST_USEC UINT64_C(200000)

/* Connections that may come at once: a fiftieth of those of a second. After that they come one
 * by one: some at once, each millisecond, would hold a check up for longer. */
#define PACE_BURSTS 50
#define PACE_USEC   UINT64_C(100)

struct connection {
    struct server *server;
    struct connection *next, *prev;
    struct turn turn;
    sd_event_source *deadline; /* until the first HELLO */
    struct quota_user *user;
    int fd;
    struct session session;
    bool is_attached; /* counted in service_attached() */
};

struct server {
    sd_event *event;
    struct turns *turns;
    struct service *service;
    struct turn listener;
    sd_event_source *rest; /* until there may be room again, */
    sd_event_source *pace; /* or until some more may come */
    uint64_t connects_tat; /* of rate.h: how fast they came */
    int listen_fd;
    struct connection *connections;
    /* Of the packet being served. Not on the stack, where the compiler would fill 16 KiB with
     * zeroes for each; what an earlier packet left there is the same client's or another's
     * question, and nothing reads beyond the length of the present one. */
    uint8_t in[WIRE_FRAME_MAX], out[WIRE_FRAME_MAX];
};

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* What a connection holds of its user's share of bytes. */
#define CONNECTION_BYTES (2 * SEND_BUFFER_BYTES + sizeof(struct connection))

/* There may be room for another connection: let the listener look. */
static void rearm(struct server *server)
{
    server->rest = sd_event_source_disable_unref(server->rest);
    turn_set_enabled(&server->listener, server->pace == NULL);
}

static void connection_free(struct connection *connection)
{
    struct server *server = connection->server;

    if (connection->prev)
        connection->prev->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    turn_remove(&connection->turn);
    sd_event_source_disable_unref(connection->deadline);
    close(connection->fd);
    if (connection->is_attached)
        attached_remove(service_attached(server->service), connection->session.peer.uid,
                        connection->session.peer.pid);
    quota_disconnect(service_quota(server->service), connection->user, QUOTA_CHECK,
                     CONNECTION_BYTES);
    free(connection);
    if (server->rest)
        rearm(server);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
    connection_free(userdata);
    return 0;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

/* An answer that the peer leaves no room for ends the connection: it does not read, and nothing is
 * kept for it. */
static bool send_answer(struct connection *connection, const struct session_answer *answer)
{
    return answer->len == 0 || send(connection->fd, connection->server->out, answer->len,
                                    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)answer->len;
}

/* Descriptors that nobody has received yet count for this process, in the kernel, against as many
 * as it may have open: one that asks for the view again and again, and does not read, would use
 * them up for all. A client has one question under way. */
static bool has_read_all(int fd)
{
    int unread_bytes;

    return ioctl(fd, SIOCOUTQ, &unread_bytes) == 0 && unread_bytes == 0;
}

/* 0, or -errno. */
static int send_handout(struct connection *connection, const struct session_answer *answer)
{
    const int fds[] = {answer->handout.view_fd, answer->handout.buckets_fd};
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof fds)];
    } control = {.bytes = {0}};
    struct iovec iov = {connection->server->out, answer->len};
    const struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(cmsg), fds, sizeof fds);
    ssize_t n = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : 0;
}

/* Once for a connection: what asks again has it already, or an older one. */
static void count_attached(struct connection *connection)
{
    const struct peer *peer = &connection->session.peer;

    if (!connection->is_attached)
        connection->is_attached =
            attached_add(service_attached(connection->server->service), peer->uid, peer->pid) == 0;
}

static bool send_view(struct connection *connection, struct session_answer *answer)
{
    if (!has_read_all(connection->fd))
        return false;
    int r = send_handout(connection, answer);
    if (r == 0)
        count_attached(connection);
    if (r != -ETOOMANYREFS)
        return r == 0;
    /* It goes on asking here. */
    log_event(LOG_EVENT_OUT_OF_ROOM,
              "the view was not handed out to uid %u: too many descriptors are on their way",
              connection->session.peer.uid);
    session_withhold_view(answer, connection->server->out);
    return send_answer(connection, answer);
}

/* One packet in, one answer out. */
static bool serve_packet(struct connection *connection)
{
    struct server *server = connection->server;
    struct session_answer answer;

    /* Plain recv(): descriptors that a peer sends along are closed by the kernel. */
    ssize_t n = recv(connection->fd, server->in, sizeof server->in, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    /* MSG_TRUNC gives the length that the packet had; a longer one fails as a frame. */
    size_t len = (size_t)n <= sizeof server->in ? (size_t)n : 0;
    bool on =
        session_step(&connection->session, server->service, server->in, len, server->out, &answer);
    bool sent =
        answer.with_view ? send_view(connection, &answer) : send_answer(connection, &answer);
    return on && sent;
}

static void on_packet(void *userdata, uint32_t revents)
{
    struct connection *connection = userdata;

    if ((revents & EPOLLIN) ? !serve_packet(connection) : true) {
        connection_free(connection);
        return;
    }
    if (connection->deadline && connection->session.state == SESSION_READY)
        connection->deadline = sd_event_source_disable_unref(connection->deadline);
}

/* Deadlines come before all that others may want meanwhile. */
static int start_deadline(struct connection *connection)
{
    struct server *server = connection->server;
    uint64_t deadline_ns = service_config_of(server->service)->hello_deadline_ns;

    int r = sd_event_add_time_relative(server->event, &connection->deadline, CLOCK_MONOTONIC,
                                       deadline_ns / 1000, 0, on_deadline, connection);
    return r < 0 ? r : sd_event_source_set_priority(connection->deadline, TURNS_PRIORITY_BEFORE);
}

static int connection_new(struct server *server, int fd, const struct peer *peer,
                          struct quota_user *user)
{
    const int send_buffer_bytes = SEND_BUFFER_BYTES;
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection)
        return -ENOMEM;
    connection->server = server;
    connection->user = user;
    connection->fd = fd;
    session_init(&connection->session, peer);
    int r = setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes) < 0
                ? -errno
                : 0;
    if (r == 0)
        r = turn_add(server->turns, peer->uid, fd, on_packet, connection, &connection->turn);
    if (r == 0)
        r = start_deadline(connection);
    if (r < 0) {
        turn_remove(&connection->turn);
        sd_event_source_disable_unref(connection->deadline);
        free(connection);
        return r;
    }
    connection->next = server->connections;
    if (server->connections)
        server->connections->prev = connection;
    server->connections = connection;
    return 0;
}

static void refuse_busy(int fd)
{
    uint8_t out[WIRE_FRAME_MAX];
    size_t len = error_write(out, sizeof out, 0, WIRE_ERROR_BUSY);

    (void)send(fd, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static int on_rested(sd_event_source *source, uint64_t usec, void *userdata)
{
    rearm(userdata);
    return 0;
}

/* A listener that stays readable while nothing can be accepted would spin: let it rest. */
static void take_rest(struct server *server, int error)
{
    log_event(LOG_EVENT_OUT_OF_ROOM, "no further connection can be taken for now: %s",
              strerror(error));
    if (sd_event_add_time_relative(server->event, &server->rest, CLOCK_MONOTONIC, REST_USEC, 0,
                                   on_rested, server) >= 0)
        turn_set_enabled(&server->listener, false);
}

static int on_paced(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct server *server = userdata;

    server->pace = sd_event_source_disable_unref(server->pace);
    turn_set_enabled(&server->listener, server->rest == NULL);
    return 0;
}

/* Who connects and leaves, again and again, would have a processor for it, and the daemon another
 * one. Faster than so, they wait in the kernel's queue; and who finds that full, in connect(). */
static void keep_pace(struct server *server)
{
    uint64_t per_s = service_config_of(server->service)->connects_per_s;
    const struct rate_limit limit = {per_s, UINT64_C(1000000000), per_s / PACE_BURSTS + 1};
    struct rate rate;

    if (rate_init(&rate, &limit) != RATE_OK)
        return;
    uint64_t now_ns = clock_ns();
    struct rate_result spent = rate_spend(&rate, server->connects_tat, now_ns, 1);
    server->connects_tat = spent.tat_ns;
    if (spent.remaining > 0)
        return;
    /* Of this very instant: the loop's own time may be some milliseconds old. */
    uint64_t usec = (now_ns + spent.next_in_ns) / 1000 + 1, least_usec = now_ns / 1000 + PACE_USEC;
    if (sd_event_add_time(server->event, &server->pace, CLOCK_MONOTONIC,
                          usec > least_usec ? usec : least_usec, 1, on_paced, server) >= 0)
        turn_set_enabled(&server->listener, false);
}

/* Takes fd. -errno when it had to be dropped for want of room. */
static int take(struct server *server, int fd)
{
    struct quota *quota = service_quota(server->service);
    struct quota_user *user = NULL;
    struct peer peer;

    int r = peer_of_socket(fd, &peer);
    if (r < 0) {
        /* A peer is known, or nobody. */
        close(fd);
        return 0;
    }
    r = quota_connect(quota, peer.uid, QUOTA_CHECK, CONNECTION_BYTES, &user);
    if (r < 0) {
        refuse_busy(fd);
        quota_log_refusal(quota, peer.uid, QUOTA_CHECK, r);
        return 0;
    }
    r = connection_new(server, fd, &peer, user);
    if (r < 0) {
        close(fd);
        quota_disconnect(quota, user, QUOTA_CHECK, CONNECTION_BYTES);
    }
    return r;
}

/* One per turn: a flood of new connections must not hold up the checks of others. */
static void on_connect(void *userdata, uint32_t revents)
{
    struct server *server = userdata;
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int r = fd < 0 ? -errno : take(server, fd);

    if (r < 0 && r != -EAGAIN && r != -EINTR && r != -ECONNABORTED)
        take_rest(server, -r);
    else if (fd >= 0)
        keep_pace(server);
}

int server_new(sd_event *event, struct turns *turns, struct service *service, int listen_fd,
               struct server **ret)
{
    struct server *server = calloc(1, sizeof *server);

    if (!server)
        return -ENOMEM;
    server->event = event;
    server->turns = turns;
    server->service = service;
    server->listen_fd = listen_fd;
    int r = turn_add(turns, TURNS_ARRIVALS, listen_fd, on_connect, server, &server->listener);
    if (r < 0) {
        free(server);
        return r;
    }
    *ret = server;
    return 0;
}

void server_stop_accepting(struct server *server)
{
    server->rest = sd_event_source_disable_unref(server->rest);
    server->pace = sd_event_source_disable_unref(server->pace);
    turn_remove(&server->listener);
}

struct server *server_free(struct server *server)
{
    if (!server)
        return NULL;
    /* Each call takes the first one off the list; the analyser takes connection->server for
     * another.
     */
    while (server->connections)
        connection_free(server->connections); /* NOLINT(clang-analyzer-unix.Malloc) */
    turn_remove(&server->listener);
    sd_event_source_disable_unref(server->rest);
    sd_event_source_disable_unref(server->pace);
    close(server->listen_fd);
    free(server);
    return NULL;
}
