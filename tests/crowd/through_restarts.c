/* through_restarts.c - through_restarts hand|systemd PROCESSES ROUNDS [DAEMON ARGUMENT...]
 *
 * The processes check by the view, without pause, while the daemon is ended in turn with SIGTERM
 * and SIGKILL and started anew: by hand, by this program, or by systemd, which keeps its memory. In
 * each round one token is revoked just before the daemon's end, and one as soon as the next daemon
 * answers. No check may fail while the lease holds, none may pass that begins after a revocation
 * was acknowledged, and what was spent of a bucket is given back as far as the documentation says
 * and no further.
 */
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"
#include "tests/crowd/crowd.h"
#include "tests/crowd/mapped.h"

#define MS             UINT64_C(1000000)
#define SECOND         (1000 * MS)
#define PATIENCE       (60 * SECOND) /* an event that never comes */
#define TOKENS_MAX     2100
#define SPENT_MAX      1000000
#define BURST          100000
#define SPENT_AT_FIRST 1000
#define SPEND_EVERY    (20 * MS)
#define CHECKS_EACH    300 /* of each process, until its opinion counts */

/* By hand a daemon that ends saves what buckets owe, and lets its view be used for one more second;
 * one that is killed has saved it in the 5 s before, and its lease is good for 4 s at least. Less
 * what a busy machine may be late with saving, more what it may be late with a lease. */
#define SAVED_EVERY (7 * SECOND)
#define TERM_LEASE  (900 * MS)
#define KILL_LEASE  (3 * SECOND)

/* Shared with the processes. */
struct table {
    unsigned count, processes;
    _Atomic unsigned focus; /* the token that is checked most */
    struct {
        char key_id[24], token[64];
        _Atomic bool revoked; /* acknowledged */
    } tokens[TOKENS_MAX];
    char bucket[64];
    _Atomic bool paused; /* nothing is spent */
    _Atomic bool spending[CROWD_MAX];
    _Atomic uint64_t checks[CROWD_MAX];
    _Atomic uint64_t too_late, refused, excused;
    _Atomic uint64_t lease_over_ns;    /* checks may fail after that; else UINT64_MAX */
    _Atomic uint64_t spent;            /* units */
    _Atomic uint64_t times[SPENT_MAX]; /* of each */
};

static struct table *table;
static bool is_by_hand;
static char **daemon_argv;
static pid_t daemon_pid;
static const char *runtime;
static stkgate *own_gate;

/* ---- the crowd ---------------------------------------------------------------------------------
 */

static unsigned draw(unsigned below)
{
    static uint64_t state;
    if (state == 0)
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % below);
}

static int check(stkgate *gate, const char *token, uint64_t cost, struct stkgate_verdict *ret)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    *ret = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    request.cost = cost;
    request.flags = cost == 0 ? STKGATE_PEEK : 0;
    return stkgate_check(gate, &request, ret);
}

static void fail(struct crowd_shared *shared, const char *what, int r)
{
    if (crowd_clock_ns() > atomic_load(&table->lease_over_ns)) {
        atomic_fetch_add(&table->excused, 1);
    } else if (atomic_fetch_add(&shared->failed, 1) == 0) {
        warnx("%s: %s", what, r < 0 ? strerror(-r) : "another verdict than it may be");
    }
}

static void note_spent(uint64_t units)
{
    uint64_t now_ns = crowd_clock_ns(), first = atomic_fetch_add(&table->spent, units);
    if (first + units > SPENT_MAX)
        errx(2, "more was spent than there is room for");
    for (uint64_t i = first; i < first + units; i++)
        atomic_store(&table->times[i], now_ns);
}

static void spend(stkgate *gate, unsigned n, struct crowd_shared *shared)
{
    struct stkgate_verdict verdict;
    atomic_store(&table->spending[n], true);
    if (!atomic_load(&table->paused)) {
        int r = check(gate, table->bucket, 1, &verdict);
        if (r == 0 && verdict.status == 200)
            note_spent(1);
        else if (r < 0 || verdict.status != 429)
            fail(shared, "spending", r);
    }
    atomic_store(&table->spending[n], false);
}

static void step(stkgate *gate, unsigned n, struct crowd_shared *shared, void *userdata)
{
    static uint64_t spent_ns;
    struct stkgate_verdict verdict;
    unsigned i = draw(2) == 0 ? atomic_load(&table->focus) : draw(table->count);
    if (spent_ns == 0 && nice(19) < 0) /* they leave the processors to the daemon */
        err(2, "nice");
    bool revoked = atomic_load(&table->tokens[i].revoked);
    int r = check(gate, table->tokens[i].token, 1, &verdict);
    if (r < 0 ||
        (verdict.status != 200 && verdict.status != 429 && verdict.reason != STKGATE_REVOKED_TOKEN))
        fail(shared, "checking", r);
    else if (revoked)
        atomic_fetch_add(
            verdict.reason == STKGATE_REVOKED_TOKEN ? &table->refused : &table->too_late, 1);
    else
        atomic_fetch_add(&shared->allowed, 1);
    atomic_fetch_add(&table->checks[n], 1);
    if (crowd_clock_ns() > spent_ns + SPEND_EVERY) {
        spend(gate, n, shared);
        spent_ns = crowd_clock_ns();
    }
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

static void wait_on(uint64_t until_ns, const char *what)
{
    const struct timespec span = {.tv_nsec = (long)MS};
    if (crowd_clock_ns() > until_ns)
        errx(1, "it never comes to that: %s", what);
    nanosleep(&span, NULL);
}

static void await_checks(void)
{
    uint64_t until_ns = crowd_clock_ns() + PATIENCE;
    for (unsigned n = 0; n < table->processes; n++) {
        uint64_t goal = atomic_load(&table->checks[n]) + CHECKS_EACH;
        while (atomic_load(&table->checks[n]) < goal)
            wait_on(until_ns, "each process goes on checking");
    }
}

static int dial(void)
{
    uint64_t until_ns = crowd_clock_ns() + PATIENCE;
    int fd;
    while ((fd = admin_call_try_to_dial(runtime)) < 0)
        wait_on(until_ns, "admin.sock is there");
    return fd;
}

static uint64_t status(int fd, const char *member)
{
    char reply[ADMIN_REPLY_MAX + 1];
    admin_call(fd, "GET", "/v1/status", "", reply);
    return admin_call_number(reply, member);
}

/* This process is one of them. */
static void await_attached(int fd)
{
    struct stkgate_verdict verdict;
    uint64_t until_ns = crowd_clock_ns() + PATIENCE;
    do {
        wait_on(until_ns, "all have the view of the next daemon");
        (void)check(own_gate, table->bucket, 0, &verdict);
    } while (status(fd, "processes") < table->processes + 1);
}

/* ---- the daemon --------------------------------------------------------------------------------
 */

static void start(void)
{
    daemon_pid = fork();
    if (daemon_pid < 0)
        err(2, "fork");
    if (daemon_pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(daemon_argv[0], daemon_argv);
    err(2, "%s", daemon_argv[0]);
}

static void end(int number)
{
    int how;
    if (kill(daemon_pid, number) < 0 || waitpid(daemon_pid, &how, 0) != daemon_pid)
        err(2, "the daemon");
    if (number == SIGTERM && how != 0)
        errx(1, "the daemon ended with wait status %d", how);
}

static void restart(int number)
{
    if (is_by_hand) {
        end(number);
        start();
    } else if (system(number == SIGKILL ? "systemctl kill --signal=KILL stkgate.service"
                                        : "systemctl restart stkgate.service") != 0) {
        errx(2, "systemctl");
    }
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

static void mint(int fd, const char *limit, char key_id[static 24], char token[static 64])
{
    char body[256], reply[ADMIN_REPLY_MAX + 1];
    snprintf(body, sizeof body, "{\"site_id\":\"kasa\",\"name\":\"one of many\",\"limit\":%s}",
             limit);
    admin_call_post(fd, "/v1/tokens", body, reply);
    admin_call_member(reply, "key_id", key_id, 24);
    admin_call_member(reply, "secret", token, 64);
}

static void mint_all(int fd, unsigned rounds)
{
    char key_id[24];
    table->count = 2 * rounds + 8;
    if (table->count > TOKENS_MAX)
        errx(64, "too many rounds");
    for (unsigned i = 0; i < table->count; i++)
        mint(fd, "{\"requests\":1000000,\"window\":\"1s\"}", table->tokens[i].key_id,
             table->tokens[i].token);
    /* A unit comes back in an hour. */
    mint(fd, "{\"requests\":1,\"window\":\"1h\",\"burst\":100000}", key_id, table->bucket);
}

static void revoke_one(int fd, unsigned i)
{
    char path[64], reply[ADMIN_REPLY_MAX + 1];
    atomic_store(&table->focus, i);
    snprintf(path, sizeof path, "/v1/tokens/%s/revoke", table->tokens[i].key_id);
    admin_call_post(fd, path, "{}", reply);
    atomic_store(&table->tokens[i].revoked, true);
}

/* ---- the bucket --------------------------------------------------------------------------------
 */

static uint64_t spent_until(uint64_t ns)
{
    uint64_t count = atomic_load(&table->spent);
    while (count > 0 && atomic_load(&table->times[count - 1]) > ns)
        count--;
    return count;
}

/* Nobody spends meanwhile. */
static uint64_t debt(void)
{
    struct stkgate_verdict verdict;
    int r = check(own_gate, table->bucket, 0, &verdict);
    if (r < 0 || verdict.burst != BURST)
        errx(1, "a look at the bucket: %s", r < 0 ? strerror(-r) : "no verdict");
    return verdict.status == 429 ? BURST : BURST - verdict.remaining - 1;
}

static struct {
    uint64_t saved;      /* units that a restart cannot give back */
    uint64_t given_back; /* at most */
    uint64_t settled_ns; /* when all had the present daemon's view */
} account;

static void pause_spending(bool paused)
{
    atomic_store(&table->paused, paused);
    for (unsigned n = 0; paused && n < table->processes; n++)
        while (atomic_load(&table->spending[n]))
            wait_on(UINT64_MAX, "");
}

/* Before the daemon's end at ended_ns: what the next one finds in the table at least. */
static void note_end(int number, uint64_t ended_ns)
{
    uint64_t base_ns = number == SIGTERM ? ended_ns : ended_ns - SAVED_EVERY;
    if (number == SIGKILL && base_ns < account.settled_ns)
        return;
    uint64_t saved = spent_until(base_ns) - account.given_back;
    account.saved = saved > account.saved ? saved : account.saved;
}

static void settle(void)
{
    pause_spending(true);
    uint64_t spent = atomic_load(&table->spent), owed = debt();
    account.settled_ns = crowd_clock_ns();
    if (!is_by_hand && owed != spent)
        errx(1, "%" PRIu64 " units were spent, and the bucket owes %" PRIu64, spent, owed);
    if (owed > spent + atomic_load(&table->excused))
        errx(1, "%" PRIu64 " units were spent, and %" PRIu64 " taken", spent, owed);
    if (is_by_hand && owed < account.saved)
        errx(1, "%" PRIu64 " units must stay spent, and the bucket owes %" PRIu64, account.saved,
             owed);
    account.given_back = is_by_hand ? spent - account.saved : 0;
    pause_spending(false);
}

/* ---- rounds ------------------------------------------------------------------------------------
 */

static uint64_t views[CROWD_MAX];

static void expect_views(const struct crowd *crowd, bool same)
{
    uint64_t until_ns = crowd_clock_ns() + PATIENCE, inode;
    for (unsigned n = 0; n < crowd->count; n++) {
        while (mapped_views(crowd->processes[n], &inode) != 1 || (!same && inode == views[n]))
            wait_on(until_ns, "a process has one view, that of the daemon");
        if (same && views[n] != 0 && inode != views[n])
            errx(1, "the view has not outlived its daemon");
        views[n] = inode;
    }
}

static void put_round(struct crowd *crowd, unsigned round, int *fd)
{
    int number = round % 2 == 0 ? SIGKILL : SIGTERM;
    revoke_one(*fd, 2 * round);
    uint64_t ended_ns = crowd_clock_ns();
    note_end(number, ended_ns);
    atomic_store(&table->lease_over_ns,
                 ended_ns + (is_by_hand && number == SIGTERM ? TERM_LEASE : KILL_LEASE));
    close(*fd);
    restart(number);
    *fd = dial();
    revoke_one(*fd, 2 * round + 1);
    await_attached(*fd);
    atomic_store(&table->lease_over_ns, UINT64_MAX);
    settle();
    expect_views(crowd, !is_by_hand);
    await_checks();
    if (atomic_load(&crowd->shared->failed) > 0 || atomic_load(&table->too_late) > 0)
        errx(1, "round %u: %" PRIu64 " failed, %" PRIu64 " passed after a revocation", round,
             atomic_load(&crowd->shared->failed), atomic_load(&table->too_late));
}

/* What is spent now can never be given back: it waits for the daemon to save it. */
static void spend_at_first(int fd)
{
    struct stkgate_verdict verdict;
    uint64_t until_ns = crowd_clock_ns() + PATIENCE;
    uint64_t commits = status(fd, "count");
    if (check(own_gate, table->bucket, SPENT_AT_FIRST, &verdict) != 0 || verdict.status != 200)
        errx(1, "the bucket is not full");
    note_spent(SPENT_AT_FIRST);
    while (is_by_hand && status(fd, "count") == commits)
        wait_on(until_ns, "what was spent is saved");
    account.saved = SPENT_AT_FIRST;
}

static void run(struct crowd *crowd, unsigned processes, unsigned rounds)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.deadline_ms = crowd_deadline_ms();
    int fd = dial();
    mint_all(fd, rounds);
    table->processes = processes;
    crowd_gather(crowd, processes, CROWD_DIRECT, table->tokens[0].token, step, NULL);
    if (stkgate_open(&own_gate, "default", &options) < 0)
        errx(2, "stkgate_open");
    await_attached(fd);
    expect_views(crowd, true);
    spend_at_first(fd);
    account.settled_ns = crowd_clock_ns();
    crowd_begin(crowd);
    await_checks();
    for (unsigned round = 0; round < rounds; round++)
        put_round(crowd, round, &fd);
    close(fd);
    crowd_end(crowd);
    stkgate_close(own_gate);
}

int main(int argc, char *argv[])
{
    struct crowd crowd;
    if (argc < 4)
        errx(64, "usage: through_restarts hand|systemd PROCESSES ROUNDS [DAEMON ARGUMENT...]");
    is_by_hand = strcmp(argv[1], "hand") == 0;
    daemon_argv = argv + 4;
    runtime = getenv("STKGATE_RUNTIME") ? getenv("STKGATE_RUNTIME") : "/run/stkgate";
    table = crowd_share(sizeof *table);
    atomic_store(&table->lease_over_ns, UINT64_MAX);
    if (is_by_hand)
        start();
    run(&crowd, (unsigned)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
    if (is_by_hand)
        end(SIGTERM);
    printf("%s rounds %s: %" PRIu64 " checks passed, %" PRIu64 " refused as revoked, %" PRIu64
           " passed too late, %" PRIu64 " failed, %" PRIu64
           " more without daemon and lease; %" PRIu64 " units spent, %" PRIu64
           " given back at most\n",
           argv[3], argv[1], atomic_load(&crowd.shared->allowed), atomic_load(&table->refused),
           atomic_load(&table->too_late), atomic_load(&crowd.shared->failed),
           atomic_load(&table->excused), atomic_load(&table->spent), account.given_back);
    return atomic_load(&crowd.shared->failed) + atomic_load(&table->too_late) == 0 ? 0 : 1;
}
