#include "tests/daemon/http_rig.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "daemon/http_admin.h"
#include "daemon/http_check.h"
#include "tests/daemon/fixture.h"

#define WAIT_MS 30000

static int ready_fd = -1; /* the child's end of the pipe that tells the parent */

/* ---- the server's side -------------------------------------------------------------------------
 */

static struct sockaddr_un address_of(const struct rig *rig, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", rig->dir, name);
    ck_assert_int_lt(n, (int)sizeof address.sun_path);
    return address;
}

int rig_listen(struct rig *rig, const char *name)
{
    struct sockaddr_un address = address_of(rig, name);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    return fd;
}

static int on_term(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

void rig_loop(struct rig *rig, sd_event *event)
{
    ck_assert_int_ge(sd_event_add_signal(event, NULL, SIGTERM, on_term, NULL), 0);
    ck_assert_int_eq(write(ready_fd, "!", 1), 1);
    close(ready_fd);
    ck_assert_int_eq(sd_event_loop(event), 0);
}

/* The child is no test: a failed assertion in it ends it, and the parent sees how it ended. */
static void serve_in_child(struct rig *rig, rig_serve_fn serve)
{
    sd_event *event;
    sigset_t set;

    /* A test that fails stops no server. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ck_assert_int_ge(sd_event_new(&event), 0);
    serve(rig, event);
    sd_event_unref(event);
    exit(EXIT_SUCCESS);
}

void rig_start(struct rig *rig, rig_serve_fn serve)
{
    int pipe_fds[2];
    char byte;

    signal(SIGPIPE, SIG_IGN);
    fixture_make_dir(rig->dir);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    rig->pid = fork();
    ck_assert_int_ge(rig->pid, 0);
    if (rig->pid == 0) {
        close(pipe_fds[0]);
        ready_fd = pipe_fds[1];
        serve_in_child(rig, serve);
    }
    close(pipe_fds[1]);
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
    close(pipe_fds[0]);
}

void rig_stop(struct rig *rig)
{
    int status;

    ck_assert_int_eq(kill(rig->pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid(rig->pid, &status, 0), rig->pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ended with %#x",
                  (unsigned)status);
    fixture_remove_dir(rig->dir);
}

/* ---- the daemon's faces ------------------------------------------------------------------------
 */

const struct fixture_file *rig_config;
void (*rig_prepare)(struct fixture *fixture);

static int on_committed(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    committer_collect(userdata);
    return 0;
}

static struct http_server *serve_face(struct rig *rig, sd_event *event, const char *name,
                                      http_handler handler, struct service *service)
{
    const struct http_options options = {
        .listen_fd = rig_listen(rig, name),
        .connections_max = 16,
        .limits = {.request_deadline_ns = UINT64_C(60000000000),
                   .idle_timeout_ns = UINT64_C(60000000000),
                   .header_bytes_max = 32768,
                   .body_bytes_max = 65536},
        .handler = handler,
        .userdata = service,
    };
    struct http_server *server;

    ck_assert_int_eq(http_server_new(event, &options, &server), 0);
    return server;
}

void rig_serve_faces(struct rig *rig, sd_event *event)
{
    struct fixture fixture;
    sd_event_source *source;

    fixture_open(&fixture, rig_config);
    if (rig_prepare)
        rig_prepare(&fixture);
    struct http_server *http = serve_face(rig, event, "http", http_check_handle, fixture.service);
    struct http_server *admin = serve_face(rig, event, "admin", http_admin_handle, fixture.service);
    ck_assert_int_ge(sd_event_add_io(event, &source, committer_fd(fixture.committer), EPOLLIN,
                                     on_committed, fixture.committer),
                     0);
    rig_loop(rig, event);
    sd_event_source_disable_unref(source);
    http_server_free(http);
    http_server_free(admin);
    fixture_close(&fixture);
}

/* ---- the client's side -------------------------------------------------------------------------
 */

int rig_connect(const struct rig *rig, const char *name)
{
    struct sockaddr_un address = address_of(rig, name);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

bool rig_send(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return false;
        ck_assert_int_gt(n, 0);
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* One byte, or false when the other side has closed. Byte by byte: what comes after this answer
 * stays in the socket for the next. */
static bool receive_byte(int fd, char *ret)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    ck_assert_msg(poll(&pollfd, 1, WAIT_MS) == 1, "no answer came");
    ssize_t n = recv(fd, ret, 1, 0);
    ck_assert_msg(n >= 0 || errno == ECONNRESET, "%s", strerror(errno));
    return n == 1;
}

void rig_receive(int fd, bool head, struct answer *ret)
{
    size_t len = 0;

    ret->status = 0;
    ret->body_len = 0;
    ret->body[0] = '\0';
    ret->header[0] = '\0';
    while (len < 4 || memcmp(ret->header + len - 4, "\r\n\r\n", 4) != 0) {
        ck_assert_uint_lt(len, sizeof ret->header - 1);
        if (!receive_byte(fd, ret->header + len)) {
            ck_assert_msg(len == 0, "closed within a header section");
            return;
        }
        ret->header[++len] = '\0';
    }
    ck_assert_int_eq(sscanf(ret->header, "HTTP/1.%*1[01] %u ", &ret->status), 1);
    const char *length = rig_field(ret, "Content-Length");
    ck_assert_ptr_nonnull(length);
    size_t body_len = head ? 0 : strtoul(length, NULL, 10);
    ck_assert_uint_le(body_len, RIG_ANSWER_MAX);
    while (ret->body_len < body_len)
        ck_assert(receive_byte(fd, ret->body + ret->body_len++));
    ret->body[body_len] = '\0';
}

void rig_expect_close(int fd)
{
    char byte;

    while (receive_byte(fd, &byte))
        continue;
}

bool rig_is_silent(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    return poll(&pollfd, 1, 0) == 0;
}

const char *rig_field(const struct answer *answer, const char *name)
{
    static char value[8192];
    size_t name_len = strlen(name);

    for (const char *line = strstr(answer->header, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, name_len) != 0 || line[2 + name_len] != ':')
            continue;
        const char *start = line + 2 + name_len + 1;
        start += strspn(start, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(start, "\r"), start);
        return value;
    }
    return NULL;
}

void rig_ask(const struct rig *rig, const char *name, const void *bytes, size_t len,
             struct answer *ret)
{
    int fd = rig_connect(rig, name);

    rig_send(fd, bytes, len);
    rig_receive(fd, len > 5 && memcmp(bytes, "HEAD ", 5) == 0, ret);
    close(fd);
}

void rig_call(const struct rig *rig, const char *name, const char *head, const char *body,
              struct answer *ret)
{
    char *request;

    int len = asprintf(&request, "%s\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", head,
                       strlen(body), body);
    ck_assert_int_gt(len, 0);
    rig_ask(rig, name, request, (size_t)len, ret);
    free(request);
}

struct rig_token rig_mint(const struct rig *rig, const char *members)
{
    static struct answer answer;
    struct rig_token token;
    char body[1024];

    snprintf(body, sizeof body, "{\"site_id\":\"kasa\",\"name\":\"production\"%s}", members);
    rig_call(rig, "admin", "POST /v1/tokens HTTP/1.1", body, &answer);
    ck_assert_msg(answer.status == 201, "%u %s", answer.status, answer.body);
    json_t *object = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(object);
    const char *key_id = json_string_value(json_object_get(object, "key_id"));
    const char *secret = json_string_value(json_object_get(object, "secret"));
    ck_assert(key_id && text_copy(text_of(key_id), token.key_id, sizeof token.key_id));
    ck_assert(secret && text_copy(text_of(secret), token.secret, sizeof token.secret));
    json_decref(object);
    return token;
}
