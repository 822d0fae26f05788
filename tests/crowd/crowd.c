#include "tests/crowd/crowd.h"

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 30000

uint64_t crowd_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

unsigned crowd_deadline_ms(void)
{
    const char *told = getenv("STKGATE_DEADLINE_MS");

    return told ? (unsigned)strtoul(told, NULL, 10) : DEADLINE_MS;
}

int crowd_check(stkgate *gate, const struct stkgate_request *request, struct stkgate_verdict *ret,
                struct crowd_shared *shared)
{
    uint64_t asked_ns = crowd_clock_ns(), longest_ns = atomic_load(&shared->longest_ns);

    int r = stkgate_check(gate, request, ret);
    uint64_t took_ns = crowd_clock_ns() - asked_ns;
    while (took_ns > longest_ns &&
           !atomic_compare_exchange_weak(&shared->longest_ns, &longest_ns, took_ns))
        continue;
    return r;
}

void *crowd_share(size_t len)
{
    void *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        err(2, "mmap");
    return bytes;
}

static void look(stkgate *gate, const char *token)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    request.flags = STKGATE_PEEK;
    int r = stkgate_check(gate, &request, &verdict);
    if (r < 0)
        errx(2, "the first check failed: %s", strerror(-r));
}

static void run(const struct crowd *crowd, unsigned n, enum crowd_way way, const char *token,
                crowd_step_fn step, void *userdata)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *gate;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (way == CROWD_ASK || (way == CROWD_MIXED && n % 2 == 1))
        setenv("STKGATE_DIRECT", "no", 1);
    options.deadline_ms = crowd_deadline_ms();
    int r = stkgate_open(&gate, "default", &options);
    if (r < 0)
        errx(2, "stkgate_open: %s", strerror(-r));
    look(gate, token);
    atomic_fetch_add(&crowd->shared->ready, 1);
    while (!atomic_load(&crowd->shared->begun))
        sched_yield();
    while (!atomic_load_explicit(&crowd->shared->ended, memory_order_relaxed))
        step(gate, n, crowd->shared, userdata);
    stkgate_close(gate);
    _exit(0);
}

void crowd_gather(struct crowd *crowd, unsigned count, enum crowd_way way, const char *token,
                  crowd_step_fn step, void *userdata)
{
    if (count > CROWD_MAX)
        errx(2, "at most %d processes", CROWD_MAX);
    crowd->shared = crowd_share(sizeof *crowd->shared);
    crowd->count = count;
    for (unsigned n = 0; n < count; n++) {
        crowd->processes[n] = fork();
        if (crowd->processes[n] < 0)
            err(2, "fork");
        if (crowd->processes[n] == 0)
            run(crowd, n, way, token, step, userdata);
    }
    while (atomic_load(&crowd->shared->ready) < count) {
        if (waitpid(-1, NULL, WNOHANG) > 0)
            errx(2, "a process ended before it began");
        sched_yield();
    }
}

void crowd_begin(struct crowd *crowd)
{
    atomic_store(&crowd->shared->begun, true);
}

void crowd_end(struct crowd *crowd)
{
    atomic_store(&crowd->shared->ended, true);
    for (unsigned n = 0; n < crowd->count; n++) {
        int status;
        if (waitpid(crowd->processes[n], &status, 0) < 0)
            err(2, "waitpid");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            errx(2, "process %u ended with wait status %d", n, status);
    }
}
