#include "bench/cores.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/numbered.h"
#include "bench/place.h"
#include "bench/series.h"

#define ROUNDS   15
#define ROUND_NS UINT64_C(100000000)
#define LEAD_NS  UINT64_C(1000000) /* until both have heard of it */
#define TOKENS   200000 /* more than a processor's cache holds, with what belongs to them */
#define BULK     64     /* calls between two looks at the clock */

struct worker {
    pid_t pid;
    int fd; /* when to begin goes in, how many calls it were comes out */
};

static void must_move(ssize_t n, size_t len)
{
    if (n != (ssize_t)len)
        errx(EXIT_FAILURE, "a worker ended early");
}

static struct token_entry *draw_tokens(const struct published *published, uint64_t seed)
{
    struct token_entry *entries = calloc(TOKENS, sizeof *entries);

    if (!entries)
        err(EXIT_FAILURE, "tokens");
    for (unsigned i = 0; i < TOKENS; i++)
        numbered_token(numbered_draw(&seed) % published->tokens, &entries[i]);
    return entries;
}

static uint64_t work(const struct published *published, const struct token_entry *entries,
                     unsigned *at, uint64_t begin_ns)
{
    uint64_t calls = 0;

    while (stand_in_clock_ns() < begin_ns)
        continue;
    while (stand_in_clock_ns() < begin_ns + ROUND_NS) {
        for (unsigned i = 0; i < BULK; i++)
            published_check(&published->gate, &entries[(*at)++ % TOKENS], STKGATE_OK);
        calls += BULK;
    }
    return calls;
}

static _Noreturn void serve(const struct published *published, int fd, uint64_t seed)
{
    struct token_entry *entries = draw_tokens(published, seed);
    uint64_t begin_ns, calls = 0;
    unsigned at = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    published_touch(published);
    must_move(write(fd, &calls, sizeof calls), sizeof calls);
    while (read(fd, &begin_ns, sizeof begin_ns) == sizeof begin_ns) {
        calls = work(published, entries, &at, begin_ns);
        must_move(write(fd, &calls, sizeof calls), sizeof calls);
    }
    _exit(EXIT_SUCCESS);
}

static uint64_t result(const struct worker *worker)
{
    uint64_t calls;

    must_move(read(worker->fd, &calls, sizeof calls), sizeof calls);
    return calls;
}

static void start(const struct published *published, unsigned number, struct worker *ret)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        err(EXIT_FAILURE, "socketpair");
    ret->fd = fds[0];
    ret->pid = fork();
    if (ret->pid < 0)
        err(EXIT_FAILURE, "fork");
    if (ret->pid == 0) {
        close(fds[0]);
        if (number == 0)
            place_on_first();
        else
            place_on_last();
        serve(published, fds[1], number + 1);
    }
    close(fds[1]);
    (void)result(ret); /* it is ready, before the next one has a copy of fds[0] */
}

static void begin(const struct worker *worker, uint64_t begin_ns)
{
    must_move(write(worker->fd, &begin_ns, sizeof begin_ns), sizeof begin_ns);
}

/* Whose turn it is to work alone changes: one processor may have a worse neighbour than the other.
 */
static double measure_round(const struct worker workers[static 2], unsigned round)
{
    const struct worker *alone = &workers[round % 2];

    begin(alone, stand_in_clock_ns() + LEAD_NS);
    uint64_t one = result(alone);
    uint64_t begin_ns = stand_in_clock_ns() + LEAD_NS;
    begin(&workers[0], begin_ns);
    begin(&workers[1], begin_ns);
    uint64_t both = result(&workers[0]);
    both += result(&workers[1]);
    return (double)both / (double)one;
}

double cores_measure(const struct published *published)
{
    double ratios[ROUNDS];
    struct worker workers[2];
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) < 2)
        return 0;
    for (unsigned i = 0; i < 2; i++)
        start(published, i, &workers[i]);
    for (unsigned i = 0; i < ROUNDS; i++)
        ratios[i] = measure_round(workers, i);
    for (unsigned i = 0; i < 2; i++) {
        shutdown(workers[i].fd, SHUT_RDWR); /* the second has a copy of the first one's */
        close(workers[i].fd);
        waitpid(workers[i].pid, NULL, 0);
    }
    return series_median_of(ratios, ROUNDS);
}
