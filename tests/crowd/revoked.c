/* revoked.c - revoked PROCESSES COMMAND < tokens
 *
 * Lines of "KEY_ID TOKEN". The processes check these tokens at random, without pause. Meanwhile
 * COMMAND (a shell's) is run with all key_ids as its input: it revokes one after the other and
 * prints each key_id once the revocation was acknowledged. No check that begins after that may
 * pass.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crowd/crowd.h"

#define TOKENS_MAX 200000

struct entry {
    char key_id[24];
    char token[48];
};

struct table {
    unsigned count;
    struct entry *entries;      /* before the fork */
    _Atomic uint8_t *revoked;   /* shared: acknowledged */
    _Atomic uint64_t *too_late; /* shared: checks that passed all the same */
    _Atomic uint64_t *refused;  /* shared: as revoked, after it was acknowledged */
};

static void read_tokens(struct table *table)
{
    table->entries = calloc(TOKENS_MAX, sizeof table->entries[0]);
    if (!table->entries)
        err(2, "calloc");
    while (table->count < TOKENS_MAX && scanf("%23s %47s", table->entries[table->count].key_id,
                                              table->entries[table->count].token) == 2)
        table->count++;
    if (table->count == 0)
        errx(64, "no tokens");
}

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
    bool revoked = atomic_load(&table->revoked[i]) != 0;
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

static void set_revoked(struct table *table, const char *key_id)
{
    /* They come in the order in which they were told, mostly. */
    static unsigned next;

    for (unsigned i = 0; i < table->count; i++) {
        unsigned at = (next + i) % table->count;
        if (strcmp(table->entries[at].key_id, key_id) != 0)
            continue;
        atomic_store(&table->revoked[at], 1);
        next = at + 1;
        return;
    }
    errx(2, "%s was never told", key_id);
}

/* The command reads a file, so that nobody waits for anybody. */
static unsigned revoke_all(struct table *table, const char *command)
{
    char line[64], path[] = "/tmp/stkgate-revoked.XXXXXX", full[4096];
    unsigned acknowledged = 0;
    int fd = mkstemp(path);

    if (fd < 0)
        err(2, "%s", path);
    FILE *file = fdopen(fd, "w");
    for (unsigned i = 0; file && i < table->count; i++)
        fprintf(file, "%s\n", table->entries[i].key_id);
    if (!file || fclose(file) != 0)
        err(2, "%s", path);
    snprintf(full, sizeof full, "%s <%s", command, path);
    FILE *told = popen(full, "r");
    if (!told)
        err(2, "%s", full);
    while (fgets(line, sizeof line, told)) {
        line[strcspn(line, "\n")] = '\0';
        set_revoked(table, line);
        acknowledged++;
    }
    int status = pclose(told);
    unlink(path);
    if (status != 0)
        errx(2, "the command that revokes ended with wait status %d", status);
    return acknowledged;
}

int main(int argc, char *argv[])
{
    struct table table = {0};
    struct crowd crowd;

    if (argc != 3)
        errx(64, "usage: revoked PROCESSES COMMAND < tokens");
    read_tokens(&table);
    table.revoked = crowd_share(TOKENS_MAX);
    table.too_late = crowd_share(sizeof *table.too_late);
    table.refused = crowd_share(sizeof *table.refused);
    crowd_gather(&crowd, (unsigned)strtoul(argv[1], NULL, 10), CROWD_DIRECT, table.entries[0].token,
                 check_one, &table);
    crowd_begin(&crowd);
    unsigned acknowledged = revoke_all(&table, argv[2]);
    uint64_t seen = *table.refused + *table.too_late;
    while (*table.refused + *table.too_late < seen + 1000) /* of what was revoked last, too */
        usleep(1000);
    crowd_end(&crowd);
    printf("%u revoked; %.0f checks before, %.0f refused after, %.0f passed after\n", acknowledged,
           (double)crowd.shared->allowed, (double)*table.refused, (double)*table.too_late);
    if (acknowledged != table.count)
        errx(1, "only %u of %u were revoked", acknowledged, table.count);
    if (crowd.shared->failed > 0)
        errx(1, "%.0f checks failed", (double)crowd.shared->failed);
    return *table.too_late == 0 ? 0 : 1;
}
