#include "bench/echo.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/place.h"

#define PACKET_MAX 8192

static void serve(int fd, size_t answer_bytes)
{
    uint8_t packet[PACKET_MAX] = {0};

    while (recv(fd, packet, sizeof packet, 0) > 0)
        if (send(fd, packet, answer_bytes, MSG_NOSIGNAL) < 0)
            return;
}

static void serve_as_check(int fd, size_t answer_bytes)
{
    uint8_t packet[PACKET_MAX] = {0};
    struct epoll_event event = {.events = EPOLLIN};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        err(EXIT_FAILURE, "epoll");
    while (epoll_wait(epoll_fd, &event, 1, -1) == 1)
        if (recv(fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC) <= 0 ||
            send(fd, packet, answer_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return;
}

void echo_start(struct echo *echo)
{
    int fds[2];

    if (echo->question_bytes > PACKET_MAX || echo->answer_bytes > PACKET_MAX)
        errx(EXIT_FAILURE, "packets too large");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        err(EXIT_FAILURE, "socketpair");
    echo->server = fork();
    if (echo->server < 0)
        err(EXIT_FAILURE, "fork");
    if (echo->server == 0) {
        close(fds[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        place_on_last();
        if (echo->as_check)
            serve_as_check(fds[1], echo->answer_bytes);
        else
            serve(fds[1], echo->answer_bytes);
        _exit(EXIT_SUCCESS);
    }
    close(fds[1]);
    echo->fd = fds[0];
}

void echo_call(void *state, const struct token_entry *token)
{
    const struct echo *echo = state;
    uint8_t packet[PACKET_MAX];
    uint64_t cookie;
    socklen_t size = sizeof cookie;

    if (echo->as_check && getsockopt(echo->fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0)
        err(EXIT_FAILURE, "getsockopt");
    memset(packet, 0, echo->question_bytes);
    if (send(echo->fd, packet, echo->question_bytes, MSG_NOSIGNAL) < 0)
        err(EXIT_FAILURE, "send");
    if (recv(echo->fd, packet, sizeof packet, 0) != (ssize_t)echo->answer_bytes)
        err(EXIT_FAILURE, "recv");
}

void echo_stop(struct echo *echo)
{
    close(echo->fd);
    waitpid(echo->server, NULL, 0);
}
