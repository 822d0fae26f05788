/* large.c - large TOKENS RUNTIME PROGRAM [ARGUMENT]...: what a daemon with a large table takes
 *
 * Starts PROGRAM, a daemon whose sockets are in RUNTIME; tells the time from then until it says
 * READY, as systemd would count it, and how much memory is resident: when it is ready, while each
 * token is checked once, and when it has rested after that. All that is resident
 * counts: the heap, the table's pages that are mapped and in memory, the program and its libraries.
 * Ends the program that it started.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/gate.h"

#define READY_MS     60000
#define BYTES_MOST   500
#define REST_S       12
#define SAMPLE_EVERY 1000
#define START_MS     3000
#define NS_PER_MS    1000000

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The socket whose address the daemon gets as NOTIFY_SOCKET: in the abstract namespace. */
static int notify_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[sizeof address.sun_path + 1];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(name, sizeof name, "@stkgate-bench-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        setenv("NOTIFY_SOCKET", name, 1) < 0)
        err(EXIT_FAILURE, "cannot listen for READY");
    return fd;
}

static void wait_until_ready(int fd, pid_t pid)
{
    char message[4096];

    for (;;) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        if (poll(&pollfd, 1, READY_MS) <= 0 || waitpid(pid, NULL, WNOHANG) != 0)
            errx(EXIT_FAILURE, "the daemon does not get ready");
        ssize_t len = recv(fd, message, sizeof message - 1, 0);
        if (len < 0)
            err(EXIT_FAILURE, "READY");
        message[len] = '\0';
        if (strstr(message, "READY=1"))
            return;
    }
}

/* In bytes, of /proc/PID/status: it is open to all, whatever the daemon hides. */
static double resident(pid_t pid, const char *field)
{
    char path[64], line[256];
    double bytes = -1;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        err(EXIT_FAILURE, "%s", path);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            bytes = 1024 * strtod(line + strlen(field), NULL);
    fclose(file);
    if (bytes < 0)
        errx(EXIT_FAILURE, "%s has no %s", path, field);
    return bytes;
}

/* It saves what was spent, and gives back the table's pages, within seconds after the last check:
 * the least of some of them. */
static void print_rested(pid_t pid, size_t tokens)
{
    double least = resident(pid, "VmRSS:");

    for (unsigned i = 0; i < REST_S; i++) {
        sleep(1);
        double now = resident(pid, "VmRSS:");
        least = now < least ? now : least;
    }
    printf("size\tresident when it has rested\t%.0f\tbytes each\t%d\n", least / (double)tokens,
           BYTES_MOST);
}

/* Each token once, at random; meanwhile use counts are saved, for which the table is mapped. */
static void check_all(struct gate *gate, const struct token_file *tokens, pid_t pid)
{
    double most = 0, own = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        gate_call(gate, &tokens->entries[i]);
        if (i % SAMPLE_EVERY != 0)
            continue;
        double now = resident(pid, "VmRSS:");
        if (now > most) {
            most = now;
            own = resident(pid, "RssAnon:") + resident(pid, "RssShmem:");
        }
    }
    printf("size\tresident amid checks of all, at most\t%.0f\tbytes each\t%d\n",
           most / (double)tokens->count, BYTES_MOST);
    printf("note\tAmid checks of all tokens %.0f of these bytes are the daemon's own and the "
           "view's; the rest is pages of the table\n",
           own / (double)tokens->count);
}

int main(int argc, char *argv[])
{
    struct token_file tokens;
    struct gate gate;

    if (argc < 4)
        errx(EXIT_FAILURE, "usage: large TOKENS RUNTIME PROGRAM [ARGUMENT]...");
    token_file_load(argv[1], &tokens);
    int fd = notify_socket();
    uint64_t started = now_ns();
    pid_t pid = fork();
    if (pid < 0)
        err(EXIT_FAILURE, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execv(argv[3], argv + 3);
        err(127, "%s", argv[3]);
    }
    wait_until_ready(fd, pid);
    printf("size\tstart to READY, %zu tokens\t%.0f\tms\t%d\n", tokens.count,
           (double)(now_ns() - started) / NS_PER_MS, START_MS);
    printf("size\tresident when it is ready\t%.0f\tbytes each\t%d\n",
           resident(pid, "VmRSS:") / (double)tokens.count, BYTES_MOST);
    gate_open(&gate, argv[2], GATE_SOCKET);
    check_all(&gate, &tokens, pid);
    print_rested(pid, tokens.count);
    gate_close(&gate);
    kill(pid, SIGTERM);
    if (waitpid(pid, NULL, 0) != pid)
        err(EXIT_FAILURE, "waitpid");
    token_file_free(&tokens);
    return EXIT_SUCCESS;
}
