/* outgrown.c - outgrown PROCESSES TOKENS
 *
 * As growing.c, for more tokens than a daemon can mint in a test: bench/stand_in has its place, and
 * publishes one after the other, beginning with one, with the daemon's own publisher. The
 * processes check, at random, all that were published, every second time one of the last. What
 * they ask the stand-in passes, and is counted: it is to be little.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/gate.h"
#include "bench/numbered.h"
#include "bench/stand_in.h"

#define INCARNATION     UINT64_C(0x6f7574677277)
#define PROCESSES_MAX   (STAND_IN_CONNECTIONS / 2)
#define AT_ONCE         256               /* tokens, between two looks at the sockets */
#define PROVIDE_AT_ONCE ((size_t)2 << 20) /* bytes */
#define LAST            64
#define ASKED_FEW       100 /* and a tenth of all checks: while a larger view is handed out */

/* Of all processes. */
struct shared {
    _Atomic uint64_t published; /* tokens 0 up to this one */
    _Atomic uint64_t checks[PROCESSES_MAX];
};

struct grower {
    struct publish *publish;
    struct shared *shared;
    uint64_t tokens;
    uint64_t published, copied; /* of these, so many are in the next view */
    unsigned views;
    int done[2]; /* closed at the end, for who waits for it */
};

static void record_of(uint64_t number, struct token_entry *entry, struct record *ret)
{
    numbered_token(number, entry);
    numbered_record(entry, ret);
}

static void copy_some(struct grower *grower)
{
    struct token_entry entry;
    struct record record;
    uint64_t now_ns = stand_in_clock_ns();

    for (unsigned i = 0; i < AT_ONCE && grower->copied < grower->published; i++) {
        record_of(grower->copied++, &entry, &record);
        if (publish_grow(grower->publish, &record, NULL, now_ns) < 0)
            errx(2, "the larger view has no room");
    }
    if (grower->copied < grower->published)
        return;
    publish_switch(grower->publish, true);
    grower->views++;
}

static void publish_some(struct grower *grower, unsigned most)
{
    struct token_entry entry;
    struct record record;
    uint64_t now_ns = stand_in_clock_ns();

    for (unsigned i = 0; i < most && grower->published < grower->tokens; i++) {
        record_of(grower->published, &entry, &record);
        int r = publish_put(grower->publish, &record, NULL, now_ns);
        if (r == -ENOSPC)
            return; /* once more when the larger one is there */
        if (r < 0)
            errx(2, "cannot publish: %s", strerror(-r));
        atomic_store(&grower->shared->published, ++grower->published);
        if (publish_wants_growth(grower->publish))
            return;
    }
}

static bool work(void *userdata)
{
    struct grower *grower = userdata;

    int provided = publish_provide_some(grower->publish, PROVIDE_AT_ONCE);
    if (provided < 0)
        errx(2, "no memory for a larger view: %s", strerror(-provided));
    if (provided == 0 && publish_is_growing(grower->publish)) {
        (void)publish_map_some(grower->publish);
        copy_some(grower);
    } else if (publish_wants_growth(grower->publish)) {
        grower->copied = 0;
        if (publish_begin_growth(grower->publish, grower->published) < 0)
            errx(2, "no larger view");
    }
    bool moves = publish_move_some(grower->publish, AT_ONCE, stand_in_clock_ns());
    if (grower->published < grower->tokens) {
        publish_some(grower, AT_ONCE);
        return true;
    }
    if (publish_is_growing(grower->publish) || moves)
        return true;
    if (grower->done[1] >= 0) {
        close(grower->done[1]);
        grower->done[1] = -1;
    }
    return false;
}

/* ---- the processes ----------------------------------------------------------------------------
 */

static void check_one(const struct gate *gate, uint64_t number)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct token_entry entry;

    numbered_token(number, &entry);
    request.token = (struct stkgate_text){entry.token, TOKEN_LEN};
    request.site = (struct stkgate_text){entry.site, NUMBERED_SITE_LEN};
    request.scopes = gate->scopes;
    int r = stkgate_check(gate->handle, &request, &verdict);
    if (r < 0 || verdict.reason != STKGATE_OK)
        errx(1, "token %" PRIu64 ": %s", number,
             r < 0 ? strerror(-r) : stkgate_reason_string(verdict.reason));
}

static void check_all(const char *runtime, const struct shared *shared, uint64_t tokens,
                      _Atomic uint64_t *checks)
{
    uint64_t state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15), published;
    struct gate gate;

    gate_open(&gate, runtime, GATE_DIRECT);
    do {
        published = atomic_load(&shared->published);
        uint64_t draw = numbered_draw(&state), last = published < LAST ? published : LAST;
        check_one(&gate, draw >> 63 != 0 ? draw % published : published - 1 - draw % last);
        atomic_fetch_add(checks, 1);
    } while (published < tokens);
    gate_close(&gate);
}

static void wait_for(const struct grower *grower, unsigned processes)
{
    char byte;

    if (read(grower->done[0], &byte, 1) != 0)
        err(2, "read");
    for (unsigned i = 0; i < processes; i++) {
        int status;
        if (wait(&status) < 0 || status != 0)
            errx(1, "a check failed");
    }
}

int main(int argc, char **argv)
{
    unsigned processes = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    struct grower grower = {.tokens = argc == 3 ? strtoull(argv[2], NULL, 10) : 0};
    struct stand_in stand_in;
    uint64_t checks = 0;

    if (processes == 0 || processes > PROCESSES_MAX || grower.tokens == 0)
        errx(2, "usage: outgrown PROCESSES TOKENS");
    grower.shared = mmap(NULL, sizeof *grower.shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (grower.shared == MAP_FAILED || pipe(grower.done) < 0 ||
        publish_new(NULL, 1, INCARNATION, stand_in_clock_ns(), &grower.publish) < 0)
        err(2, "cannot begin");
    const int end = grower.done[1]; /* the thread changes it */
    publish_some(&grower, 1);
    publish_set_complete(grower.publish);
    stand_in_start_working(&stand_in, grower.publish, work, &grower);
    for (unsigned i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid < 0)
            err(2, "fork");
        if (pid == 0) {
            close(end);
            check_all(stand_in.runtime, grower.shared, grower.tokens, &grower.shared->checks[i]);
            _exit(0);
        }
    }
    wait_for(&grower, processes);
    for (unsigned i = 0; i < processes; i++)
        checks += atomic_load(&grower.shared->checks[i]);
    stand_in_stop(&stand_in);
    unsigned asked = atomic_load(&stand_in.checks);
    printf("%" PRIu64 " tokens in %u larger views: %" PRIu64 " checks passed, %u of them asked\n",
           grower.tokens, grower.views, checks, asked);
    publish_free(grower.publish);
    if (asked > ASKED_FEW + checks / 10)
        errx(1, "so many were not decided by the view");
    return 0;
}
