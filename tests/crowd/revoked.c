/* revoked.c - revoked PROCESSES TOKENS
 *
 * Mints so many tokens. The processes check these at random, without pause, while they are revoked
 * one after the other on some connections. No check that begins after a revocation was acknowledged
 * may pass.
 */
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crowd/admin_call.h"
#include "tests/crowd/crowd.h"

#define TOKENS_MAX  200000
#define CONNECTIONS 32

/* All of it is shared with the processes. */
struct entry {
    char key_id[24];
    char token[48];
    _Atomic bool revoked; /* acknowledged */
};

struct table {
    unsigned count;
    struct entry *entries;
    _Atomic uint64_t *too_late; /* checks that passed all the same */
    _Atomic uint64_t *refused;  /* as revoked, after it was acknowledged */
};

static uint64_t draw(void)
{
    static uint64_t state;

    if (state == 0)
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void check_one(stkgate *gate, unsigned n, struct crowd_shared *shared, void *userdata)
{
    struct table *table = userdata;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    unsigned i = (unsigned)(draw() % table->count);
    static bool stepped_back;

    if (!stepped_back) { /* they leave the processors to who revokes */
        stepped_back = true;
        if (nice(19) < 0)
            err(2, "nice");
    }
    request.token = stkgate_text(table->entries[i].token);
    request.site = stkgate_text("kasa");
    bool revoked = atomic_load(&table->entries[i].revoked);
    int r = stkgate_check(gate, &request, &verdict);
    if (r < 0 ||
        (verdict.status != 200 && verdict.status != 429 && verdict.reason != STKGATE_REVOKED_TOKEN))
        atomic_fetch_add(&shared->failed, 1);
    else if (revoked)
        atomic_fetch_add(verdict.reason == STKGATE_REVOKED_TOKEN ? table->refused : table->too_late,
                         1);
    else
        atomic_fetch_add(&shared->allowed, 1);
}

static void mint_one(int fd, struct entry *entry)
{
    static const char body[] = "{\"site_id\":\"kasa\",\"name\":\"one of many\","
                               "\"limit\":{\"requests\":1000000,\"window\":\"1s\"}}";
    char reply[ADMIN_REPLY_MAX + 1];

    admin_call_post(fd, "/v1/tokens", body, reply);
    admin_call_member(reply, "key_id", entry->key_id, sizeof entry->key_id);
    admin_call_member(reply, "secret", entry->token, sizeof entry->token);
}

static void revoke_one(int fd, struct entry *entry)
{
    char path[64], reply[ADMIN_REPLY_MAX + 1];

    snprintf(path, sizeof path, "/v1/tokens/%s/revoke", entry->key_id);
    admin_call_post(fd, path, "{}", reply);
    atomic_store(&entry->revoked, true);
}

/* On some connections at once, so that some share a commit. */
static void each(struct table *table, const char *runtime, void (*fn)(int fd, struct entry *entry))
{
    pid_t processes[CONNECTIONS];

    for (unsigned n = 0; n < CONNECTIONS; n++) {
        processes[n] = fork();
        if (processes[n] < 0)
            err(2, "fork");
        if (processes[n] > 0)
            continue;
        int fd = admin_call_dial(runtime);
        for (unsigned i = n; i < table->count; i += CONNECTIONS)
            fn(fd, &table->entries[i]);
        _exit(0);
    }
    for (unsigned n = 0; n < CONNECTIONS; n++) {
        int status;
        if (waitpid(processes[n], &status, 0) < 0 || status != 0)
            errx(2, "who mints, or revokes, ended with wait status %d", status);
    }
}

int main(int argc, char *argv[])
{
    struct table table = {0};
    struct crowd crowd;
    const char *runtime = getenv("STKGATE_RUNTIME");

    if (argc != 3 || !runtime)
        errx(64, "usage: STKGATE_RUNTIME=... revoked PROCESSES TOKENS");
    table.count = (unsigned)strtoul(argv[2], NULL, 10);
    if (table.count == 0 || table.count > TOKENS_MAX)
        errx(64, "1 to %d tokens", TOKENS_MAX);
    table.entries = crowd_share(table.count * sizeof table.entries[0]);
    table.too_late = crowd_share(sizeof *table.too_late);
    table.refused = crowd_share(sizeof *table.refused);
    each(&table, runtime, mint_one);
    crowd_gather(&crowd, (unsigned)strtoul(argv[1], NULL, 10), CROWD_DIRECT, table.entries[0].token,
                 check_one, &table);
    crowd_begin(&crowd);
    each(&table, runtime, revoke_one);
    uint64_t seen = *table.refused + *table.too_late;
    while (*table.refused + *table.too_late < seen + 1000) /* of what was revoked last, too */
        sched_yield();
    crowd_end(&crowd);
    printf("%u revoked; %.0f checks before, %.0f refused after, %.0f passed after\n", table.count,
           (double)crowd.shared->allowed, (double)*table.refused, (double)*table.too_late);
    if (crowd.shared->failed > 0)
        errx(1, "%.0f checks failed", (double)crowd.shared->failed);
    return *table.too_late == 0 ? 0 : 1;
}
