#include "daemon/http.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/daemon/http_echo.h"
#include "tests/suite.h"

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
    } rows[] = {{4000, 200}, {ECHO_HEADER_MAX, 431}, {2 * ECHO_HEADER_MAX, 431}};
    static struct answer answer;
    struct rig rig;
    size_t len;

    rig_start(&rig, http_echo_serve);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *request = request_with_field(rows[i].value_len, &len);
        rig_ask(&rig, "s", request, len, &answer);
        free(request);
        ck_assert_uint_eq(answer.status, rows[i].status);
        const char *reason = rig_field(&answer, "Stkgate-Reason");
        ck_assert_int_eq(reason && strcmp(reason, "unreadable_request") == 0, answer.status == 431);
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

    rig_start(&rig, http_echo_serve);
    char *request = request_with_field(1 << 20, &len);
    rig_ask(&rig, "s", request, len, &answer);
    size_t before_kib = memory_of(rig.pid);
    for (int i = 0; i < 32; i++) {
        rig_ask(&rig, "s", request, len, &answer);
        ck_assert_msg(answer.status == 431 || answer.status == 0, "%u", answer.status);
    }
    ck_assert_uint_lt(memory_of(rig.pid), before_kib + 8192);
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
    free(request);
    rig_stop(&rig);
}
END_TEST

/* Larger than MHD's buffer: the rest must be read without a further edge from epoll. */
START_TEST(takes_a_body_up_to_the_limit)
{
    static char request[ECHO_BODY_MAX + 256];
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    int head = snprintf(request, sizeof request,
                        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", ECHO_BODY_MAX);
    for (int i = 0; i < ECHO_BODY_MAX; i++)
        request[head + i] = (char)('a' + i % 26);
    rig_ask(&rig, "s", request, (size_t)head + ECHO_BODY_MAX, &answer);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_uint_eq(answer.body_len, ECHO_BODY_MAX);
    ck_assert_mem_eq(answer.body, request + head, ECHO_BODY_MAX);
    rig_stop(&rig);
}
END_TEST

START_TEST(answers_413_to_a_chunked_body_above_the_limit)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    static char chunk[4096 + 8];
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    memcpy(chunk, "1000\r\n", 6);
    memset(chunk + 6, 'a', 4096);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, head, sizeof head - 1);
    for (int i = 0; i < ECHO_BODY_MAX / 4096 + 1; i++) {
        rig_send(fd, chunk, 6 + 4096);
        rig_send(fd, "\r\n", 2);
    }
    rig_send(fd, "0\r\n\r\n", 5);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 413);
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(closes_on_a_chunked_body_without_end)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    static char chunk[65536];
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    memset(chunk, 'a', sizeof chunk);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, head, sizeof head - 1);
    rig_send(fd, "7fffffff\r\n", 10);
    unsigned sent = 0;
    while (rig_send(fd, chunk, sizeof chunk))
        ck_assert_uint_lt(++sent, 256);
    close(fd);
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
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

    rig_start(&rig, http_echo_serve);
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

    rig_start(&rig, http_echo_serve);
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

    rig_start(&rig, http_echo_serve);
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

    rig_start(&rig, http_echo_serve);
    for (size_t len = 0; len < sizeof request; len++) {
        int fd = rig_connect(&rig, "s");
        rig_send(fd, request, len);
        close(fd);
    }
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_who_asks)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, http_echo_serve);
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
    int fds[ECHO_CONNECTIONS];

    rig_start(&rig, http_echo_serve);
    for (int i = 0; i < ECHO_CONNECTIONS; i++) {
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

    rig_start(&rig, http_echo_serve);
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

    rig_start(&rig, http_echo_serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    while (http_echo_handled(&rig) == 0)
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

    rig_start(&rig, http_echo_serve);
    for (unsigned i = 0; i < ECHO_CONNECTIONS - 1; i++) {
        int fd = rig_connect(&rig, "s");
        rig_send(fd, request, sizeof request - 1);
        while (http_echo_handled(&rig) <= i)
            continue;
        close(fd);
    }
    ask_release(&rig);
    /* Their places are free again. */
    for (int i = 0; i < 3 * ECHO_CONNECTIONS; i++)
        ck_assert_uint_eq(http_echo_handled(&rig), ECHO_CONNECTIONS);
    rig_stop(&rig);
}
END_TEST

START_TEST(may_be_freed_before_a_late_answer)
{
    static const char request[] = "GET /never HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    while (http_echo_handled(&rig) == 0)
        continue;
    rig_stop(&rig);
    rig_expect_close(fd);
    close(fd);
}
END_TEST

SUITE_MAIN("http", answers_431_above_the_limit_of_the_header_section,
           takes_no_memory_for_a_header_of_1_mib, takes_a_body_up_to_the_limit,
           answers_413_to_a_chunked_body_above_the_limit, closes_on_a_chunked_body_without_end,
           answers_pipelined_requests_in_order, keeps_a_connection_alive,
           takes_a_request_byte_by_byte, survives_clients_that_leave_at_any_byte, tells_who_asks,
           makes_connections_above_the_limit_wait,
           takes_connections_again_when_there_are_descriptors_again,
           answers_later_what_the_handler_keeps,
           survives_a_client_that_leaves_before_its_late_answer, may_be_freed_before_a_late_answer)
