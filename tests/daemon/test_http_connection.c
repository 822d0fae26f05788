/* Connections of an HTTP socket that has limits: shares, deadlines, descriptors. */
#include "daemon/http_connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/daemon/http_rig.h"
#include "tests/suite.h"

#define MS UINT64_C(1000000)

static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

/* Set before the rig is started. */
static struct http_limits limits;
static struct quota_limits shares;

static struct http_server *server;

static void handle(struct http_request *one, void *userdata)
{
    if (text_equal(http_path(one), TEXT("/lower"))) {
        const struct http_limits lower = {limits.request_deadline_ns, limits.idle_timeout_ns, 4096,
                                          16};
        http_server_set_limits(server, &lower, 0);
    }
    http_answer(one, 200, http_body(one), false);
}

static void serve(struct rig *rig, sd_event *event)
{
    struct http_options options = {
        .listen_fd = rig_listen(rig, "s"), .limits = limits, .handler = handle};
    ck_assert_int_eq(quota_new(&shares, &options.quota), 0);
    ck_assert_int_eq(http_server_new(event, &options, &server), 0);
    rig_loop(rig, event);
    http_server_free(server);
    /* Whatever was taken was given back. */
    struct quota_usage left;
    quota_total(options.quota, &left);
    ck_assert_uint_eq(left.connections[QUOTA_HTTP], 0);
    ck_assert_uint_eq(left.bytes, 0);
    quota_free(options.quota);
}

static void start(struct rig *rig)
{
    rig_start(rig, serve);
}

static void reset(void)
{
    limits = (struct http_limits){60000 * MS, 60000 * MS, 8192, 65536};
    shares = (struct quota_limits){.connections = {0, 8},
                                   .connections_per_user = {0, 3},
                                   .bytes = UINT64_C(64) << 20,
                                   .bytes_per_user = UINT64_C(64) << 20};
}

static void ask(int fd, unsigned status)
{
    static struct answer answer;
    ck_assert(rig_send(fd, request, sizeof request - 1));
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, status);
}

/* Closed in time: the rig waits 30 s at most, the limits that are not tested are 60 s. */
static void expect_gone(int fd)
{
    rig_expect_close(fd);
    close(fd);
}

START_TEST(a_connection_above_the_share_is_answered_503_and_closed)
{
    static struct answer answer;
    struct rig rig;
    int fds[3];
    reset();
    start(&rig);
    for (int i = 0; i < 3; i++) {
        fds[i] = rig_connect(&rig, "s");
        ask(fds[i], 200);
    }
    int refused = rig_connect(&rig, "s");
    rig_receive(refused, false, &answer);
    ck_assert_uint_eq(answer.status, 503);
    ck_assert_str_eq(rig_field(&answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(rig_field(&answer, "Connection"), "close");
    json_t *problem = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(problem, "status")), 503);
    json_decref(problem);
    expect_gone(refused);
    /* Those that were there go on, and a place that became free is given away again. */
    ask(fds[0], 200);
    close(fds[1]);
    for (bool admitted = false; !admitted;) {
        fds[1] = rig_connect(&rig, "s");
        (void)rig_send(fds[1], request, sizeof request - 1);
        rig_receive(fds[1], false, &answer);
        admitted = answer.status == 200;
        if (!admitted)
            close(fds[1]);
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    rig_stop(&rig);
}
END_TEST

/* One whose first request is answered: the share of the one before may not be given back yet. */
static int connect_admitted(const struct rig *rig)
{
    static struct answer answer;
    for (;;) {
        int fd = rig_connect(rig, "s");
        (void)rig_send(fd, request, sizeof request - 1);
        rig_receive(fd, false, &answer);
        if (answer.status == 200)
            return fd;
        close(fd);
    }
}

static void send_post(int fd, size_t body_len, struct answer *ret)
{
    static char bytes[70000];
    int head = snprintf(bytes, sizeof bytes,
                        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", body_len);
    memset(bytes + head, 'b', body_len);
    (void)rig_send(fd, bytes, (size_t)head + body_len);
    rig_receive(fd, false, ret);
}

START_TEST(a_body_above_the_share_of_bytes_is_answered_503)
{
    static struct answer answer;
    struct rig rig;
    reset();
    shares.bytes_per_user = http_connection_bytes(&limits) + 4096;
    start(&rig);
    for (int round = 0; round < 3; round++) {
        int fd = connect_admitted(&rig);
        send_post(fd, 1000, &answer);
        ck_assert_uint_eq(answer.status, 200);
        send_post(fd, 60000, &answer);
        ck_assert_uint_eq(answer.status, 503);
        ck_assert_ptr_nonnull(strstr(answer.body, "bytes_in_flight_per_user"));
        close(fd);
    }
    rig_stop(&rig);
}
END_TEST

START_TEST(a_connection_that_says_nothing_is_gone_at_its_deadline)
{
    struct rig rig;
    reset();
    limits.request_deadline_ns = 100 * MS;
    start(&rig);
    int silent = rig_connect(&rig, "s"), talking = rig_connect(&rig, "s");
    ask(talking, 200);
    expect_gone(silent);
    /* Its next request has http_idle_timeout. */
    ask(talking, 200);
    close(talking);
    rig_stop(&rig);
}
END_TEST

/* Sends a byte of the request at a time, again and again, until the connection is closed. */
static void drip(int fd, const char *bytes)
{
    size_t sent = 0;
    while (rig_send(fd, bytes + sent, 1)) {
        if (bytes[sent + 1] != '\0')
            sent++;
        /* The point of it: slowly. And no longer than until it is closed. */
        poll(&(struct pollfd){.fd = fd, .events = POLLIN | POLLRDHUP}, 1, 10);
    }
    close(fd);
}

START_TEST(a_byte_now_and_then_buys_no_time)
{
    static const char *const parts[] = {
        "GET /this/goes/on/and/on",                        /* no first line */
        "GET /x HTTP/1.1\r\nHost: h\r\nX-A: aaaaaaaaaaaa", /* no end of the header section */
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\nbbbbbbbbbbbb",
    };
    struct rig rig;
    reset();
    limits.request_deadline_ns = 300 * MS;
    start(&rig);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        drip(rig_connect(&rig, "s"), parts[i]);
    rig_stop(&rig);
}
END_TEST

START_TEST(a_second_request_has_its_deadline_too)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n";
    struct rig rig;
    reset();
    limits.request_deadline_ns = 200 * MS;
    start(&rig);
    int fd = rig_connect(&rig, "s");
    ask(fd, 200);
    ck_assert(rig_send(fd, head, sizeof head - 1));
    expect_gone(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(an_idle_connection_is_gone_at_its_time)
{
    struct rig rig;
    reset();
    limits.idle_timeout_ns = 100 * MS;
    start(&rig);
    int idle = rig_connect(&rig, "s");
    ask(idle, 200);
    expect_gone(idle);
    /* Also one that begins a next request and gets no further than its first line. */
    int dripping = rig_connect(&rig, "s");
    ask(dripping, 200);
    drip(dripping, "GET /this/goes/on/and/on");
    rig_stop(&rig);
}
END_TEST

/* By the clock it was idle for too long; but its request has been there for most of that time. */
START_TEST(what_came_while_the_daemon_was_stopped_is_answered)
{
    static struct answer answer;
    struct rig rig;
    reset();
    limits.idle_timeout_ns = 1000 * MS;
    start(&rig);
    int fd = rig_connect(&rig, "s");
    ask(fd, 200);
    ck_assert_int_eq(kill(rig.pid, SIGSTOP), 0);
    ck_assert(rig_send(fd, request, sizeof request - 1));
    ck_assert_int_eq(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 2000), 0);
    ck_assert_int_eq(kill(rig.pid, SIGCONT), 0);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    /* It has its time, and no more. */
    expect_gone(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(new_limits_are_in_force_for_the_next_request)
{
    static const char lower[] = "GET /lower HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char post[] =
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nbbbbbbbbbbbbbbbbbbbb";
    static struct answer answer;
    struct rig rig;
    reset();
    start(&rig);
    int fd = rig_connect(&rig, "s");
    ck_assert(rig_send(fd, post, sizeof post - 1));
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert(rig_send(fd, lower, sizeof lower - 1));
    rig_receive(fd, false, &answer);
    ck_assert(rig_send(fd, post, sizeof post - 1));
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 413);
    close(fd);
    rig_stop(&rig);
}
END_TEST

/* ---- who asks must be known --------------------------------------------------------------------
 */

static in_port_t port;

/* A TCP socket has no peer with a uid. */
static void serve_tcp(struct rig *rig, sd_event *event)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    struct http_options options = {.limits = limits, .handler = handle, .connections_max = 8};

    options.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(options.listen_fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(options.listen_fd, 8), 0);
    ck_assert_int_eq(getsockname(options.listen_fd, (struct sockaddr *)&address, &len), 0);
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/port", rig->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, &address.sin_port, sizeof address.sin_port),
                     sizeof address.sin_port);
    close(fd);
    ck_assert_int_eq(http_server_new(event, &options, &server), 0);
    rig_loop(rig, event);
    http_server_free(server);
}

START_TEST(a_peer_without_credentials_is_not_answered)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct rig rig;
    char path[PATH_MAX + 8];
    reset();
    rig_start(&rig, serve_tcp);
    snprintf(path, sizeof path, "%s/port", rig.dir);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(file, &port, sizeof port), sizeof port);
    close(file);
    address.sin_port = port;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)rig_send(fd, request, sizeof request - 1);
    char byte;
    ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
    close(fd);
    rig_stop(&rig);
}
END_TEST

/* ---- descriptors -------------------------------------------------------------------------------
 */

static unsigned open_descriptors(const struct rig *rig)
{
    char path[64];
    unsigned count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)rig->pid);
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void send_with_descriptor(int fd, int passed)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)request, sizeof request - 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    *cmsg = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(cmsg), &passed, sizeof passed);
    ck_assert_int_eq(sendmsg(fd, &message, MSG_NOSIGNAL), sizeof request - 1);
}

START_TEST(descriptors_that_a_client_sends_along_are_dropped)
{
    static struct answer answer;
    struct rig rig;
    reset();
    start(&rig);
    int fd = rig_connect(&rig, "s");
    ask(fd, 200);
    unsigned before = open_descriptors(&rig);
    for (int i = 0; i < 10; i++) {
        send_with_descriptor(fd, fd);
        rig_receive(fd, false, &answer);
        ck_assert_uint_eq(answer.status, 200);
    }
    ck_assert_uint_eq(open_descriptors(&rig), before);
    close(fd);
    rig_stop(&rig);
}
END_TEST

static void starve(void)
{
    struct rlimit limit = {128, 128};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (open("/", O_PATH | O_CLOEXEC) >= 0)
        continue;
}

static void handle_starving(struct http_request *one, void *userdata)
{
    if (text_equal(http_path(one), TEXT("/starve")))
        starve();
    handle(one, userdata);
}

static void serve_with_reserve(struct rig *rig, sd_event *event)
{
    struct reserve reserve = {0};
    reserve_fill(&reserve);
    struct http_options options = {.listen_fd = rig_listen(rig, "s"),
                                   .limits = limits,
                                   .handler = handle_starving,
                                   .connections_max = 8,
                                   .reserve = &reserve};
    ck_assert_int_eq(http_server_new(event, &options, &server), 0);
    rig_loop(rig, event);
    http_server_free(server);
    ck_assert_uint_eq(reserve.count, DESCRIPTORS_RESERVED);
    (void)reserve_release(&reserve);
}

START_TEST(with_a_reserve_it_answers_when_there_is_no_descriptor_left)
{
    static const char starve_request[] = "GET /starve HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;
    reset();
    rig_start(&rig, serve_with_reserve);
    int first = rig_connect(&rig, "s");
    rig_send(first, starve_request, sizeof starve_request - 1);
    rig_receive(first, false, &answer);
    ck_assert_uint_eq(answer.status, 200);
    for (int i = 0; i < 20; i++) {
        int fd = rig_connect(&rig, "s");
        ask(fd, 200);
        close(fd);
    }
    close(first);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_connection", a_connection_above_the_share_is_answered_503_and_closed,
           a_body_above_the_share_of_bytes_is_answered_503,
           a_connection_that_says_nothing_is_gone_at_its_deadline, a_byte_now_and_then_buys_no_time,
           a_second_request_has_its_deadline_too, an_idle_connection_is_gone_at_its_time,
           what_came_while_the_daemon_was_stopped_is_answered,
           new_limits_are_in_force_for_the_next_request, a_peer_without_credentials_is_not_answered,
           descriptors_that_a_client_sends_along_are_dropped,
           with_a_reserve_it_answers_when_there_is_no_descriptor_left)
