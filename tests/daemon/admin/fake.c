#include "tests/daemon/admin/fake.h"

#include <check.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/commands.h"

#define PATIENCE_MS 10000

void fake_start(struct fake *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(ret->runtime, sizeof ret->runtime, "/tmp/stkgate-fake-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ret->runtime));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/admin.sock", ret->runtime);
    ret->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(ret->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(ret->listen_fd, 8), 0);
}

void fake_stop(struct fake *fake)
{
    char path[128];
    snprintf(path, sizeof path, "%s/admin.sock", fake->runtime);
    close(fake->listen_fd);
    unlink(path);
    ck_assert_int_eq(rmdir(fake->runtime), 0);
}

const char *fake_reply(const char *status_line, const char *body)
{
    static char replies[8][FAKE_TEXT_MAX];
    static unsigned next;
    char *reply = replies[next++ % 8];
    snprintf(reply, FAKE_TEXT_MAX,
             "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n%s",
             status_line, strlen(body), body);
    return reply;
}

/* The bytes of the body that the header section promises. */
static size_t promised(const char *request)
{
    const char *field = strstr(request, "Content-Length: ");
    return field ? strtoul(field + strlen("Content-Length: "), NULL, 10) : 0;
}

static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end && strlen(end + 4) >= promised(request);
}

bool fake_exchange(const struct fake *fake, int end_fd, const char *reply, char *request,
                   size_t capacity)
{
    struct pollfd fds[2] = {{fake->listen_fd, POLLIN, 0}, {end_fd, POLLIN, 0}};
    ck_assert_msg(poll(fds, 2, PATIENCE_MS) > 0, "nobody came");
    if (!(fds[0].revents & POLLIN))
        return false;
    int fd = accept(fake->listen_fd, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    size_t len = 0;
    request[0] = '\0';
    while (!is_whole(request)) {
        struct pollfd readable = {fd, POLLIN, 0};
        ck_assert_msg(poll(&readable, 1, PATIENCE_MS) > 0, "half a request: %s", request);
        ssize_t n = read(fd, request + len, capacity - 1 - len);
        ck_assert_msg(n > 0, "broken request: %s", request);
        len += (size_t)n;
        request[len] = '\0';
    }
    /* The peer may hang up on a reply that is too long: no matter. */
    (void)!send(fd, reply, strlen(reply), MSG_NOSIGNAL);
    close(fd);
    return true;
}

static FILE *file_with(const char *text)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fputs(text ? text : "", file);
    fflush(file);
    rewind(file);
    return file;
}

static void take_text(int fd, char *ret)
{
    size_t len = 0;
    ssize_t n;
    /* The last read of a pseudo-terminal gives EIO instead of 0. */
    while (len < FAKE_TEXT_MAX - 1 && (n = read(fd, ret + len, FAKE_TEXT_MAX - 1 - len)) > 0)
        len += (size_t)n;
    ret[len] = '\0';
}

static _Noreturn void be_program(const struct fake *fake, const struct fake_run *run)
{
    const char *argv[32] = {"admin", "--runtime", fake->runtime};
    int argc = 3;
    for (const char *const *word = run->arguments; *word && argc < 31; word++)
        argv[argc++] = *word;
    int status = command_admin(argc, (char **)argv);
    fflush(stdout);
    _exit(status);
}

/* A terminal at which somebody has typed ahead: input. Returns the program's side of it. */
static int dialogue_with(const char *input, int *ret_master_fd)
{
    struct termios settings;
    int slave_fd;
    ck_assert_int_eq(openpty(ret_master_fd, &slave_fd, NULL, NULL, NULL), 0);
    ck_assert_int_eq(tcgetattr(slave_fd, &settings), 0);
    settings.c_lflag &= ~(tcflag_t)ECHO;
    settings.c_oflag &= ~(tcflag_t)OPOST;
    ck_assert_int_eq(tcsetattr(slave_fd, TCSANOW, &settings), 0);
    size_t len = input ? strlen(input) : 0;
    ck_assert_int_eq(write(*ret_master_fd, input ? input : "", len), (ssize_t)len);
    return slave_fd;
}

void fake_admin(const struct fake *fake, struct fake_run *run)
{
    FILE *in = file_with(run->input), *err = file_with(NULL), *out = file_with(NULL);
    int out_fd = fileno(out), read_fd = out_fd, in_fd = fileno(in), err_fd = fileno(err);
    int err_read_fd = err_fd;
    if (run->on_terminal) {
        struct winsize size = {.ws_row = 25, .ws_col = 120};
        ck_assert_int_eq(openpty(&read_fd, &out_fd, NULL, NULL, &size), 0);
    }
    if (run->can_be_asked)
        in_fd = err_fd = dialogue_with(run->input, &err_read_fd);
    int end[2];
    ck_assert_int_eq(pipe(end), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(end[0]);
        setenv("TERM", "xterm", 1);
        dup2(in_fd, STDIN_FILENO);
        dup2(out_fd, STDOUT_FILENO);
        dup2(err_fd, STDERR_FILENO);
        be_program(fake, run);
    }
    close(end[1]);
    run->request_count = 0;
    for (unsigned i = 0; i < FAKE_EXCHANGES_MAX && run->replies[i]; i++) {
        if (!fake_exchange(fake, end[0], run->replies[i], run->requests[i],
                           sizeof run->requests[i]))
            break;
        run->request_count++;
    }
    int wait_status;
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    ck_assert_msg(WIFEXITED(wait_status), "ended by signal %d", WTERMSIG(wait_status));
    run->status = WEXITSTATUS(wait_status);
    if (run->on_terminal)
        close(out_fd);
    else
        rewind(out);
    if (run->can_be_asked)
        close(err_fd);
    else
        rewind(err);
    take_text(read_fd, run->out);
    take_text(err_read_fd, run->err);
    close(end[0]);
    if (run->can_be_asked)
        close(err_read_fd);
    if (run->on_terminal)
        close(read_fd);
    fclose(in);
    fclose(out);
    fclose(err);
}

void fake_expect(const struct fake *fake, struct fake_run *run, const char *const *arguments,
                 const char *const *replies, int status)
{
    unsigned count = 0;
    run->arguments = arguments;
    memset(run->replies, 0, sizeof run->replies);
    for (; replies[count]; count++) {
        ck_assert_uint_lt(count, FAKE_EXCHANGES_MAX);
        run->replies[count] = replies[count];
    }
    fake_admin(fake, run);
    ck_assert_msg(run->status == status, "exit status %d: %s%s", run->status, run->out, run->err);
    ck_assert_uint_eq(run->request_count, count);
}

void fake_asked(const struct fake_run *run, unsigned n, const char *beginning)
{
    ck_assert_uint_lt(n, run->request_count);
    ck_assert_msg(strncmp(run->requests[n], beginning, strlen(beginning)) == 0,
                  "the request is %.100s", run->requests[n]);
}

const char *fake_body(const struct fake_run *run, unsigned n)
{
    const char *end = strstr(run->requests[n], "\r\n\r\n");
    return end ? end + 4 : "";
}
