#include "daemon/http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "daemon/http_request.h"
#include "daemon/log.h"
#include "lib/core/secret.h"

/* Connections taken per turn of the loop: checks of others go on in between. */
#define ACCEPT_BATCH 16
/* How long the listener rests when descriptors or memory are used up. */
#define ACCEPT_PAUSE_US UINT64_C(100000)
/* A body that is too long is read on for that much, so that its sender gets to read the 413. */
#define BODY_DROPPED_MAX (1u << 20)
#define DETAIL_MAX       1024
/* One takes up resumed connections, one more sends what the first could not. */
#define CLOSING_RUNS 3

struct http_server {
    struct http_options options;
    sd_event *event;
    struct MHD_Daemon *mhd;
    sd_event_source *listen_source, *mhd_source, *timer_source, *pause_source;
    unsigned connection_count;
    const struct peer *arriving; /* whose connection is being added */
    struct http_request *suspended;
    bool resumed; /* since MHD ran last */
    bool closing; /* no handler is called any more */
};

/* ---- the event loop ----------------------------------------------------------------------------
 *
 * MHD keeps its sockets in an epoll set of its own, edge-triggered: what it has not read when
 * MHD_run() returns causes no further event. MHD_get_timeout() says 0 then, and that is why the
 * timer is set after each run, and not only for idle connections. Nor does MHD wake anybody for a
 * connection that was resumed: it drops MHD_USE_ITC when it has no thread of its own.
 */

static void wake(struct http_server *server)
{
    server->resumed = true;
    sd_event_source_set_time(server->timer_source, 0);
    sd_event_source_set_enabled(server->timer_source, SD_EVENT_ONESHOT);
}

static void arm_timer(struct http_server *server)
{
    unsigned long long timeout_ms;
    uint64_t now_us;

    if (MHD_get_timeout(server->mhd, &timeout_ms) == MHD_NO) {
        sd_event_source_set_enabled(server->timer_source, SD_EVENT_OFF);
        return;
    }
    if (timeout_ms > UINT64_C(86400000))
        timeout_ms = UINT64_C(86400000);
    if (sd_event_now(server->event, CLOCK_MONOTONIC, &now_us) < 0)
        return;
    sd_event_source_set_time(server->timer_source, now_us + timeout_ms * 1000);
    sd_event_source_set_enabled(server->timer_source, SD_EVENT_ONESHOT);
}

static void run(struct http_server *server)
{
    server->resumed = false;
    MHD_run(server->mhd);
    if (server->resumed)
        wake(server);
    else
        arm_timer(server);
}

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    run(userdata);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    run(userdata);
    return 0;
}

/* ---- connections: taken here and not by MHD, which spins when descriptors are used up -----------
 */

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct http_server *server = userdata;

    sd_event_source_set_enabled(server->listen_source, SD_EVENT_ON);
    return 0;
}

static void pause_accepting(struct http_server *server, int error)
{
    uint64_t now_us;

    log_event(LOG_EVENT_OUT_OF_ROOM, "no HTTP connection can be taken for the moment: %s",
              strerror(error));
    if (sd_event_now(server->event, CLOCK_MONOTONIC, &now_us) < 0)
        return;
    sd_event_source_set_enabled(server->listen_source, SD_EVENT_OFF);
    sd_event_source_set_time(server->pause_source, now_us + ACCEPT_PAUSE_US);
    sd_event_source_set_enabled(server->pause_source, SD_EVENT_ONESHOT);
}

/* False: nothing more to take now. */
static bool accept_one(struct http_server *server)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    struct peer peer;

    if (server->connection_count >= server->options.connections_max) {
        sd_event_source_set_enabled(server->listen_source, SD_EVENT_OFF);
        return false;
    }
    int fd = accept4(server->options.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(server, errno);
        return errno == EINTR || errno == ECONNABORTED;
    }
    int r = peer_of_socket(fd, &peer);
    if (r < 0) {
        close(fd);
        return true;
    }
    server->arriving = &peer;
    /* Closes fd when it fails. */
    MHD_add_connection(server->mhd, fd, &address, sizeof address.sa_family);
    server->arriving = NULL;
    return true;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct http_server *server = userdata;

    for (int i = 0; i < ACCEPT_BATCH && accept_one(server); i++)
        continue;
    run(server);
    return 0;
}

static void on_notify_connection(void *cls, struct MHD_Connection *connection,
                                 void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = cls;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        /* Without one the request is refused: a peer is known, or nobody. */
        struct peer *peer = server->arriving ? malloc(sizeof *peer) : NULL;
        if (peer)
            *peer = *server->arriving;
        *socket_context = peer;
        server->connection_count++;
        return;
    }
    free(*socket_context);
    *socket_context = NULL;
    server->connection_count--;
    if (server->listen_source)
        sd_event_source_set_enabled(server->listen_source, SD_EVENT_ON);
}

/* ---- requests ----------------------------------------------------------------------------------
 */

/* MHD has the request line, and has not cut it up yet. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    return http_request_new(cls, target);
}

static void suspended_remove(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    if (request->next)
        request->next->prev = request->prev;
    if (request->prev)
        request->prev->next = request->next;
    else
        request->server->suspended = request->next;
    request->next = request->prev = NULL;
}

static void suspend(struct http_server *server, struct http_request *request)
{
    request->suspended = true;
    request->next = server->suspended;
    if (server->suspended)
        server->suspended->prev = request;
    server->suspended = request;
    MHD_suspend_connection(request->connection);
}

/* Copy what is known of the connection, and judge the header section. */
static void begin(struct http_request *request, struct MHD_Connection *connection,
                  const char *method, const char *version)
{
    const struct http_server *server = request->server;
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const union MHD_ConnectionInfo *header =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t section_len = header ? header->header_size : 0;

    request->begun = true;
    request->connection = connection;
    if (!context || !context->socket_context) {
        http_answer_problem(request, 503, "memory is short");
        return;
    }
    request->peer = *(const struct peer *)context->socket_context;
    if (section_len > server->options.header_bytes_max) {
        http_answer_problem(request, 431, "the header section has more than %zu bytes",
                            server->options.header_bytes_max);
        return;
    }
    struct http_fault fault = http_request_begin(request, connection, method, version, section_len);
    if (fault.status != 0) {
        http_answer_problem(request, fault.status, "%s", fault.detail);
        return;
    }
    struct text length = http_field(request, "Content-Length");
    if (length.len > 0 &&
        (length.len > 15 || strtoull(length.data, NULL, 10) > server->options.body_bytes_max))
        http_answer_problem(request, 413, "the body has more than %zu bytes",
                            server->options.body_bytes_max);
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t *len)
{
    size_t max = request->server->options.body_bytes_max;

    int r = http_request_add_body(request, bytes, *len, max);
    /* It may be a legacy key; the memory is the connection's own buffer, and read no more. */
    secret_wipe((char *)(uintptr_t)bytes, *len);
    *len = 0;
    return r < 0 || request->body_dropped > BODY_DROPPED_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result send_answer(struct http_request *request)
{
    return request->response
               ? MHD_queue_response(request->connection, request->status, request->response)
               : MHD_NO;
}

/* Called by MHD when the header section is there, for each piece of the body, at the end, and after
 * each resumption. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **con_cls)
{
    struct http_server *server = cls;
    struct http_request *request = *con_cls;

    if (!request)
        return MHD_NO;
    if (!request->begun) {
        begin(request, connection, method, version);
        return request->answered ? send_answer(request) : MHD_YES;
    }
    if (*upload_data_size > 0)
        return take_body(request, upload_data, upload_data_size);
    if (!request->handed && !request->answered) {
        request->handed = true;
        if (request->body_too_long)
            http_answer_problem(request, 413, "the body has more than %zu bytes",
                                server->options.body_bytes_max);
        else if (server->closing)
            http_answer_problem(request, 503, "the daemon is ending");
        else
            server->options.handler(request, server->options.userdata);
    }
    if (request->answered)
        return send_answer(request);
    suspend(server, request);
    return MHD_YES;
}

/* The answer is sent, or the client is gone. */
static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *con_cls;

    *con_cls = NULL;
    if (!request)
        return;
    request->connection = connection;
    http_request_wipe_fields(request);
    request->connection = NULL;
    suspended_remove(request);
    if (request->handed && !request->answered)
        request->server = NULL; /* its handler has yet to answer: that frees it */
    else
        http_request_free(request);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

void http_add_field(struct http_request *request, const char *name, const char *value)
{
    struct http_answer_field *field = malloc(sizeof *field);
    struct http_answer_field **end = &request->fields;
    char *copy = strdup(value);

    if (!field || !copy) {
        free(field);
        free(copy);
        return;
    }
    *field = (struct http_answer_field){NULL, name, copy};
    while (*end)
        end = &(*end)->next;
    *end = field;
}

/* What MHD frees when it has sent the body. */
struct body_copy {
    size_t len;
    bool secret;
    char bytes[];
};

static void free_body_copy(void *cls)
{
    struct body_copy *copy = cls;

    if (copy->secret)
        secret_wipe(copy->bytes, copy->len);
    free(copy);
}

static struct MHD_Response *make_response(struct text body, bool secret)
{
    struct body_copy *copy = malloc(sizeof *copy + body.len + 1);

    if (!copy)
        return NULL;
    copy->len = body.len;
    copy->secret = secret;
    if (body.len > 0)
        memcpy(copy->bytes, body.data, body.len);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body.len, copy->bytes, free_body_copy, copy);
    if (!response)
        free_body_copy(copy);
    return response;
}

void http_answer(struct http_request *request, unsigned status, struct text body, bool secret)
{
    if (request->answered)
        return;
    request->answered = true;
    if (!request->connection) {
        http_request_free(request);
        return;
    }
    request->status = status;
    /* Without memory for it there is no answer: the connection is closed. */
    request->response = make_response(body, secret);
    for (struct http_answer_field *field = request->fields; field && request->response;
         field = field->next)
        MHD_add_response_header(request->response, field->name, field->value);
    if (request->suspended) {
        struct MHD_Connection *connection = request->connection;
        suspended_remove(request);
        MHD_resume_connection(connection);
        wake(request->server);
    }
}

static const char *status_title(unsigned status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Error";
    }
}

void http_answer_problem(struct http_request *request, unsigned status, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    json_t *problem = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title",
                                status_title(status), "status", (int)status, "detail", detail);
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
    json_decref(problem);
    http_add_field(request, "Content-Type", "application/problem+json");
    http_add_field(request, "Cache-Control", "no-store");
    http_answer(request, status, text_of(text ? text : "{}"), false);
    free(text);
}

/* ---- life --------------------------------------------------------------------------------------
 */

/* MHD's messages may quote a request: they are not shown. */
static void drop_message(void *cls, const char *format, va_list args)
{
}

static struct MHD_Daemon *start_mhd(struct http_server *server)
{
    const struct http_options *options = &server->options;
    /* Half of it is the first buffer for reading; the parsed fields and the answer's header section
     * take their memory from it as well. */
    size_t memory = 2 * options->header_bytes_max + 16384;

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
                            NULL, NULL, on_request, server,                 /* */
                            MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, /* */
                            MHD_OPTION_CONNECTION_LIMIT,
                            options->connections_max + ACCEPT_BATCH,                    /* */
                            MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s,     /* */
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,                 /* */
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,                            /* */
                            MHD_OPTION_NOTIFY_CONNECTION, on_notify_connection, server, /* */
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,          /* */
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, server,             /* */
                            MHD_OPTION_END);
}

static int add_sources(struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);

    if (!info || info->epoll_fd < 0)
        return -EIO;
    int r = sd_event_add_io(server->event, &server->mhd_source, info->epoll_fd, EPOLLIN, on_ready,
                            server);
    if (r >= 0)
        r = sd_event_add_io(server->event, &server->listen_source, server->options.listen_fd,
                            EPOLLIN, on_connection, server);
    /* Accuracy 1 us: the default of 250 ms would delay data that MHD has yet to read. */
    if (r >= 0)
        r = sd_event_add_time(server->event, &server->timer_source, CLOCK_MONOTONIC, 0, 1, on_timer,
                              server);
    if (r >= 0)
        r = sd_event_source_set_enabled(server->timer_source, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_time(server->event, &server->pause_source, CLOCK_MONOTONIC, 0, 0,
                              on_pause_over, server);
    if (r >= 0)
        r = sd_event_source_set_enabled(server->pause_source, SD_EVENT_OFF);
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
    server->mhd = start_mhd(server);
    int r = server->mhd ? add_sources(server) : -EIO;
    if (r < 0) {
        http_server_free(server);
        return r;
    }
    *ret = server;
    return 0;
}

void http_server_stop_accepting(struct http_server *server)
{
    server->listen_source = sd_event_source_disable_unref(server->listen_source);
    sd_event_source_set_enabled(server->pause_source, SD_EVENT_OFF);
}

struct http_server *http_server_free(struct http_server *server)
{
    if (!server)
        return NULL;
    server->listen_source = sd_event_source_disable_unref(server->listen_source);
    sd_event_source_disable_unref(server->mhd_source);
    server->timer_source = sd_event_source_disable_unref(server->timer_source);
    sd_event_source_disable_unref(server->pause_source);
    /* What was answered last, such as a change that was committed on the way out, is sent. */
    server->closing = true;
    for (int i = 0; server->mhd && i < CLOSING_RUNS; i++)
        MHD_run(server->mhd);
    /* MHD aborts the program when it is stopped while a connection is suspended. */
    while (server->suspended) {
        struct http_request *request = server->suspended;
        suspended_remove(request);
        MHD_resume_connection(request->connection);
    }
    if (server->mhd)
        MHD_stop_daemon(server->mhd);
    close(server->options.listen_fd);
    sd_event_unref(server->event);
    free(server);
    return NULL;
}
