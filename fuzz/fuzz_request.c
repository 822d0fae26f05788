/* fuzz_request.c - what a peer writes to http.sock or admin.sock, as a whole connection
 *
 * The daemon's own way: a Unix socket, libmicrohttpd, http.c and the two faces, on a table with one
 * legacy key. Each request that reaches a face is read once more here, as RFC 9112 has it: both
 * must have seen the same method, target, fields and body. Nobody passes without the key, and no
 * answer holds it, nor any token.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/http_admin.h"
#include "daemon/http_check.h"
#include "fuzz/service_case.h"

FUZZ_TARGET("request");

#define ANSWERS_MAX (1u << 20)

static sd_event *event;
static struct http_server *server;
static struct sockaddr_un address;
static socklen_t address_len;

/* The connection under way. */
static int client_fd = -1;
static struct text sent; /* by the client, all of it */
static bool compared;    /* its first request */

/* ---- the request as RFC 9112 has it ------------------------------------------------------------
 */

/* Up to CR LF, which is taken, too; false when there is none. */
static bool take_line(struct text *left, struct text *ret)
{
    for (size_t i = 0; i + 1 < left->len; i++) {
        if (left->data[i] != '\r' || left->data[i + 1] != '\n')
            continue;
        *ret = (struct text){left->data, i};
        left->data += i + 2;
        left->len -= i + 2;
        return true;
    }
    return false;
}

static struct text take_until(struct text *left, char end)
{
    const char *found = memchr(left->data, end, left->len);
    DEMAND(found);
    struct text taken = {left->data, (size_t)(found - left->data)};
    left->data += taken.len + 1;
    left->len -= taken.len + 1;
    return taken;
}

static bool is_visible(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.data[i] <= 0x20 || t.data[i] == 0x7f)
            return false;
    return t.len > 0;
}

/* RFC 9110, section 5.5: what is never part of a value. The line holds a name, a colon and it. */
static bool is_field_line(struct text line)
{
    struct text name = take_until(&line, ':');

    return is_visible(name) && !memchr(line.data, '\0', line.len) &&
           !memchr(line.data, '\r', line.len) && !memchr(line.data, '\n', line.len);
}

struct reference {
    struct text method, target;
    struct text fields; /* lines, each with its CR LF */
    struct text rest;
};

static void read_reference(struct reference *ret)
{
    struct text left = sent, line;

    /* Empty lines before a request are passed over (RFC 9112, section 2.2). */
    while (left.len > 0 && (left.data[0] == '\r' || left.data[0] == '\n'))
        left = (struct text){left.data + 1, left.len - 1};
    DEMAND(take_line(&left, &line));
    ret->method = take_until(&line, ' ');
    ret->target = take_until(&line, ' ');
    DEMAND(is_visible(ret->method) && is_visible(ret->target));
    DEMAND(text_begins(line, TEXT("HTTP/1.")) && line.len == 8);
    ret->fields = left;
    do {
        DEMAND(take_line(&left, &line));
        DEMAND(line.len == 0 || is_field_line(line));
    } while (line.len > 0);
    ret->fields.len -= left.len + 2;
    ret->rest = left;
}

/* The values joined with ", ", as http_field() has them; *ret_count of them. */
static struct text reference_field(const struct reference *reference, const char *name,
                                   char *buffer, unsigned *ret_count)
{
    struct text left = reference->fields, line;
    size_t len = 0;

    *ret_count = 0;
    while (take_line(&left, &line)) {
        struct text field = take_until(&line, ':');
        if (field.len != strlen(name) || strncasecmp(field.data, name, field.len) != 0)
            continue;
        struct text value = text_trim(line);
        if ((*ret_count)++ > 0) {
            memcpy(buffer + len, ", ", 2);
            len += 2;
        }
        memcpy(buffer + len, value.data, value.len);
        len += value.len;
    }
    return (struct text){buffer, len};
}

static void compare_body(struct http_request *request, const struct reference *reference)
{
    static char buffer[ANSWERS_MAX];
    unsigned count;
    struct text coding = reference_field(reference, "Transfer-Encoding", buffer, &count);

    if (count > 0) {
        DEMAND(count == 1 && coding.len == 7 && strncasecmp(coding.data, "chunked", 7) == 0);
        (void)reference_field(reference, "Content-Length", buffer, &count);
        DEMAND(count == 0);
        return;
    }
    struct text length = reference_field(reference, "Content-Length", buffer, &count);
    buffer[length.len] = '\0';
    DEMAND(count <= 1 && strspn(buffer, "0123456789") == length.len);
    size_t len = (size_t)strtoull(buffer, NULL, 10);
    DEMAND(len <= reference->rest.len);
    DEMAND(text_equal(http_body(request), (struct text){reference->rest.data, len}));
}

static bool has(struct text t, struct text part)
{
    return memmem(t.data, t.len, part.data, part.len) != NULL;
}

/* MHD puts a NUL in the place of each CR and LF, and of the first colon of a line. After that a NUL
 * or a colon which was sent in the place of a CR can't be told from it: these pass for the end of a
 * line, and a line that begins with a NUL before the first for an empty one. No proxy sends them.
 */
static bool misleads_mhd(struct text t)
{
    return has(t, TEXT("\0\n")) || has(t, TEXT("\0\r")) || has(t, TEXT("\r\0")) ||
           has(t, TEXT("\n:")) || has(t, TEXT("\n\0")) || t.data[0] == '\0';
}

static void compare(struct http_request *request)
{
    static const char *const names[] = {"X-Stella-Token", "Authorization", "X-API-Key", "X-Site-ID",
                                        "Origin",         "Host",          "Connection"};
    static char buffer[ANSWERS_MAX];
    struct reference reference;
    unsigned count;

    read_reference(&reference);
    DEMAND(text_equal(text_of(http_method(request)), reference.method));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct text value = reference_field(&reference, names[i], buffer, &count);
        struct text seen = http_field(request, names[i]);
        DEMAND(text_equal(seen, value));
        DEMAND((seen.data != NULL) == (count > 0));
    }
    struct text path = http_path(request);
    const char *mark = memchr(reference.target.data, '?', reference.target.len);
    size_t before = mark ? (size_t)(mark - reference.target.data) : reference.target.len;
    /* A host may stand before it. */
    DEMAND(path.len <= before &&
           memcmp(path.data, reference.target.data + before - path.len, path.len) == 0);
    DEMAND(path.len == before || text_begins(reference.target, TEXT("http://")));
    compare_body(request, &reference);
}

/* ---- the server --------------------------------------------------------------------------------
 */

static void on_request(struct http_request *request, void *userdata)
{
    struct text path = http_path(request), method = text_of(http_method(request));
    char byte;

    /* The first one, unless one before it was refused: then an answer is there already. */
    if (!compared && !misleads_mhd(sent) && recv(client_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        compare(request);
    compared = true;
    if (!text_begins(path, TEXT("/v1/")) || text_begins(path, TEXT("/v1/check")))
        http_check_handle(request, userdata);
    else if (text_equal(method, TEXT("GET")) || text_equal(method, TEXT("HEAD")))
        http_admin_handle(request, userdata);
    else /* Bodies are the target admin's; a commit takes too long here. */
        http_answer_problem(request, 405, "no changes here");
}

static void take_down(void)
{
    http_server_free(server);
    sd_event_unref(event);
}

static void set_up(void)
{
    struct http_options options = {
        .connections_max = 4,
        .limits = {.request_deadline_ns = UINT64_C(60000000000),
                   .idle_timeout_ns = UINT64_C(60000000000),
                   .header_bytes_max = 2048,
                   .body_bytes_max = 4096},
        .handler = on_request,
        .userdata = service_case_open(),
    };

    signal(SIGPIPE, SIG_IGN);
    DEMAND(sd_event_new(&event) >= 0);
    /* The kernel gives it a name that is no file. */
    options.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    DEMAND(options.listen_fd >= 0);
    address.sun_family = AF_UNIX;
    address_len = offsetof(struct sockaddr_un, sun_path);
    DEMAND(bind(options.listen_fd, (struct sockaddr *)&address, address_len) == 0);
    DEMAND(listen(options.listen_fd, 8) == 0);
    address_len = sizeof address;
    DEMAND(getsockname(options.listen_fd, (struct sockaddr *)&address, &address_len) == 0);
    DEMAND(http_server_new(event, &options, &server) == 0);
    atexit(take_down);
}

/* ---- the client --------------------------------------------------------------------------------
 */

static bool run_server(void)
{
    bool any = false;

    while (sd_event_run(event, 0) > 0)
        any = true;
    return any;
}

/* Takes what the server has sent; false when it has closed. */
static bool receive(char *answers, size_t *len)
{
    for (;;) {
        DEMAND(*len < ANSWERS_MAX);
        ssize_t n = recv(client_fd, answers + *len, ANSWERS_MAX - *len, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        *len += (size_t)n;
    }
}

static void send_part(struct text part)
{
    ssize_t n = send(client_fd, part.data, part.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    /* Small enough for the socket's buffer, unless the server has closed. */
    DEMAND(n == (ssize_t)part.len || (n < 0 && errno == EPIPE));
}

/* Every other input comes in two parts. */
static size_t converse(char *answers)
{
    size_t len = 0, first = sent.len % 2 == 0 ? sent.len : sent.len / 2;

    client_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    DEMAND(client_fd >= 0);
    DEMAND(connect(client_fd, (struct sockaddr *)&address, address_len) == 0);
    send_part((struct text){sent.data, first});
    if (first < sent.len) {
        run_server();
        send_part((struct text){sent.data + first, sent.len - first});
    }
    shutdown(client_fd, SHUT_WR);
    for (bool open = true, moved = true; open && moved;) {
        moved = run_server();
        open = receive(answers, &len);
    }
    close(client_fd);
    /* A descriptor that is left would be a connection that nothing ends. */
    run_server();
    int lowest_free = dup(STDIN_FILENO);
    DEMAND(lowest_free == client_fd);
    close(lowest_free);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char answers[ANSWERS_MAX];

    if (len == 0 || len > 16384)
        return 0;
    if (!server)
        set_up();
    sent = (struct text){(const char *)bytes, len};
    compared = false;
    struct text all = {answers, converse(answers)};
    DEMAND(all.len == 0 || text_begins(all, TEXT("HTTP/1.")));
    DEMAND(!has(all, TEXT("Stkgate-Key-Id:")) || has(sent, TEXT(SERVICE_CASE_KEY)));
    DEMAND(!has(all, TEXT(SERVICE_CASE_KEY)));
    DEMAND(!token_is_within(all));
    return 0;
}
