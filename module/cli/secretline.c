#include "module/cli/secretline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Those that end or stop a program that is typed at. */
static const int watched[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};
#define WATCHED_COUNT (sizeof watched / sizeof watched[0])

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

static ssize_t read_byte(int fd, char *byte)
{
    ssize_t n;
    do
        n = read(fd, byte, 1);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* next() gives one byte: 1, 0 at the end, -errno. */
static int collect(ssize_t (*next)(int fd, char *byte), int fd, char *line, size_t capacity,
                   size_t *ret_len)
{
    size_t len = 0;
    char byte = 0;
    ssize_t n;
    while ((n = next(fd, &byte)) == 1 && byte != '\n') {
        if (len + 1 == capacity) {
            n = -EMSGSIZE;
            break;
        }
        line[len++] = byte;
    }
    explicit_bzero(&byte, sizeof byte);
    if (n < 0) {
        explicit_bzero(line, capacity);
        return (int)n;
    }
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    *ret_len = len;
    return 0;
}

/* ---- on a terminal -------------------------------------------------------------------------- */

struct quiet {
    struct termios before;
    struct sigaction actions[WATCHED_COUNT];
    sigset_t mask;
};

/* The signals are blocked but for the time that ppoll() waits: none can come between looking at
 * caught and going to sleep. */
static ssize_t read_typed_byte(int fd, char *byte)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    sigset_t open_mask;
    sigprocmask(SIG_SETMASK, NULL, &open_mask);
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        sigdelset(&open_mask, watched[i]);
    if (ppoll(&poll_fd, 1, NULL, &open_mask) < 0)
        return -errno;
    return read_byte(fd, byte);
}

static int quieten(int fd, struct quiet *quiet)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, &quiet->mask);
    caught = 0;
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        struct sigaction action = {.sa_handler = catch_signal};
        sigaction(watched[i], NULL, &quiet->actions[i]);
        /* What the caller has set to be ignored stays so: nohup. */
        if (quiet->actions[i].sa_handler != SIG_IGN)
            sigaction(watched[i], &action, NULL);
    }
    struct termios silent = quiet->before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ICANON | ECHONL;
    /* Not FLUSH: what was typed ahead of the question is an answer, too. */
    return tcsetattr(fd, TCSADRAIN, &silent) < 0 ? -errno : 0;
}

static void restore(int fd, const struct quiet *quiet)
{
    tcsetattr(fd, TCSADRAIN, &quiet->before);
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        sigaction(watched[i], &quiet->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &quiet->mask, NULL);
}

static int ask(int fd, const char *prompt, char *line, size_t capacity, size_t *ret_len)
{
    struct quiet quiet;
    if (tcgetattr(fd, &quiet.before) < 0)
        return -errno;
    int r = quieten(fd, &quiet);
    if (r == 0) {
        if (write(STDERR_FILENO, prompt, strlen(prompt)) >= 0)
            r = collect(read_typed_byte, fd, line, capacity, ret_len);
        else
            r = -errno;
    }
    if (r == -EMSGSIZE)
        tcflush(fd, TCIFLUSH); /* the rest of the secret is not for the shell to read */
    restore(fd, &quiet);
    return r;
}

int secretline_read(int fd, const char *prompt, char *line, size_t capacity, size_t *ret_len)
{
    if (isatty(fd) != 1)
        return collect(read_byte, fd, line, capacity, ret_len);
    for (;;) {
        int r = ask(fd, prompt, line, capacity, ret_len);
        int number = caught;
        if (r != -EINTR || number == 0)
            return r;
        /* As if it had never been caught: it ends the program, or stops it until SIGCONT, after
         * which the question is asked anew. */
        caught = 0;
        raise(number);
        if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
            return r;
    }
}
