#include "tests/crowd/admin_call.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int admin_call_try_to_dial(const char *runtime)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/admin.sock", runtime);

    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        errx(EXIT_FAILURE, "%s: too long for a socket's address", runtime);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err(EXIT_FAILURE, "socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

int admin_call_dial(const char *runtime)
{
    int fd = admin_call_try_to_dial(runtime);

    if (fd < 0)
        errx(EXIT_FAILURE, "%s/admin.sock: nobody there", runtime);
    return fd;
}

/* Whether all of the answer is there: its header, and as much as that says of a body. */
static bool is_complete(const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    const char *field = strcasestr(answer, "\r\ncontent-length:");

    if (!body || !field || field > body)
        return false;
    return strlen(body + 4) >= strtoul(strchr(field, ':') + 1, NULL, 10);
}

void admin_call(int fd, const char *method, const char *path, const char *body,
                char ret[static ADMIN_REPLY_MAX + 1])
{
    char request[2048];
    size_t len = 0;

    int request_len = snprintf(request, sizeof request,
                               "%s %s HTTP/1.1\r\n"
                               "Host: localhost\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, path, strlen(body), body);
    if (request_len < 0 || (size_t)request_len >= sizeof request)
        errx(EXIT_FAILURE, "%s: too long", path);
    if (send(fd, request, (size_t)request_len, MSG_NOSIGNAL) != request_len)
        err(EXIT_FAILURE, "asking for %s", path);
    do {
        ssize_t n = recv(fd, ret + len, ADMIN_REPLY_MAX - len, 0);
        if (n <= 0)
            err(EXIT_FAILURE, "waiting for %s", path);
        len += (size_t)n;
        ret[len] = '\0';
    } while (!is_complete(ret));
    if (strncmp(ret, "HTTP/1.1 20", 11) != 0)
        errx(EXIT_FAILURE, "%s was answered with %.*s", path, (int)strcspn(ret, "\r"), ret);
}

void admin_call_post(int fd, const char *path, const char *body,
                     char ret[static ADMIN_REPLY_MAX + 1])
{
    admin_call(fd, "POST", path, body, ret);
}

void admin_call_member(const char *reply, const char *member, char *ret, size_t capacity)
{
    char name[64];

    snprintf(name, sizeof name, "\"%s\":", member);
    const char *at = strstr(reply, name);
    const char *start = at ? strchr(at + strlen(name), '"') : NULL;
    const char *end = start ? strchr(start + 1, '"') : NULL;
    if (!end || (size_t)(end - start) > capacity)
        errx(EXIT_FAILURE, "no %s in %s", member, reply);
    snprintf(ret, capacity, "%.*s", (int)(end - start - 1), start + 1);
}

uint64_t admin_call_number(const char *reply, const char *member)
{
    char name[64];

    snprintf(name, sizeof name, "\"%s\":", member);
    const char *at = strstr(reply, name);
    if (!at)
        errx(EXIT_FAILURE, "no %s in %s", member, reply);
    return strtoull(at + strlen(name), NULL, 10);
}
