#include "bench/minting.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"

#define START_WAIT_MS 10000

#define BODY          "{\"site_id\":\"merchant-new\",\"name\":\"bench\"}"

static _Noreturn void mint_without_pause(const struct minting *minting)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = admin_call_dial(minting->runtime);
    char reply[ADMIN_REPLY_MAX + 1];
    for (;;) {
        admin_call_post(fd, "/v1/tokens", BODY, reply);
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
