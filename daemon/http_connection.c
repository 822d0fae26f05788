#include "daemon/http_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/core/secret.h"

/* A body that is too long is read on for that much, so that its sender gets to read the 413. */
#define BODY_DROPPED_MAX (1u << 20)

/* ---- time --------------------------------------------------------------------------------------
 *
 * A request must be there by http_request_deadline: the first one from the connection's beginning,
 * others from their first line on. Between an answer and the next request's first line there is
 * http_idle_timeout, however many bytes come: a byte now and then buys nobody more. The answer must
 * be taken within http_request_deadline, too.
 */

static void close_after(struct http_connection *connection, uint64_t span_ns)
{
    uint64_t now_us = 0;

    (void)sd_event_now(connection->server->event, CLOCK_MONOTONIC, &now_us);
    connection->close_at_us = now_us + span_ns / 1000;
}

/* ---- requests ----------------------------------------------------------------------------------
 */

/* Where MHD gives a request up for its arguments, which don't fit into its memory, it says nothing
 * of an end. */
static void free_unbegun(struct http_connection *connection)
{
    if (connection->request && !connection->request->begun)
        http_request_free(connection->request);
    connection->request = NULL;
}

/* MHD has the request line, and has not cut it up yet. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct http_connection *connection = cls;

    free_unbegun(connection);
    if (connection->served)
        close_after(connection, connection->server->options.limits.request_deadline_ns);
    connection->request = http_request_new(connection, target);
    return connection->request;
}

/* Copy what is known of the connection, and judge the header section. */
static void begin(struct http_request *request, struct MHD_Connection *mhd, const char *method,
                  const char *version)
{
    const struct http_limits *limits = &request->owner->server->options.limits;
    const union MHD_ConnectionInfo *header =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t section_len = header ? header->header_size : 0;

    request->begun = true;
    request->connection = mhd;
    request->peer = request->owner->peer;
    if (section_len > limits->header_bytes_max) {
        http_request_mark_unreadable(request);
        http_answer_problem(request, 431, "the header section has more than %zu bytes",
                            (size_t)limits->header_bytes_max);
        return;
    }
    struct http_fault fault = http_request_begin(request, mhd, method, version, section_len);
    if (fault.status != 0) {
        http_answer_problem(request, fault.status, "%s", fault.detail);
        return;
    }
    struct text length = http_field(request, "Content-Length");
    if (length.len > 0 &&
        (length.len > 15 || strtoull(length.data, NULL, 10) > limits->body_bytes_max))
        http_answer_problem(request, 413, "the body has more than %zu bytes",
                            (size_t)limits->body_bytes_max);
}

/* What the body has grown by counts as the user's. */
static int count_body(struct http_request *request)
{
    struct http_connection *connection = request->owner;
    uint64_t grown = request->body_capacity - request->body_counted;

    if (!connection->user || grown == 0)
        return 0;
    int r = quota_take_bytes(connection->server->options.quota, connection->user, grown);
    if (r == 0)
        request->body_counted = request->body_capacity;
    return r;
}

static void uncount_body(struct http_connection *connection, struct http_request *request)
{
    if (request->body_counted > 0)
        quota_give_bytes(connection->server->options.quota, connection->user,
                         request->body_counted);
    request->body_counted = 0;
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t *len)
{
    size_t max = request->owner->server->options.limits.body_bytes_max;

    int r = http_request_add_body(request, bytes, *len, max);
    /* It may be a legacy key; the memory is the connection's own buffer, and read no more. */
    secret_wipe((char *)(uintptr_t)bytes, *len);
    *len = 0;
    if (r == 0 && count_body(request) < 0) {
        uncount_body(request->owner, request);
        http_request_drop_body(request);
        request->body_refused = true;
    }
    return r < 0 || request->body_dropped > BODY_DROPPED_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result send_answer(struct http_request *request)
{
    close_after(request->owner, request->owner->server->options.limits.request_deadline_ns);
    return request->response
               ? MHD_queue_response(request->connection, request->status, request->response)
               : MHD_NO;
}

/* The request is complete. */
static void hand_over(struct http_request *request)
{
    const struct http_options *options = &request->owner->server->options;

    request->handed = true;
    if (request->body_refused)
        http_answer_problem(request, 503,
                            "too much is in flight; see bytes_in_flight and "
                            "bytes_in_flight_per_user in stkgate.conf");
    else if (request->body_too_long)
        http_answer_problem(request, 413, "the body has more than %zu bytes",
                            (size_t)options->limits.body_bytes_max);
    else if (request->owner->server->closing)
        http_answer_problem(request, 503, "the daemon is ending");
    else
        options->handler(request, options->userdata);
}

/* Called by MHD when the header section is there, for each piece of the body, at the end, and after
 * each resumption. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **con_cls)
{
    struct http_connection *connection = cls;
    struct http_request *request = *con_cls;

    if (!request)
        return MHD_NO;
    if (!request->begun) {
        begin(request, mhd, method, version);
        return request->answered ? send_answer(request) : MHD_YES;
    }
    if (*upload_data_size > 0)
        return take_body(request, upload_data, upload_data_size);
    if (!request->handed && !request->answered)
        hand_over(request);
    if (request->answered)
        return send_answer(request);
    request->suspended = true;
    connection->close_at_us = UINT64_MAX;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

/* The answer is sent, or the client is gone. */
static void on_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct http_connection *connection = cls;
    struct http_request *request = *con_cls;

    *con_cls = NULL;
    connection->request = NULL;
    connection->served = true;
    close_after(connection, connection->server->options.limits.idle_timeout_ns);
    if (!request)
        return;
    uncount_body(connection, request);
    request->connection = mhd;
    http_request_wipe_fields(request);
    request->connection = NULL;
    request->suspended = false;
    if (request->handed && !request->answered)
        request->owner = NULL; /* its handler has yet to answer: that frees it */
    else
        http_request_free(request);
}

/* ---- the connection ----------------------------------------------------------------------------
 *
 * MHD keeps its socket in an epoll set, edge-triggered: what it has not read when MHD_run() returns
 * causes no further event. MHD_get_timeout() says 0 then. Nor does MHD wake anybody for a
 * connection that was resumed: it drops MHD_USE_ITC when it has no thread of its own.
 */

static void on_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                      enum MHD_ConnectionNotificationCode code)
{
    struct http_connection *connection = cls;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        connection->closed = true;
}

void http_connection_run(struct http_connection *connection)
{
    unsigned long long timeout_ms;

    connection->resumed = false;
    MHD_run(connection->mhd);
    if (connection->closed)
        http_connection_free(connection);
    else if (connection->resumed ||
             (MHD_get_timeout(connection->mhd, &timeout_ms) == MHD_YES && timeout_ms == 0))
        turn_again(&connection->turn);
}

static void on_turn(void *userdata, uint32_t revents)
{
    http_connection_run(userdata);
}

void http_connection_wake(struct http_connection *connection)
{
    connection->resumed = true;
    turn_again(&connection->turn);
}

/* MHD's messages may quote a request: they are not shown. */
static void drop_message(void *cls, const char *format, va_list args)
{
}

/* Half of it is the first buffer for reading; the parsed fields and the answer's header section
 * take their memory from it as well. */
static size_t pool_bytes(const struct http_limits *limits)
{
    return 2 * limits->header_bytes_max + 16384;
}

uint64_t http_connection_bytes(const struct http_limits *limits)
{
    return pool_bytes(limits) + sizeof(struct http_connection);
}

static struct MHD_Daemon *start_mhd(struct http_connection *connection)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
                            NULL, NULL, on_request, connection,             /* */
                            MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, /* */
                            MHD_OPTION_CONNECTION_LIMIT, 1u,                /* */
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            pool_bytes(&connection->server->options.limits),       /* */
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,                       /* */
                            MHD_OPTION_NOTIFY_CONNECTION, on_notify, connection,   /* */
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, connection, /* */
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, connection,    /* */
                            MHD_OPTION_END);
}

/* Hand fd to an MHD of its own, and that to the loop. */
static int start(struct http_connection *connection, int fd)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    const struct http_options *options = &connection->server->options;

    errno = 0;
    connection->mhd = start_mhd(connection);
    if (!connection->mhd) {
        int r = errno ? -errno : -EIO;
        close(fd);
        return r;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(connection->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    /* Closes fd when it fails. */
    if (MHD_add_connection(connection->mhd, fd, &address, sizeof address.sa_family) != MHD_YES)
        return -ENOMEM;
    return turn_add(options->turns, options->quota ? (int64_t)connection->peer.uid : TURNS_ADMIN,
                    info->epoll_fd, on_turn, connection, &connection->turn);
}

int http_connection_new(struct http_server *server, const struct http_arrival *arrival)
{
    struct http_connection *connection = calloc(1, sizeof *connection);

    if (!connection) {
        close(arrival->fd);
        return -ENOMEM;
    }
    connection->server = server;
    connection->peer = arrival->peer;
    close_after(connection, server->options.limits.request_deadline_ns);
    int r = start(connection, arrival->fd);
    if (r < 0) {
        if (connection->mhd)
            MHD_stop_daemon(connection->mhd);
        free(connection);
        return r;
    }
    connection->user = arrival->user;
    connection->quota_bytes = arrival->quota_bytes;
    connection->next = server->connections;
    if (server->connections)
        server->connections->prev = connection;
    server->connections = connection;
    if (server->connection_count++ == 0)
        http_server_watch(server);
    return 0;
}

void http_connection_free(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    turn_remove(&connection->turn);
    /* MHD aborts the program when it is stopped while a connection is suspended. */
    if (connection->request && connection->request->suspended)
        MHD_resume_connection(connection->request->connection);
    MHD_stop_daemon(connection->mhd);
    free_unbegun(connection);
    if (connection->user)
        quota_disconnect(server->options.quota, connection->user, QUOTA_HTTP,
                         connection->quota_bytes);
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    server->connection_count--;
    free(connection);
    if (server->options.reserve)
        reserve_fill(server->options.reserve);
    http_server_rearm(server);
}
