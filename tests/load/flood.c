#include "tests/load/flood.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/wire/message.h"

/* Questions of a connection that are under way. */
#define BURST 4

/* ---- what both sides do ------------------------------------------------------------------------
 */

static void choose_processors(enum flood_place place)
{
    cpu_set_t all, chosen;
    size_t last = 0;

    if (place == FLOOD_ANYWHERE || sched_getaffinity(0, sizeof all, &all) < 0 ||
        CPU_COUNT(&all) < 2)
        return;
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all))
            last = i;
    CPU_ZERO(&chosen);
    CPU_SET(last, &chosen);
    if (place == FLOOD_BEFORE_LAST)
        CPU_XOR(&chosen, &chosen, &all);
    (void)sched_setaffinity(0, sizeof chosen, &chosen);
}

void flood_become(uid_t uid, enum flood_place place)
{
    const struct rlimit limit = {FLOOD_ATTEMPTS + 64, FLOOD_ATTEMPTS + 64};

    choose_processors(place);
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0)
        err(EXIT_FAILURE, "uid %u", (unsigned)uid);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        err(EXIT_FAILURE, "prctl");
}

static int dial(const char *runtime, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", runtime, name);

    if (fd < 0 || len < 0 || (size_t)len >= sizeof address.sun_path ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        err(EXIT_FAILURE, "%s/%s", runtime, name);
    return fd;
}

int flood_dial(const char *runtime)
{
    uint8_t bytes[WIRE_FRAME_MAX];
    const struct hello hello = {.service = TEXT("default")};
    struct frame frame;
    int fd = dial(runtime, "check.sock", SOCK_SEQPACKET);
    size_t len = hello_write(bytes, sizeof bytes, 1, &hello);

    if (send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n > 0 && frame_open(bytes, (size_t)n, &frame) == 0 && frame.type == WIRE_WELCOME)
            return fd;
    }
    close(fd);
    return -1;
}

size_t flood_question(const struct flood_options *options, void *buffer, size_t capacity)
{
    struct query query = {
        .form = CREDENTIAL_TOKEN,
        .kind = KIND_LIVE,
        .site = text_of(options->site),
        .origin = text_of(options->origin),
    };

    digest_token(text_of(options->token), query.digest);
    return check_write(buffer, capacity, 2, &query);
}

int flood_dial_http(const char *runtime)
{
    return dial(runtime, "http.sock", SOCK_STREAM);
}

size_t flood_request(const struct flood_options *options, char *buffer, size_t capacity)
{
    int len = snprintf(buffer, capacity,
                       "GET /v1/check HTTP/1.1\r\nHost: localhost\r\nX-Stella-Token: %s\r\n"
                       "X-Site-ID: %s\r\nOrigin: %s\r\n\r\n",
                       options->token, options->site, options->origin);

    if (len < 0 || (size_t)len >= capacity)
        errx(EXIT_FAILURE, "a request longer than %zu bytes", capacity);
    return (size_t)len;
}

/* ---- one flood of each kind --------------------------------------------------------------------
 */

static void report(int fd, const struct flood_count *count)
{
    if (write(fd, count, sizeof *count) != (ssize_t)sizeof *count)
        err(EXIT_FAILURE, "report");
}

/* All that is there to read, dropped; how many reads it took. The other side must not have closed.
 */
static int drain(int fd)
{
    char bytes[WIRE_FRAME_MAX];
    ssize_t n;
    int count = 0;

    while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        count++;
    if (n == 0 || errno != EAGAIN)
        errx(EXIT_FAILURE, "a connection was closed that had been admitted");
    return count;
}

/* Questions on each connection after the other, of which BURST at most have no answer yet: the
 * daemon closes the connection of one who does not read, however busy the machine is. */
static void pump_questions(const int *fds, unsigned count, const void *question, size_t len)
{
    static int unanswered[FLOOD_ATTEMPTS];

    for (;;) {
        for (unsigned i = 0; i < count; i++) {
            while (unanswered[i] < BURST &&
                   send(fds[i], question, len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                unanswered[i]++;
            unanswered[i] -= drain(fds[i]);
        }
    }
}

/* A request on each connection after the other, before the answer to the last one has come. */
static void pump_requests(const int *fds, unsigned count, const void *request, size_t len)
{
    for (;;) {
        for (unsigned i = 0; i < count; i++) {
            (void)!send(fds[i], request, len, MSG_DONTWAIT | MSG_NOSIGNAL);
            drain(fds[i]);
        }
    }
}

static void flood_checks(const struct flood_options *options, int report_fd)
{
    static int fds[FLOOD_ATTEMPTS];
    uint8_t question[CHECK_FRAME_MAX];
    size_t len = flood_question(options, question, sizeof question);
    struct flood_count count = {0, 0};

    for (unsigned i = 0; i < FLOOD_ATTEMPTS; i++) {
        int fd = flood_dial(options->runtime);
        if (fd < 0)
            count.refused++;
        else
            fds[count.admitted++] = fd;
    }
    report(report_fd, &count);
    pump_questions(fds, count.admitted, question, len);
}

static void flood_connections(const struct flood_options *options, int report_fd)
{
    struct flood_count count = {0, 0};

    for (unsigned long i = 0;; i++) {
        int fd = dial(options->runtime, "check.sock", SOCK_SEQPACKET);
        if (i < FLOOD_ATTEMPTS)
            count.admitted++;
        if (i == FLOOD_ATTEMPTS)
            report(report_fd, &count);
        close(fd);
    }
}

/* Whether the answer to one request is anything but the 503 of a connection too many. */
static bool is_admitted(int fd, const char *request, size_t len)
{
    char answer[FLOOD_QUESTION_MAX];

    (void)!send(fd, request, len, MSG_NOSIGNAL);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    if (n <= 0)
        return false;
    answer[n] = '\0';
    return strncmp(answer, "HTTP/1.1 503", 12) != 0;
}

static void flood_http(const struct flood_options *options, int report_fd)
{
    static int fds[FLOOD_ATTEMPTS];
    struct flood_count count = {0, 0};
    char request[FLOOD_QUESTION_MAX];
    size_t len = flood_request(options, request, sizeof request);

    for (unsigned i = 0; i < FLOOD_ATTEMPTS; i++) {
        int fd = flood_dial_http(options->runtime);
        if (is_admitted(fd, request, len)) {
            fds[count.admitted++] = fd;
            continue;
        }
        count.refused++;
        close(fd);
    }
    report(report_fd, &count);
    pump_requests(fds, count.admitted, request, len);
}

void flood_run(const struct flood_options *options, int report_fd)
{
    static void (*const kinds[FLOOD_KINDS])(const struct flood_options *, int) = {
        [FLOOD_CHECKS] = flood_checks,
        [FLOOD_CONNECTIONS] = flood_connections,
        [FLOOD_HTTP] = flood_http,
    };

    flood_become(options->uid, options->shares ? FLOOD_ANYWHERE : FLOOD_LAST);
    kinds[options->kind](options, report_fd);
    exit(EXIT_FAILURE);
}
