#include "daemon/http.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/daemon/http_rig.h"
#include "tests/suite.h"

#define HEADER_MAX  8192
#define BODY_MAX    65536
#define CONNECTIONS 4

/* ---- the server: a handler that shows what it was given
 * ------------------------------------------
 */

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

static void serve(struct rig *rig, sd_event *event)
{
    const struct http_options options = {
        .listen_fd = rig_listen(rig, "s"),
        .connections_max = CONNECTIONS,
        .idle_timeout_s = 60,
        .header_bytes_max = HEADER_MAX,
        .body_bytes_max = BODY_MAX,
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

static unsigned handled(const struct rig *rig)
{
    static const char request[] = "GET /count HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;

    rig_ask(rig, "s", request, sizeof request - 1, &answer);
    ck_assert_uint_eq(answer.status, 200);
    return (unsigned)strtoul(answer.body, NULL, 10);
}

/* ---- dialogues of one request
 * --------------------------------------------------------------------
 */

struct dialogue {
    const char *what;
    const char *request;
    size_t len;
    unsigned status;
    const char *name, *value; /* a field of the answer; NULL: none is looked at */
    const char *body;         /* NULL: not looked at */
};

#define REQUEST(literal) literal, sizeof(literal) - 1
#define HOST             "Host: h\r\n"

static const struct dialogue accepted[] = {
    {"a GET", REQUEST("GET /x HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path", "/x", ""},
    {"no fields at all", REQUEST("GET /x HTTP/1.0\r\n\r\n"), 200, "X-Path", "/x", ""},
    {"the method", REQUEST("BREW /x HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Method", "BREW", ""},
    {"the path is not decoded", REQUEST("GET /a%2Fb/../c HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path",
     "/a%2Fb/../c", ""},
    {"an absolute target", REQUEST("GET http://h:80/x?a=1 HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path",
     "/x", ""},
    {"an argument is decoded", REQUEST("GET /x?b=0&a=%41+b%2b%C3%bc HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument", "A b+\xc3\xbc", ""},
    {"repeated arguments are joined", REQUEST("GET /x?a=1&&a=2&a HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument", "1 2 ", ""},
    {"an argument without value is there", REQUEST("GET /x?a HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument-There", "yes", ""},
    {"an absent one is not", REQUEST("GET /x?aa=1 HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument-There", "no", ""},
    {"'=' in a value", REQUEST("GET /x?a=b=c HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Argument", "b=c",
     ""},
    {"a field without regard to case",
     REQUEST("GET /x HTTP/1.1\r\n" HOST "X-TEST:  \t v w\t \r\n\r\n"), 200, "X-Field", "v w", ""},
    {"repeated fields are joined",
     REQUEST("GET /x HTTP/1.1\r\nX-Test: 1\r\n" HOST "X-Test: 2\r\nx-test:\r\n\r\n"), 200,
     "X-Field", "1, 2, ", ""},
    {"an empty field is there", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test:\r\n\r\n"), 200,
     "X-Field-There", "yes", ""},
    {"a longer name is another", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test2: 1\r\n\r\n"), 200,
     "X-Field-There", "no", ""},
    {"a cookie", REQUEST("GET /x HTTP/1.1\r\n" HOST "Cookie: a=b; c=\"d\"\r\nX-Test: 1\r\n\r\n"),
     200, "X-Field", "1", ""},
    {"a body", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 200,
     "X-Method", "POST", "hello"},
    {"a body with a NUL", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n\0"), 200,
     "Content-Length", "1", ""},
    {"a chunked body",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
             "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Test: trailer\r\n\r\n"),
     200, "X-Field-There", "no", "hello"},
    {"HEAD has no body", REQUEST("HEAD /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), 200,
     "Content-Length", "3", ""},
};

/* None of them may reach the handler. */
static const struct dialogue refused[] = {
    {"a NUL within a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\0b\r\n\r\n"), 400,
     "Content-Type", "application/problem+json", NULL},
    {"a NUL at the end of a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\0\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a NUL for a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: \0\r\nY: 1\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a NUL before a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "\0X-Test: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a NUL within a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-\0Test: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a control byte in a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\001b\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a lone CR in a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\rb\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a DEL in a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\177\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a control byte in a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-\001: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a space before the colon", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test : a\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"no name", REQUEST("GET /x HTTP/1.1\r\n" HOST ": a\r\n\r\n"), 400, NULL, NULL, NULL},
    {"no colon", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test\r\n\r\n"), 400, NULL, NULL, NULL},
    {"a continued line", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\r\n b\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"lines that end with LF", REQUEST("GET /x HTTP/1.1\nHost: h\nX-Test: a\n\n"), 400, NULL, NULL,
     NULL},
    {"one line that ends with LF", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\nY: b\r\n\r\n"),
     400, NULL, NULL, NULL},
    {"no Host", REQUEST("GET /x HTTP/1.1\r\n\r\n"), 400, NULL, NULL, NULL},
    {"a NUL in the target", REQUEST("GET /x\0y HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a NUL in an argument", REQUEST("GET /x?a=1\0&a=2 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"an encoded NUL", REQUEST("GET /x?a=%00 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"an encoded LF", REQUEST("GET /x?a=b%0Ac HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a control byte in the path", REQUEST("GET /x\001 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"half an escape", REQUEST("GET /x?a=%4 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"no escape", REQUEST("GET /x?a=%zz HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a method that is too long", REQUEST("AAAAAAAAAAAAAAAAAAAA /x HTTP/1.1\r\n" HOST "\r\n"), 400,
     NULL, NULL, NULL},
    {"a method that is no token", REQUEST("G(T /x HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"two lengths",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400,
     NULL, NULL, NULL},
    {"a length and chunks",
     REQUEST("POST /x HTTP/1.1\r\n" HOST
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400, NULL, NULL, NULL},
    {"another coding", REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"no length", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n"), 400, NULL, NULL,
     NULL},
    {"a length beyond all bounds",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"), 413, NULL,
     NULL, NULL},
    {"a length above the limit",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n"), 413, "Content-Type",
     "application/problem+json", NULL},
    {"another version", REQUEST("GET /x HTTP/2.0\r\n" HOST "\r\n"), 505, NULL, NULL, NULL},
    {"no version", REQUEST("GET /x\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
};

static void run_dialogues(struct rig *rig, const struct dialogue *dialogues, size_t count)
{
    static struct answer answer;

    for (size_t i = 0; i < count; i++) {
        const struct dialogue *d = &dialogues[i];
        rig_ask(rig, "s", d->request, d->len, &answer);
        ck_assert_msg(answer.status == d->status, "%s: %u %s", d->what, answer.status, answer.body);
        if (d->name) {
            const char *value = rig_field(&answer, d->name);
            ck_assert_msg(value && strcmp(value, d->value) == 0, "%s: %s is %s", d->what, d->name,
                          value);
        }
        ck_assert_msg(!d->body || strcmp(answer.body, d->body) == 0, "%s: %s", d->what,
                      answer.body);
    }
}

START_TEST(hands_over_what_was_sent)
{
    struct rig rig;

    rig_start(&rig, serve);
    run_dialogues(&rig, accepted, sizeof accepted / sizeof accepted[0]);
    rig_stop(&rig);
}
END_TEST

START_TEST(refuses_malformed_requests_before_the_handler)
{
    struct rig rig;

    rig_start(&rig, serve);
    run_dialogues(&rig, refused, sizeof refused / sizeof refused[0]);
    ck_assert_uint_eq(handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

/* What follows a malformed request may be its body, or a smuggled request. */
START_TEST(closes_after_a_malformed_request)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
                                  "Content-Length: 38\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n"
                                  "\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 400);
    rig_expect_close(fd);
    close(fd);
    ck_assert_uint_eq(handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

/* ---- sizes
 * ---------------------------------------------------------------------------------------
 */

static char *request_with_field(size_t value_len, size_t *ret_len)
{
    static const char head[] = "GET /x HTTP/1.1\r\nHost: h\r\nX-Test: ";
    char *request = malloc(sizeof head + value_len + 4);

    memcpy(request, head, sizeof head - 1);
    memset(request + sizeof head - 1, 'a', value_len);
    memcpy(request + sizeof head - 1 + value_len, "\r\n\r\n", 4);
    *ret_len = sizeof head - 1 + value_len + 4;
    return request;
}

START_TEST(answers_431_above_the_limit_of_the_header_section)
{
    static const struct {
        size_t value_len;
        unsigned status;
    } rows[] = {{4000, 200}, {HEADER_MAX, 431}, {2 * HEADER_MAX, 431}};
    static struct answer answer;
    struct rig rig;
    size_t len;

    rig_start(&rig, serve);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *request = request_with_field(rows[i].value_len, &len);
        rig_ask(&rig, "s", request, len, &answer);
        free(request);
        ck_assert_uint_eq(answer.status, rows[i].status);
    }
    rig_stop(&rig);
}
END_TEST

static size_t memory_of(pid_t pid)
{
    char path[64], line[128];
    size_t kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %zu", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

START_TEST(takes_no_memory_for_a_header_of_1_mib)
{
    static struct answer answer;
    struct rig rig;
    size_t len;

    rig_start(&rig, serve);
    char *request = request_with_field(1 << 20, &len);
    rig_ask(&rig, "s", request, len, &answer);
    size_t before_kib = memory_of(rig.pid);
    for (int i = 0; i < 32; i++) {
        rig_ask(&rig, "s", request, len, &answer);
        ck_assert_msg(answer.status == 431 || answer.status == 0, "%u", answer.status);
    }
    ck_assert_uint_lt(memory_of(rig.pid), before_kib + 8192);
    ck_assert_uint_eq(handled(&rig), 0);
    free(request);
    rig_stop(&rig);
}
END_TEST

/* Larger than MHD's buffer: the rest must be read without a further edge from epoll. */
START_TEST(takes_a_body_up_to_the_limit)
{
    static char request[BODY_MAX + 256];
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int head = snprintf(request, sizeof request,
                        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", BODY_MAX);
    for (int i = 0; i < BODY_MAX; i++)
        request[head + i] = (char)('a' + i % 26);
    rig_ask(&rig, "s", request, (size_t)head + BODY_MAX, &answer);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_uint_eq(answer.body_len, BODY_MAX);
    ck_assert_mem_eq(answer.body, request + head, BODY_MAX);
    rig_stop(&rig);
}
END_TEST

START_TEST(answers_413_to_a_chunked_body_above_the_limit)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    static char chunk[4096 + 8];
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    memcpy(chunk, "1000\r\n", 6);
    memset(chunk + 6, 'a', 4096);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, head, sizeof head - 1);
    for (int i = 0; i < BODY_MAX / 4096 + 1; i++) {
        rig_send(fd, chunk, 6 + 4096);
        rig_send(fd, "\r\n", 2);
    }
    rig_send(fd, "0\r\n\r\n", 5);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 413);
    ck_assert_uint_eq(handled(&rig), 0);
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(closes_on_a_chunked_body_without_end)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    static char chunk[65536];
    struct rig rig;

    rig_start(&rig, serve);
    memset(chunk, 'a', sizeof chunk);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, head, sizeof head - 1);
    rig_send(fd, "7fffffff\r\n", 10);
    unsigned sent = 0;
    while (rig_send(fd, chunk, sizeof chunk))
        ck_assert_uint_lt(++sent, 256);
    close(fd);
    ck_assert_uint_eq(handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

/* ---- connections
 * ---------------------------------------------------------------------------------
 */

START_TEST(answers_pipelined_requests_in_order)
{
    static const char requests[] = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                                   "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
                                   "HEAD /3 HTTP/1.1\r\nHost: h\r\n\r\n"
                                   "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    static const char *const paths[] = {"/1", "/2", "/3", "/4"};
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, requests, sizeof requests - 1);
    for (int i = 0; i < 4; i++) {
        rig_receive(fd, i == 2, &answer);
        ck_assert_uint_eq(answer.status, 200);
        ck_assert_str_eq(rig_field(&answer, "X-Path"), paths[i]);
        ck_assert_str_eq(answer.body, i == 1 ? "ab" : "");
    }
    rig_expect_close(fd);
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(keeps_a_connection_alive)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    for (int i = 0; i < 100; i++) {
        rig_send(fd, request, sizeof request - 1);
        rig_receive(fd, false, &answer);
        ck_assert_uint_eq(answer.status, 200);
    }
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(takes_a_request_byte_by_byte)
{
    static const char request[] =
        "POST /x?a=1 HTTP/1.1\r\nHost: h\r\nX-Test: v\r\nContent-Length: 3\r\n\r\nabc";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    for (size_t i = 0; i < sizeof request - 1; i++)
        rig_send(fd, request + i, 1);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(answer.body, "abc");
    ck_assert_str_eq(rig_field(&answer, "X-Field"), "v");
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(survives_clients_that_leave_at_any_byte)
{
    static const char request[] =
        "POST /x HTTP/1.1\r\nHost: h\r\nX-Stella-Token: v\r\nContent-Length: 3\r\n\r\nab";
    struct rig rig;

    rig_start(&rig, serve);
    for (size_t len = 0; len < sizeof request; len++) {
        int fd = rig_connect(&rig, "s");
        rig_send(fd, request, len);
        close(fd);
    }
    ck_assert_uint_eq(handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_who_asks)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    rig_ask(&rig, "s", request, sizeof request - 1, &answer);
    ck_assert_uint_eq(strtoul(rig_field(&answer, "X-Uid"), NULL, 10), geteuid());
    rig_stop(&rig);
}
END_TEST

START_TEST(makes_connections_above_the_limit_wait)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;
    int fds[CONNECTIONS];

    rig_start(&rig, serve);
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = rig_connect(&rig, "s");
        rig_send(fds[i], request, sizeof request - 1);
        rig_receive(fds[i], false, &answer);
    }
    int one_more = rig_connect(&rig, "s");
    rig_send(one_more, request, sizeof request - 1);
    for (int i = 0; i < 10; i++) {
        rig_send(fds[0], request, sizeof request - 1);
        rig_receive(fds[0], false, &answer);
        ck_assert_uint_eq(answer.status, 200);
    }
    ck_assert(rig_is_silent(one_more));
    close(fds[1]);
    rig_receive(one_more, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    close(one_more);
    rig_stop(&rig);
}
END_TEST

START_TEST(takes_connections_again_when_there_are_descriptors_again)
{
    static const char starve_request[] = "GET /starve HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char feed_request[] = "GET /feed HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, starve_request, sizeof starve_request - 1);
    rig_receive(fd, false, &answer);
    int other = rig_connect(&rig, "s");
    rig_send(other, request, sizeof request - 1);
    for (int i = 0; i < 10; i++) {
        rig_send(fd, request, sizeof request - 1);
        rig_receive(fd, false, &answer);
    }
    ck_assert(rig_is_silent(other));
    rig_send(fd, feed_request, sizeof feed_request - 1);
    rig_receive(fd, false, &answer);
    rig_receive(other, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    close(other);
    close(fd);
    rig_stop(&rig);
}
END_TEST

/* ---- answers that come later
 * ---------------------------------------------------------------------
 */

static void ask_release(struct rig *rig)
{
    static const char request[] = "GET /release HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;

    rig_ask(rig, "s", request, sizeof request - 1, &answer);
    ck_assert_uint_eq(answer.status, 200);
}

START_TEST(answers_later_what_the_handler_keeps)
{
    static const char request[] = "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                                  "GET /after HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char release[] = "GET /release HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    while (handled(&rig) == 0)
        continue;
    ck_assert(rig_is_silent(fd));
    /* Its connection stays open: no traffic but the answer itself may be what sends it. */
    int other = rig_connect(&rig, "s");
    rig_send(other, release, sizeof release - 1);
    rig_receive(other, false, &answer);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(answer.body, "late");
    rig_receive(fd, false, &answer);
    ck_assert_str_eq(rig_field(&answer, "X-Path"), "/after");
    close(other);
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(survives_a_client_that_leaves_before_its_late_answer)
{
    static const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig rig;

    rig_start(&rig, serve);
    for (unsigned i = 0; i < CONNECTIONS - 1; i++) {
        int fd = rig_connect(&rig, "s");
        rig_send(fd, request, sizeof request - 1);
        while (handled(&rig) <= i)
            continue;
        close(fd);
    }
    ask_release(&rig);
    /* Their places are free again. */
    for (int i = 0; i < 3 * CONNECTIONS; i++)
        ck_assert_uint_eq(handled(&rig), CONNECTIONS);
    rig_stop(&rig);
}
END_TEST

START_TEST(may_be_freed_before_a_late_answer)
{
    static const char request[] = "GET /never HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig rig;

    rig_start(&rig, serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    while (handled(&rig) == 0)
        continue;
    rig_stop(&rig);
    rig_expect_close(fd);
    close(fd);
}
END_TEST

SUITE_MAIN("http", hands_over_what_was_sent, refuses_malformed_requests_before_the_handler,
           closes_after_a_malformed_request, answers_431_above_the_limit_of_the_header_section,
           takes_no_memory_for_a_header_of_1_mib, takes_a_body_up_to_the_limit,
           answers_413_to_a_chunked_body_above_the_limit, closes_on_a_chunked_body_without_end,
           answers_pipelined_requests_in_order, keeps_a_connection_alive,
           takes_a_request_byte_by_byte, survives_clients_that_leave_at_any_byte, tells_who_asks,
           makes_connections_above_the_limit_wait,
           takes_connections_again_when_there_are_descriptors_again,
           answers_later_what_the_handler_keeps,
           survives_a_client_that_leaves_before_its_late_answer, may_be_freed_before_a_late_answer)
