#include "tests/faces/login_answer.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUE_MAX 127

struct login {
    char credential[VALUE_MAX + 1], site[VALUE_MAX + 1];
    unsigned credentials, sites, others;
    bool is_legacy;
};

/* The one word of a value, without the blanks around it. False: it is none. */
static bool take_word(const char *value, size_t len, char ret[static VALUE_MAX + 1])
{
    while (len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        len--;
    }
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    if (len == 0 || len > VALUE_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isgraph((unsigned char)value[i]))
            return false;
    memcpy(ret, value, len);
    ret[len] = '\0';
    return true;
}

static void take_line(struct login *login, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : 0;
    size_t value_len = colon ? len - name_len - 1 : 0;

#define IS(text) (name_len == sizeof(text) - 1 && strncasecmp(line, text, name_len) == 0)
    if (IS("Host") || IS("Connection") || IS("Content-Type") || IS("Content-Length"))
        return;
    if ((IS("X-Stella-Token") || IS("X-API-Key")) &&
        take_word(colon + 1, value_len, login->credential)) {
        login->credentials++;
        login->is_legacy = IS("X-API-Key");
    } else if (IS("X-Site-ID") && take_word(colon + 1, value_len, login->site)) {
        login->sites++;
    } else {
        login->others++;
    }
#undef IS
}

static bool parse(const struct request *request, struct login *ret)
{
    const char *at = request->bytes, *end = at + request->len;
    bool is_first = true;

    *ret = (struct login){0};
    while (at < end) {
        const char *next = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (!next || next == at)
            break;
        if (!is_first)
            take_line(ret, at, (size_t)(next - at));
        is_first = false;
        at = next + 2;
    }
    return ret->credentials == 1 && ret->sites == 1 && ret->others == 0;
}

/* In the child: its standard input and output are ours. */
static _Noreturn void run(const char *address, const char *service, bool is_legacy, int fd)
{
    char program[256], confdir[256], name[128];

    snprintf(name, sizeof name, "%s%s", service, is_legacy ? "-legacy" : "");
    if (sscanf(address, "pam:%255s %255s", program, confdir) != 2 || dup2(fd, STDIN_FILENO) < 0 ||
        dup2(fd, STDOUT_FILENO) < 0)
        _exit(EXIT_FAILURE);
    execl(program, program, "1", confdir, name, (char *)NULL);
    _exit(EXIT_FAILURE);
}

/* What login.c prints: how many logins came to each of these. */
static unsigned read_status(const char *counts)
{
    static const unsigned statuses[] = {200, 429, 503, 401, 403};
    unsigned got[5];

    if (sscanf(counts, "%u %u %u %u %u", &got[0], &got[1], &got[2], &got[3], &got[4]) != 5)
        errx(EXIT_FAILURE, "the login came to nothing");
    for (size_t i = 0; i < 5; i++)
        if (got[i] == 1)
            return statuses[i];
    return 0;
}

bool login_answer(const char *address, const char *service, const struct request *request,
                  struct answer *ret)
{
    struct login login;
    char line[2 * VALUE_MAX + 4], counts[128];
    int fds[2], status;

    *ret = (struct answer){.body = ret->bytes};
    if (!parse(request, &login))
        return false;
    int len = snprintf(line, sizeof line, "%s %s\n", login.credential, login.site);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        err(EXIT_FAILURE, "socketpair");
    pid_t pid = fork();
    if (pid < 0)
        err(EXIT_FAILURE, "fork");
    if (pid == 0)
        run(address, service, login.is_legacy, fds[1]);
    close(fds[1]);
    if (send(fds[0], line, (size_t)len, MSG_NOSIGNAL) != len || shutdown(fds[0], SHUT_WR) < 0)
        err(EXIT_FAILURE, "the login program");
    ssize_t n = recv(fds[0], counts, sizeof counts - 1, 0);
    close(fds[0]);
    if (waitpid(pid, &status, 0) != pid || n <= 0)
        errx(EXIT_FAILURE, "the login program says nothing");
    counts[n] = '\0';
    ret->status = read_status(counts);
    return true;
}
