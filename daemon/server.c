#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/session.h"

/* Connections taken per wake-up: a flood of new ones must not hold up the checks of others. */
#define ACCEPTS_PER_WAKEUP 16

/* How long the listener rests when descriptors or memory have run out. */
#define REST_USEC UINT64_C(200000)

struct connection {
    struct server *server;
    struct connection *next, *prev;
    sd_event_source *io;
    sd_event_source *deadline; /* until the first HELLO */
    int fd;
    struct session session;
};

struct server {
    sd_event *event;
    struct service *service;
    sd_event_source *listener;
    sd_event_source *rest;
    int listen_fd;
    unsigned count;
    struct connection *connections;
    /* Of the packet being served. Not on the stack, where the compiler would fill 16 KiB with
     * zeroes for each; what an earlier packet left there is the same client's or another's
     * question, and nothing reads beyond the length of the present one. */
    uint8_t in[WIRE_FRAME_MAX], out[WIRE_FRAME_MAX];
};

static void connection_free(struct connection *connection)
{
    struct server *server = connection->server;

    if (connection->prev)
        connection->prev->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    server->count--;
    sd_event_source_disable_unref(connection->io);
    sd_event_source_disable_unref(connection->deadline);
    close(connection->fd);
    free(connection);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
    connection_free(userdata);
    return 0;
}

/* One packet in, one answer out. An answer that the peer leaves no room for ends the connection: it
 * does not read, and nothing is kept for it. */
static bool serve_packet(struct connection *connection)
{
    struct server *server = connection->server;
    size_t out_len = 0;

    /* Plain recv(): descriptors that a peer sends along are closed by the kernel. */
    ssize_t n = recv(connection->fd, server->in, sizeof server->in, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    /* MSG_TRUNC gives the length that the packet had; a longer one fails as a frame. */
    size_t len = (size_t)n <= sizeof server->in ? (size_t)n : 0;
    bool on =
        session_step(&connection->session, server->service, server->in, len, server->out, &out_len);
    if (out_len > 0 &&
        send(connection->fd, server->out, out_len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)out_len)
        return false;
    return on;
}

static int on_packet(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct connection *connection = userdata;

    if ((revents & EPOLLIN) ? !serve_packet(connection) : true) {
        connection_free(connection);
        return 0;
    }
    if (connection->deadline && connection->session.state == SESSION_READY)
        connection->deadline = sd_event_source_disable_unref(connection->deadline);
    return 0;
}

static int connection_new(struct server *server, int fd, const struct peer *peer)
{
    struct connection *connection = calloc(1, sizeof *connection);
    const struct config *config = service_config_of(server->service);

    if (!connection)
        return -ENOMEM;
    connection->server = server;
    connection->fd = fd;
    session_init(&connection->session, peer);
    int r = sd_event_add_io(server->event, &connection->io, fd, EPOLLIN, on_packet, connection);
    if (r >= 0)
        r = sd_event_add_time_relative(server->event, &connection->deadline, CLOCK_MONOTONIC,
                                       config->hello_deadline_ns / 1000, 0, on_deadline,
                                       connection);
    if (r < 0) {
        sd_event_source_disable_unref(connection->io);
        free(connection);
        return r;
    }
    connection->next = server->connections;
    if (server->connections)
        server->connections->prev = connection;
    server->connections = connection;
    server->count++;
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
    struct server *server = userdata;

    server->rest = sd_event_source_disable_unref(server->rest);
    return sd_event_source_set_enabled(server->listener, SD_EVENT_ON);
}

/* A listener that stays readable while nothing can be accepted would spin: let it rest. */
static void take_rest(struct server *server, int error)
{
    log_event(LOG_EVENT_OUT_OF_ROOM, "no further connection can be taken for now: %s",
              strerror(error));
    if (sd_event_add_time_relative(server->event, &server->rest, CLOCK_MONOTONIC, REST_USEC, 0,
                                   on_rested, server) >= 0)
        (void)sd_event_source_set_enabled(server->listener, SD_EVENT_OFF);
}

/* Returns false when there is no more to accept for now. */
static bool accept_one(struct server *server)
{
    struct peer peer;
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED)
            return true;
        if (errno != EAGAIN)
            take_rest(server, errno);
        return false;
    }
    if (server->count >= service_config_of(server->service)->quota.connections[QUOTA_CHECK]) {
        refuse_busy(fd);
        return true;
    }
    int r = peer_of_socket(fd, &peer);
    if (r == 0)
        r = connection_new(server, fd, &peer);
    if (r < 0) {
        close(fd);
        log_event(LOG_EVENT_OUT_OF_ROOM, "a connection was dropped: %s", strerror(-r));
    }
    return true;
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    for (int i = 0; i < ACCEPTS_PER_WAKEUP && accept_one(userdata); i++)
        continue;
    return 0;
}

int server_new(sd_event *event, struct service *service, int listen_fd, struct server **ret)
{
    struct server *server = calloc(1, sizeof *server);

    if (!server)
        return -ENOMEM;
    server->event = event;
    server->service = service;
    server->listen_fd = listen_fd;
    int r = sd_event_add_io(event, &server->listener, listen_fd, EPOLLIN, on_connect, server);
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
    (void)sd_event_source_set_enabled(server->listener, SD_EVENT_OFF);
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
    sd_event_source_disable_unref(server->listener);
    sd_event_source_disable_unref(server->rest);
    close(server->listen_fd);
    free(server);
    return NULL;
}
