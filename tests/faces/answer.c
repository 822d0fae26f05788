#include "tests/faces/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Longer than anything takes on a machine that is busy with other things. */
#define PATIENCE_S 60

static int dial(const char *address)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    bool is_local = strncmp(address, "unix:", 5) == 0;
    const char *port = strchr(address, ':');

    if (is_local) {
        int len = snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
        if (len < 0 || (size_t)len >= sizeof local.sun_path)
            return -1;
    } else {
        remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        remote.sin_port = htons((uint16_t)(port ? strtoul(port + 1, NULL, 10) : 0));
    }
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const struct sockaddr *to =
        is_local ? (const struct sockaddr *)&local : (const struct sockaddr *)&remote;
    if (connect(fd, to, is_local ? sizeof local : sizeof remote) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A server that has seen enough answers and closes while the rest is still on its way. */
static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

static const char *receive_all(int fd, struct answer *answer)
{
    ssize_t n;

    do {
        if (answer->len == ANSWER_MAX)
            return "the answer is too long";
        n = recv(fd, answer->bytes + answer->len, ANSWER_MAX - answer->len, 0);
        if (n > 0)
            answer->len += (size_t)n;
    } while (n > 0);
    answer->bytes[answer->len] = '\0';
    if (n < 0 && errno != ECONNRESET)
        return "no answer within the time";
    return NULL;
}

static const char *parse_status(struct answer *answer)
{
    const char *bytes = answer->bytes;

    if (answer->len < 12 || strncmp(bytes, "HTTP/1.", 7) != 0 || bytes[8] != ' ')
        return "the answer is not HTTP/1";
    answer->status = (unsigned)strtoul(bytes + 9, NULL, 10);
    return NULL;
}

/* "name: value" in place: both become strings. */
static const char *parse_field(struct answer *answer, char *line)
{
    char *colon = strchr(line, ':');

    if (!colon)
        return "the answer has a line without a colon";
    if (answer->field_count == ANSWER_FIELDS_MAX)
        return "the answer has too many fields";
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    answer->fields[answer->field_count++] = (struct answer_field){line, value};
    return NULL;
}

/* The chunks' own bytes, moved together. */
static const char *join_chunks(char *body, size_t *len)
{
    const char *from = body, *end = body + *len;
    char *to = body;

    for (;;) {
        char *after;
        unsigned long size = strtoul(from, &after, 16);
        const char *data = strstr(after, "\r\n");
        if (after == from || !data)
            return "the answer's chunks are broken";
        data += 2;
        if (size == 0)
            break;
        if (size > (size_t)(end - data) || (size_t)(end - data) - size < 2)
            return "the answer is cut off";
        memmove(to, data, size);
        to += size;
        from = data + size + 2;
    }
    *to = '\0';
    *len = (size_t)(to - body);
    return NULL;
}

static const char *parse_body(struct answer *answer, char *body, bool is_head)
{
    const char *value;

    answer->body = body;
    answer->body_len = answer->len - (size_t)(body - answer->bytes);
    if (is_head)
        return answer->body_len > 0 ? "the answer to HEAD has a body" : NULL;
    if (answer_field(answer, "Transfer-Encoding", &value) == 1 && strcasecmp(value, "chunked") == 0)
        return join_chunks(body, &answer->body_len);
    if (answer_field(answer, "Content-Length", &value) == 1 &&
        answer->body_len != strtoul(value, NULL, 10))
        return "the answer's body is not as long as it says";
    return NULL;
}

/* Where an answer that is not the last on its connection ends: its fields say it, or its last
 * chunk. */
static char *end_of_first(const struct answer *answer)
{
    const char *body = strstr(answer->bytes, "\r\n\r\n");
    const char *length = strcasestr(answer->bytes, "\r\nContent-Length:");
    const char *end;

    if (!body || (length && length > body))
        length = NULL;
    if (!body)
        return NULL;
    body += 4;
    if (length) {
        size_t len = strtoul(strchr(length, ':') + 1, NULL, 10);
        end = len <= answer->len - (size_t)(body - answer->bytes) ? body + len : NULL;
    } else {
        end = strstr(body - 2, "\r\n0\r\n\r\n");
        end = end ? end + 7 : NULL;
    }
    return end ? (char *)answer->bytes + (end - answer->bytes) : NULL;
}

static const char *pass_over_first(struct answer *answer)
{
    const char *end = end_of_first(answer);
    const char *problem = parse_status(answer);

    if (problem)
        return problem;
    if (answer->status != 200)
        return "the call before it did not pass";
    answer->status = 0;
    if (!end)
        return "the answer before it has no end";
    answer->len -= (size_t)(end - answer->bytes);
    memmove(answer->bytes, end, answer->len + 1);
    return NULL;
}

static const char *parse(struct answer *answer, bool is_head)
{
    const char *problem = parse_status(answer);
    char *end = strstr(answer->bytes, "\r\n\r\n"), *line = strstr(answer->bytes, "\r\n");

    if (problem)
        return problem;
    if (!end || strlen(answer->bytes) < (size_t)(end - answer->bytes))
        return "the answer's header has no end";
    *end = '\0';
    while (line < end) {
        line += 2;
        char *next = strstr(line, "\r\n");
        if (!next)
            next = end;
        *next = '\0';
        problem = parse_field(answer, line);
        if (problem)
            return problem;
        line = next;
    }
    return parse_body(answer, end + 4, is_head);
}

const char *answer_get(const char *address, const char *request, size_t request_len, bool is_head,
                       bool behind, struct answer *ret)
{
    ret->status = 0;
    ret->field_count = 0;
    ret->len = 0;
    ret->body = ret->bytes;
    ret->body_len = 0;
    int fd = dial(address);
    if (fd < 0)
        return "nobody there";
    send_all(fd, request, request_len);
    const char *problem = receive_all(fd, ret);
    close(fd);
    if (!problem && behind)
        problem = pass_over_first(ret);
    if (problem || ret->len == 0)
        return problem;
    return parse(ret, is_head);
}

size_t answer_field(const struct answer *answer, const char *name, const char **ret_value)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->field_count; i++) {
        if (strcasecmp(answer->fields[i].name, name) == 0) {
            count++;
            if (ret_value)
                *ret_value = answer->fields[i].value;
        }
    }
    return count;
}
