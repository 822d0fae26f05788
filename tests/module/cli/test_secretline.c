#include "module/cli/secretline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/suite.h"

#define PATIENCE_MS 10000

/* ---- from a pipe --------------------------------------------------------------------------- */

/* A descriptor from which these bytes come, and then the end. */
static int pipe_with(const void *bytes, size_t len)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], bytes, len), (ssize_t)len);
    close(fds[1]);
    return fds[0];
}

START_TEST(drops_the_end_of_the_line)
{
    static const struct {
        const char *input, *line;
    } cases[] = {{"token\n", "token"}, {"token", "token"}, {"token\r\n", "token"},
                 {"\n", ""},           {"", ""},           {" a b \n", " a b "},
                 {"a\rb\n", "a\rb"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[16];
        size_t len = 99;
        int fd = pipe_with(cases[i].input, strlen(cases[i].input));
        ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), 0);
        ck_assert_str_eq(line, cases[i].line);
        ck_assert_uint_eq(len, strlen(cases[i].line));
        close(fd);
    }
}
END_TEST

START_TEST(takes_no_byte_behind_the_line)
{
    char line[16];
    size_t len;
    int fd = pipe_with("one\ntwo\n", 8);
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), 0);
    ck_assert_str_eq(line, "one");
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), 0);
    ck_assert_str_eq(line, "two");
    close(fd);
}
END_TEST

START_TEST(hands_on_nul_bytes)
{
    char line[16];
    size_t len;
    int fd = pipe_with("a\0b\n", 4);
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), 0);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(line, "a\0b", 4);
    close(fd);
}
END_TEST

START_TEST(refuses_a_line_too_long_and_wipes_it)
{
    static const char nothing[8];
    char line[8];
    size_t len = 99;
    int fd = pipe_with("1234567\n", 8); /* just fits */
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), 0);
    ck_assert_uint_eq(len, 7);
    close(fd);
    len = 99;
    fd = pipe_with("12345678\n", 9);
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), -EMSGSIZE);
    ck_assert_mem_eq(line, nothing, sizeof line);
    ck_assert_uint_eq(len, 99);
    close(fd);
}
END_TEST

START_TEST(tells_what_can_not_be_read)
{
    char line[8];
    size_t len;
    int fd = open("/", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), -EISDIR);
    close(fd);
    ck_assert_int_eq(secretline_read(fd, "?", line, sizeof line, &len), -EBADF);
}
END_TEST

/* ---- from a terminal ------------------------------------------------------------------------ */

struct person {
    int terminal; /* the side of whoever types */
    pid_t child;
    char seen[512];
    size_t seen_len;
};

/* A child that asks at a terminal of its own; it exits with 0 when the answer was "secret". */
static void begin(struct person *person)
{
    int slave;
    memset(person, 0, sizeof *person);
    ck_assert_int_eq(openpty(&person->terminal, &slave, NULL, NULL, NULL), 0);
    person->child = fork();
    ck_assert_int_ge(person->child, 0);
    if (person->child == 0) {
        char line[32];
        size_t len;
        setpgid(0, 0); /* with its parent in the session it can be stopped */
        /* Not those of the test framework, nor what a shell has ignored for a background job. */
        static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
            signal(signals[i], SIG_DFL);
        close(person->terminal);
        dup2(slave, STDERR_FILENO);
        int r = secretline_read(slave, "Token: ", line, sizeof line, &len);
        _exit(r == 0 ? strcmp(line, "secret") != 0 : 100);
    }
    close(slave);
}

/* Until this text has been shown count times. */
static void see(struct person *person, const char *text, unsigned count)
{
    for (;;) {
        unsigned found = 0;
        for (const char *at = person->seen; (at = strstr(at, text)); at++)
            found++;
        if (found >= count)
            return;
        struct pollfd readable = {person->terminal, POLLIN, 0};
        ck_assert_msg(poll(&readable, 1, PATIENCE_MS) > 0, "seen: %s", person->seen);
        ssize_t n = read(person->terminal, person->seen + person->seen_len,
                         sizeof person->seen - 1 - person->seen_len);
        ck_assert_msg(n > 0, "seen: %s", person->seen);
        person->seen_len += (size_t)n;
        person->seen[person->seen_len] = '\0';
    }
}

static void type(struct person *person, const char *text)
{
    ck_assert_int_eq(write(person->terminal, text, strlen(text)), (ssize_t)strlen(text));
}

static bool echoes(const struct person *person)
{
    struct termios now;
    ck_assert_int_eq(tcgetattr(person->terminal, &now), 0);
    return now.c_lflag & ECHO;
}

static int end(struct person *person)
{
    int status;
    ck_assert_int_eq(waitpid(person->child, &status, 0), person->child);
    return status;
}

START_TEST(asks_and_echoes_nothing)
{
    struct person person;
    begin(&person);
    see(&person, "Token: ", 1);
    ck_assert(!echoes(&person));
    type(&person, "secret\n");
    see(&person, "\n", 1);
    ck_assert_int_eq(end(&person), 0);
    ck_assert_str_eq(person.seen, "Token: \r\n");
    ck_assert(echoes(&person));
}
END_TEST

START_TEST(restores_the_terminal_when_it_is_killed)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct person person;
        begin(&person);
        see(&person, "Token: ", 1);
        ck_assert_int_eq(kill(person.child, signals[i]), 0);
        int status = end(&person);
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), signals[i]);
        ck_assert(echoes(&person));
        close(person.terminal);
    }
}
END_TEST

START_TEST(restores_the_terminal_while_it_is_stopped)
{
    struct person person;
    int status;
    begin(&person);
    see(&person, "Token: ", 1);
    ck_assert_int_eq(kill(person.child, SIGTSTP), 0);
    ck_assert_int_eq(waitpid(person.child, &status, WUNTRACED), person.child);
    ck_assert(WIFSTOPPED(status));
    ck_assert(echoes(&person));
    ck_assert_int_eq(kill(person.child, SIGCONT), 0);
    see(&person, "Token: ", 2);
    ck_assert(!echoes(&person));
    type(&person, "secret\n");
    ck_assert_int_eq(end(&person), 0);
    ck_assert(echoes(&person));
}
END_TEST

START_TEST(restores_the_terminal_after_a_line_too_long)
{
    struct person person;
    begin(&person);
    see(&person, "Token: ", 1);
    type(&person, "0123456789012345678901234567890123456789\n");
    int status = end(&person);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 100);
    ck_assert(echoes(&person));
}
END_TEST

SUITE_MAIN("secretline", drops_the_end_of_the_line, takes_no_byte_behind_the_line,
           hands_on_nul_bytes, refuses_a_line_too_long_and_wipes_it, tells_what_can_not_be_read,
           asks_and_echoes_nothing, restores_the_terminal_when_it_is_killed,
           restores_the_terminal_while_it_is_stopped, restores_the_terminal_after_a_line_too_long)
