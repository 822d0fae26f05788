#include "tests/daemon/http_echo.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEPT_MAX   8
#define FILLED_MAX 1024

static struct server_state {
    unsigned handled;                    /* requests that reached the handler */
    struct http_request *kept[KEPT_MAX]; /* answered by /release */
    unsigned kept_count;
    struct http_request *never; /* answered after the server was freed */
    int filled[FILLED_MAX];     /* descriptors that /starve opened */
    unsigned filled_count;
} state;

static void add_text(struct http_request *request, const char *name, struct text t)
{
    char value[4096];

    ck_assert(text_copy(t, value, sizeof value));
    http_add_field(request, name, value);
}

static void answer_echo(struct http_request *request)
{
    char text[32];

    snprintf(text, sizeof text, "%u", (unsigned)http_peer(request)->uid);
    http_add_field(request, "X-Uid", text);
    http_add_field(request, "X-Method", http_method(request));
    add_text(request, "X-Path", http_path(request));
    add_text(request, "X-Field", http_field(request, "x-teST"));
    http_add_field(request, "X-Field-There", http_field(request, "X-Test").data ? "yes" : "no");
    add_text(request, "X-Argument", http_argument(request, "a"));
    http_add_field(request, "X-Argument-There", http_argument(request, "a").data ? "yes" : "no");
    http_answer(request, 200, http_body(request), false);
}

static void answer_kept(void)
{
    while (state.kept_count > 0)
        http_answer(state.kept[--state.kept_count], 200, TEXT("late"), true);
}

static void starve(void)
{
    const struct rlimit limit = {FILLED_MAX / 2, FILLED_MAX / 2};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
        state.filled[state.filled_count++] = fd;
}

static void feed(void)
{
    while (state.filled_count > 0)
        close(state.filled[--state.filled_count]);
}

static void handle(struct http_request *request, void *userdata)
{
    struct text path = http_path(request);

    if (text_equal(path, TEXT("/count"))) {
        char text[32];
        int n = snprintf(text, sizeof text, "%u", state.handled);
        http_answer(request, 200, (struct text){text, (size_t)n}, false);
        return;
    }
    state.handled++;
    if (text_equal(path, TEXT("/later"))) {
        ck_assert_uint_lt(state.kept_count, KEPT_MAX);
        state.kept[state.kept_count++] = request;
        return;
    }
    if (text_equal(path, TEXT("/never"))) {
        state.never = request;
        return;
    }
    if (text_equal(path, TEXT("/release")))
        answer_kept();
    else if (text_equal(path, TEXT("/starve")))
        starve();
    else if (text_equal(path, TEXT("/feed")))
        feed();
    answer_echo(request);
}

void http_echo_serve(struct rig *rig, sd_event *event)
{
    const struct http_options options = {
        .listen_fd = rig_listen(rig, "s"),
        .connections_max = ECHO_CONNECTIONS,
        .limits = {.request_deadline_ns = UINT64_C(60000000000),
                   .idle_timeout_ns = UINT64_C(60000000000),
                   .header_bytes_max = ECHO_HEADER_MAX,
                   .body_bytes_max = ECHO_BODY_MAX},
        .handler = handle,
    };
    struct http_server *server;

    ck_assert_int_eq(http_server_new(event, &options, &server), 0);
    rig_loop(rig, event);
    http_server_free(server);
    if (state.never) {
        ck_assert_uint_eq(http_field(state.never, "X-Test").len, 0);
        http_answer(state.never, 200, TEXT("nobody hears this"), true);
    }
}

unsigned http_echo_handled(const struct rig *rig)
{
    static const char request[] = "GET /count HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;

    rig_ask(rig, "s", request, sizeof request - 1, &answer);
    ck_assert_uint_eq(answer.status, 200);
    return (unsigned)strtoul(answer.body, NULL, 10);
}
