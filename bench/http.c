#include "bench/http.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 512
#define ANSWER_MAX  4096

void http_open(struct http *http, const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);

    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        errx(EXIT_FAILURE, "%s: too long for a socket's address", socket_path);
    http->socket_path = socket_path;
    http->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (http->fd < 0 || connect(http->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        err(EXIT_FAILURE, "%s", socket_path);
}

/* Up to the end of the header section; there must be nothing behind it. */
static void read_answer(const struct http *http, char answer[static ANSWER_MAX])
{
    size_t len = 0;

    do {
        ssize_t n = recv(http->fd, answer + len, ANSWER_MAX - 1 - len, 0);
        if (n <= 0)
            err(EXIT_FAILURE, "%s: no answer", http->socket_path);
        len += (size_t)n;
        answer[len] = '\0';
    } while (len < 4 || memcmp(answer + len - 4, "\r\n\r\n", 4) != 0);
}

void http_call(void *state, const struct token_entry *token)
{
    const struct http *http = state;
    char request[REQUEST_MAX], answer[ANSWER_MAX];

    int len = snprintf(request, sizeof request,
                       "GET /v1/check/bench?scope=cart:write HTTP/1.1\r\nHost: gate\r\n"
                       "X-Stella-Token: %s\r\nX-Site-ID: %s\r\nOrigin: %s\r\n\r\n",
                       token->token, token->site, TOKEN_FILE_ORIGIN);
    if (send(http->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        err(EXIT_FAILURE, "%s", http->socket_path);
    read_answer(http, answer);
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 ||
        !strcasestr(answer, "\r\nContent-Length: 0\r\n"))
        errx(EXIT_FAILURE, "%s: not an empty 200: %.*s", http->socket_path,
             (int)strcspn(answer, "\r"), answer);
}

void http_close(struct http *http)
{
    close(http->fd);
}
