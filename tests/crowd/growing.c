/* growing.c - growing PROCESSES TOKENS [CONNECTIONS [NICE [mixed]]]
 *
 * The processes check, at random, all tokens that there are, beginning with one, while so many are
 * minted on some connections, 16 if not told. Each token whose mint was acknowledged must be known.
 * Their view grows meanwhile: they map larger ones, and in the end have just one. How long a mint
 * and a check took at most is told: nobody is answered while the daemon has to grow at once, and a
 * check that may wait for 30 s, as those of crowd.c may, does not fail of that. The processes are
 * nice, 19 if not told otherwise, and leave the processors to who mints. Mixed: every second of
 * them asks the daemon for each check, and has no view.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"
#include "tests/crowd/crowd.h"
#include "tests/crowd/mapped.h"

#define TOKENS_MAX      10000000
#define CONNECTIONS     16
#define CONNECTIONS_MAX 32 /* admin.sock takes no more */
#define NICE            19
#define SPENDING        256
#define PATIENCE_NS     UINT64_C(60000000000)
#define VIEWS_LEAST     3 /* the first one, and two that are larger */

/* Shared with the processes. */
struct table {
    _Atomic unsigned count; /* minted */
    _Atomic uint64_t longest_ns;
    char tokens[TOKENS_MAX][48];
};

static struct table *table;
static unsigned connections = CONNECTIONS;
static int niceness = NICE;
static bool is_mixed;

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

/* Every second one is of those that came last, and spent from; of all others some are: else what
 * each has spent would be written again and again, and few were minted. */
static void check_one(stkgate *gate, unsigned n, struct crowd_shared *shared, void *userdata)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    unsigned count = atomic_load(&table->count);
    unsigned last = count < 64 ? count : 64;
    bool is_any = draw(2) == 0;
    unsigned i = is_any ? draw(count) : count - 1 - draw(last);
    static bool stepped_back;

    if (!stepped_back) {
        stepped_back = true;
        if (niceness > 0 && nice(niceness) < 0)
            err(2, "nice");
    }
    const char *token = table->tokens[i];
    if (token[0] == '\0') /* of another connection, whose answer is under way */
        return;
    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    request.flags = is_any && draw(SPENDING) != 0 ? STKGATE_PEEK : 0;
    int r = crowd_check(gate, &request, &verdict, shared);
    if (r == 0 && (verdict.status == 200 || verdict.status == 429))
        atomic_fetch_add(&shared->allowed, 1);
    else if (atomic_fetch_add(&shared->failed, 1) == 0)
        warnx("token %u of %u: %s", i, count,
              r < 0 ? strerror(-r) : stkgate_reason_string(verdict.reason));
}

static void mint_next(int fd)
{
    static const char body[] = "{\"site_id\":\"kasa\",\"name\":\"one of many\","
                               "\"limit\":{\"requests\":1000000,\"window\":\"1s\"}}";
    char reply[ADMIN_REPLY_MAX + 1], secret[64];
    uint64_t asked_ns = crowd_clock_ns(), longest_ns = atomic_load(&table->longest_ns);

    admin_call_post(fd, "/v1/tokens", body, reply);
    uint64_t took_ns = crowd_clock_ns() - asked_ns;
    while (took_ns > longest_ns &&
           !atomic_compare_exchange_weak(&table->longest_ns, &longest_ns, took_ns))
        continue;
    admin_call_member(reply, "secret", secret, sizeof secret);
    unsigned i = atomic_fetch_add(&table->count, 1);
    memcpy(table->tokens[i] + 1, secret + 1, strlen(secret) - 1);
    atomic_thread_fence(memory_order_seq_cst);
    *(_Atomic char *)table->tokens[i] = secret[0];
}

static void mint_all(const char *runtime, unsigned tokens, pid_t ret[static CONNECTIONS_MAX])
{
    for (unsigned n = 0; n < connections; n++) {
        ret[n] = fork();
        if (ret[n] < 0)
            err(2, "fork");
        if (ret[n] > 0)
            continue;
        int fd = admin_call_dial(runtime);
        for (unsigned i = 1 + n; i < tokens; i += connections)
            mint_next(fd);
        _exit(0);
    }
}

static void pause_briefly(void)
{
    const struct timespec span = {.tv_nsec = 1000000};

    nanosleep(&span, NULL);
}

static bool has_view(unsigned n)
{
    return !is_mixed || n % 2 == 0;
}

/* How many views the first process was seen with, until all is minted. */
static unsigned watch(const struct crowd *crowd, pid_t minting[static CONNECTIONS_MAX])
{
    uint64_t inode, seen = 0;
    unsigned views = 0;

    for (unsigned n = 0; n < connections;) {
        int status;
        pid_t pid = waitpid(minting[n], &status, WNOHANG);
        if (pid < 0 || (pid > 0 && status != 0))
            errx(2, "who mints ended with wait status %d", status);
        n += pid > 0;
        (void)mapped_views(crowd->processes[0], &inode);
        views += inode != 0 && inode != seen;
        seen = inode != 0 ? inode : seen;
        pause_briefly();
    }
    return views;
}

/* The view of before is unmapped by one of the next calls. */
static void await_one_view_each(const struct crowd *crowd, const uint64_t first[static CROWD_MAX])
{
    uint64_t until_ns = crowd_clock_ns() + PATIENCE_NS, inode;

    for (unsigned n = 0; n < crowd->count; n++)
        while (has_view(n) &&
               (mapped_views(crowd->processes[n], &inode) != 1 || inode == first[n])) {
            if (crowd_clock_ns() > until_ns)
                errx(1, "process %u keeps a view that was replaced", n);
            pause_briefly();
        }
}

/* How many tokens. */
static unsigned take_arguments(int argc, char *argv[])
{
    if (argc < 3 || argc > 6)
        errx(64,
             "usage: STKGATE_RUNTIME=... growing PROCESSES TOKENS [CONNECTIONS [NICE [mixed]]]");
    unsigned tokens = (unsigned)strtoul(argv[2], NULL, 10);
    if (tokens < 2 || tokens > TOKENS_MAX)
        errx(64, "2 to %d tokens", TOKENS_MAX);
    if (argc > 3)
        connections = (unsigned)strtoul(argv[3], NULL, 10);
    if (connections < 1 || connections > CONNECTIONS_MAX)
        errx(64, "1 to %d connections", CONNECTIONS_MAX);
    if (argc > 4)
        niceness = (int)strtol(argv[4], NULL, 10);
    is_mixed = argc > 5;
    return tokens;
}

int main(int argc, char *argv[])
{
    struct crowd crowd;
    uint64_t first[CROWD_MAX];
    pid_t minting[CONNECTIONS_MAX];
    const char *runtime = getenv("STKGATE_RUNTIME");
    unsigned tokens = take_arguments(argc, argv);

    if (!runtime)
        errx(64, "STKGATE_RUNTIME is not set");
    table = crowd_share(sizeof *table);
    int fd = admin_call_dial(runtime);
    mint_next(fd);
    close(fd);
    crowd_gather(&crowd, (unsigned)strtoul(argv[1], NULL, 10),
                 is_mixed ? CROWD_MIXED : CROWD_DIRECT, table->tokens[0], check_one, NULL);
    for (unsigned n = 0; n < crowd.count; n++)
        if (has_view(n) && mapped_views(crowd.processes[n], &first[n]) != 1)
            errx(1, "process %u has no view", n);
    crowd_begin(&crowd);
    mint_all(runtime, tokens, minting);
    unsigned views = watch(&crowd, minting);
    await_one_view_each(&crowd, first);
    uint64_t allowed = atomic_load(&crowd.shared->allowed);
    while (atomic_load(&crowd.shared->allowed) < allowed + 1000 &&
           atomic_load(&crowd.shared->failed) == 0)
        pause_briefly();
    crowd_end(&crowd);
    printf("%u tokens: %" PRIu64 " checks passed, %" PRIu64 " failed; one process had %u views; "
           "a mint took %" PRIu64 " ms at most, a check %" PRIu64 "\n",
           atomic_load(&table->count), atomic_load(&crowd.shared->allowed),
           atomic_load(&crowd.shared->failed), views, atomic_load(&table->longest_ns) / 1000000,
           atomic_load(&crowd.shared->longest_ns) / 1000000);
    if (views < VIEWS_LEAST)
        errx(1, "it has hardly grown");
    return atomic_load(&crowd.shared->failed) == 0 ? 0 : 1;
}
