#include "bench/minting.h"

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX    8192
#define START_WAIT_MS 10000

#define BODY          "{\"site_id\":\"merchant-new\",\"name\":\"bench\"}"

static int dial(const char *runtime)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/admin.sock", runtime);

    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        errx(EXIT_FAILURE, "%s: too long for a socket's address", runtime);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        err(EXIT_FAILURE, "%s", address.sun_path);
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

static void mint_once(int fd)
{
    char request[256];
    char answer[ANSWER_MAX + 1];
    size_t len = 0;

    int request_len = snprintf(request, sizeof request,
                               "POST /v1/tokens HTTP/1.1\r\n"
                               "Host: localhost\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: %zu\r\n\r\n" BODY,
                               sizeof BODY - 1);
    if (send(fd, request, (size_t)request_len, MSG_NOSIGNAL) != request_len)
        err(EXIT_FAILURE, "asking for a mint");
    do {
        ssize_t n = recv(fd, answer + len, ANSWER_MAX - len, 0);
        if (n <= 0)
            err(EXIT_FAILURE, "waiting for a mint");
        len += (size_t)n;
        answer[len] = '\0';
    } while (!is_complete(answer));
    if (strncmp(answer, "HTTP/1.1 201", 12) != 0)
        errx(EXIT_FAILURE, "a mint was answered with %.*s", (int)strcspn(answer, "\r"), answer);
}

static _Noreturn void mint_without_pause(const struct minting *minting)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = dial(minting->runtime);
    for (;;) {
        mint_once(fd);
        atomic_fetch_add(minting->minted, 1);
    }
}

static void wait_for_first(const struct minting *minting)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int ms = 0; minting_count(minting) < MINTING_PROCESSES; ms++) {
        if (ms == START_WAIT_MS)
            errx(EXIT_FAILURE, "no mint was committed in %d ms", START_WAIT_MS);
        nanosleep(&pause, NULL);
    }
}

void minting_start(struct minting *minting, const char *runtime)
{
    *minting = (struct minting){.runtime = runtime};
    minting->minted = mmap(NULL, sizeof *minting->minted, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (minting->minted == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    for (int i = 0; i < MINTING_PROCESSES; i++) {
        minting->processes[i] = fork();
        if (minting->processes[i] < 0)
            err(EXIT_FAILURE, "fork");
        if (minting->processes[i] == 0)
            mint_without_pause(minting);
    }
    wait_for_first(minting);
}

unsigned minting_count(const struct minting *minting)
{
    return atomic_load(minting->minted);
}

void minting_stop(struct minting *minting)
{
    for (int i = 0; i < MINTING_PROCESSES; i++) {
        int status;
        kill(minting->processes[i], SIGKILL);
        if (waitpid(minting->processes[i], &status, 0) < 0 || !WIFSIGNALED(status))
            errx(EXIT_FAILURE, "a minting process ended early");
    }
    munmap(minting->minted, sizeof *minting->minted);
}
