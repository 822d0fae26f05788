#include "daemon/http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/http_connection.h"
#include "daemon/log.h"
#include "daemon/quota_log.h"

/* How long the listener rests when descriptors or memory are used up. */
#define REST_US UINT64_C(100000)
/* How exactly deadlines are kept: to an eighth of the shorter one, within these bounds. */
#define SWEEP_MIN_US UINT64_C(5000)
#define SWEEP_MAX_US UINT64_C(1000000)
/* One takes up resumed connections, one more sends what the first could not. */
#define CLOSING_RUNS 3

/* ---- deadlines ---------------------------------------------------------------------------------
 */

static uint64_t sweep_interval_us(const struct http_limits *limits)
{
    uint64_t shorter_ns = limits->request_deadline_ns < limits->idle_timeout_ns
                              ? limits->request_deadline_ns
                              : limits->idle_timeout_ns;
    uint64_t interval_us = shorter_ns / 8000;

    if (interval_us < SWEEP_MIN_US)
        return SWEEP_MIN_US;
    return interval_us > SWEEP_MAX_US ? SWEEP_MAX_US : interval_us;
}

/* One timer for all connections: one for each would cost system calls with each request. */
void http_server_watch(struct http_server *server)
{
    uint64_t interval_us = sweep_interval_us(&server->options.limits);

    if (sd_event_source_set_time_relative(server->sweep, interval_us) >= 0)
        (void)sd_event_source_set_enabled(server->sweep, SD_EVENT_ONESHOT);
}

/* When this program was stopped, or busy, what peers sent meanwhile waits to be read. */
static void put_off(struct http_server *server, uint64_t late_us)
{
    for (struct http_connection *one = server->connections; one; one = one->next)
        if (one->close_at_us != UINT64_MAX)
            one->close_at_us += late_us;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct http_server *server = userdata;
    struct http_connection *next;
    uint64_t now_us;

    if (sd_event_now(server->event, CLOCK_MONOTONIC, &now_us) < 0)
        return 0;
    if (now_us > usec + sweep_interval_us(&server->options.limits))
        put_off(server, now_us - usec);
    for (struct http_connection *one = server->connections; one; one = next) {
        next = one->next;
        if (one->close_at_us <= now_us)
            http_connection_free(one);
    }
    if (server->connections)
        http_server_watch(server);
    return 0;
}

/* ---- connections -------------------------------------------------------------------------------
 */

static int on_rested(sd_event_source *source, uint64_t usec, void *userdata)
{
    http_server_rearm(userdata);
    return 0;
}

/* A listener that stays readable while nothing can be accepted would spin: let it rest. */
static void take_rest(struct http_server *server, int error)
{
    log_event(LOG_EVENT_OUT_OF_ROOM, "no HTTP connection can be taken for now: %s",
              strerror(error));
    if (sd_event_source_set_time_relative(server->rest, REST_US) < 0 ||
        sd_event_source_set_enabled(server->rest, SD_EVENT_ONESHOT) < 0)
        return;
    turn_set_enabled(&server->listener, false);
}

void http_server_rearm(struct http_server *server)
{
    if (server->closing)
        return;
    turn_set_enabled(&server->listener, true);
}

/* What is said to connections that are not taken; without a look at their request, which may never
 * come. */
static void refuse(struct http_server *server, int fd, uid_t uid, int error)
{
    static const char answer[] =
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: application/problem+json\r\n"
        "Cache-Control: no-store\r\n"
        "Retry-After: 1\r\n"
        "Connection: close\r\n"
        "Content-Length: 123\r\n"
        "\r\n"
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"too many connections; keep fewer, or try later\"}";

    (void)send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
    quota_log_refusal(server->options.quota, uid, QUOTA_HTTP, error);
}

/* Takes fd. -EMFILE and the like when it had to be dropped for want of room. */
static int take(struct http_server *server, int fd)
{
    struct http_arrival arrival = {.fd = fd};
    struct quota *quota = server->options.quota;

    int r = peer_of_socket(fd, &arrival.peer);
    if (r < 0) {
        /* A peer is known, or nobody. */
        close(fd);
        return 0;
    }
    if (quota) {
        arrival.quota_bytes = http_connection_bytes(&server->options.limits);
        r = quota_connect(quota, arrival.peer.uid, QUOTA_HTTP, arrival.quota_bytes, &arrival.user);
        if (r < 0) {
            refuse(server, fd, arrival.peer.uid, r);
            return 0;
        }
    }
    r = http_connection_new(server, &arrival);
    if (r < 0 && quota)
        quota_disconnect(quota, arrival.user, QUOTA_HTTP, arrival.quota_bytes);
    return r;
}

/* admin.sock's connections wait when there are too many: its users are few, and trusted. */
static bool is_full(const struct http_server *server)
{
    return !server->options.quota && server->connection_count >= server->options.connections_max;
}

/* One per turn: the checks of others go on in between. */
static void on_connection(void *userdata, uint32_t revents)
{
    struct http_server *server = userdata;

    if (is_full(server)) {
        turn_set_enabled(&server->listener, false);
        return;
    }
    /* For the operator there are descriptors when there are none left. */
    bool spare = server->options.reserve && reserve_release(server->options.reserve);
    int fd = accept4(server->options.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int r = fd < 0 ? -errno : take(server, fd);
    if (spare)
        reserve_fill(server->options.reserve);
    if (r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM)
        take_rest(server, -r);
}

/* ---- life --------------------------------------------------------------------------------------
 */

static int add_sources(struct http_server *server)
{
    int r = 0;

    if (!server->options.turns) {
        r = turns_new(server->event, &server->own_turns);
        server->options.turns = server->own_turns;
    }
    if (r == 0)
        r = turn_add(server->options.turns, server->options.quota ? TURNS_ARRIVALS : TURNS_ADMIN,
                     server->options.listen_fd, on_connection, server, &server->listener);
    if (r >= 0)
        r = sd_event_add_time(server->event, &server->sweep, CLOCK_MONOTONIC, 0, SWEEP_MIN_US,
                              on_sweep, server);
    if (r >= 0)
        r = sd_event_source_set_enabled(server->sweep, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_source_set_priority(server->sweep, TURNS_PRIORITY_BEFORE);
    if (r >= 0)
        r = sd_event_add_time(server->event, &server->rest, CLOCK_MONOTONIC, 0, 0, on_rested,
                              server);
    if (r >= 0)
        r = sd_event_source_set_enabled(server->rest, SD_EVENT_OFF);
    return r < 0 ? r : 0;
}

int http_server_new(sd_event *event, const struct http_options *options, struct http_server **ret)
{
    struct http_server *server = calloc(1, sizeof *server);

    if (!server) {
        close(options->listen_fd);
        return -ENOMEM;
    }
    server->options = *options;
    server->event = sd_event_ref(event);
    int r = add_sources(server);
    if (r < 0) {
        http_server_free(server);
        return r;
    }
    *ret = server;
    return 0;
}

void http_server_set_limits(struct http_server *server, const struct http_limits *limits,
                            unsigned connections_max)
{
    server->options.limits = *limits;
    server->options.connections_max = connections_max;
    http_server_rearm(server);
}

void http_server_stop_accepting(struct http_server *server)
{
    turn_remove(&server->listener);
    (void)sd_event_source_set_enabled(server->rest, SD_EVENT_OFF);
}

struct http_server *http_server_free(struct http_server *server)
{
    if (!server)
        return NULL;
    server->closing = true;
    turn_remove(&server->listener);
    sd_event_source_disable_unref(server->sweep);
    sd_event_source_disable_unref(server->rest);
    while (server->connections) {
        struct http_connection *connection = server->connections;
        /* What was answered last, such as a change that was committed on the way out, is sent. */
        for (int i = 0; !connection->closed && i < CLOSING_RUNS; i++)
            MHD_run(connection->mhd);
        http_connection_free(connection);
    }
    turns_free(server->own_turns);
    close(server->options.listen_fd);
    sd_event_unref(server->event);
    free(server);
    return NULL;
}
