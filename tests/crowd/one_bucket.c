/* one_bucket.c - one_bucket PROCESSES WAY SECONDS RATE BURST < token
 *
 * All of them spend from one token's bucket as fast as they can, for so many seconds. Prints how
 * many calls passed, and how many the limit allows in that time: burst + rate * t. More must never
 * pass; and fewer than 95 % of what it allows from the first call to the last, while all were at
 * it, would mean that the crowd keeps itself from what it may have. (A busy machine may let it
 * begin late, or not come to another call in the end, but for one that was stopped just before it.)
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/crowd/crowd.h"

static char token[128];

/* When a process began the first and the last of its calls that were answered; a line each. */
struct calls {
    _Alignas(64) _Atomic uint64_t first_ns;
    _Atomic uint64_t last_ns;
};

static void spend(stkgate *gate, unsigned n, struct crowd_shared *shared, void *userdata)
{
    struct calls *calls = (struct calls *)userdata + n;
    uint64_t now_ns = crowd_clock_ns();
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    int r = stkgate_check(gate, &request, &verdict);
    if (r < 0 || (verdict.status != 200 && verdict.status != 429))
        atomic_fetch_add(&shared->failed, 1);
    else if (verdict.status == 200)
        atomic_fetch_add(&shared->allowed, 1);
    else
        atomic_fetch_add(&shared->refused, 1);
    if (atomic_load_explicit(&calls->first_ns, memory_order_relaxed) == 0)
        atomic_store_explicit(&calls->first_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&calls->last_ns, now_ns, memory_order_relaxed);
}

/* From the first call of all to the last that came before they were told to end. */
static uint64_t span_of(const struct calls *calls, unsigned count, uint64_t end_ns)
{
    uint64_t first_ns = UINT64_MAX, last_ns = 0;

    for (unsigned n = 0; n < count; n++) {
        uint64_t first = calls[n].first_ns, last = calls[n].last_ns;
        if (first != 0 && first < first_ns)
            first_ns = first;
        if (last > last_ns)
            last_ns = last;
    }
    last_ns = last_ns < end_ns ? last_ns : end_ns;
    return last_ns > first_ns ? last_ns - first_ns : 0;
}

static enum crowd_way way_of(const char *name)
{
    if (strcmp(name, "direct") == 0)
        return CROWD_DIRECT;
    return strcmp(name, "ask") == 0 ? CROWD_ASK : CROWD_MIXED;
}

int main(int argc, char *argv[])
{
    struct crowd crowd;

    if (argc != 6 || !fgets(token, sizeof token, stdin))
        errx(64, "usage: one_bucket PROCESSES direct|ask|mixed SECONDS RATE BURST < token");
    token[strcspn(token, "\n")] = '\0';
    unsigned seconds = (unsigned)strtoul(argv[3], NULL, 10);
    double rate = strtod(argv[4], NULL), burst = strtod(argv[5], NULL);
    struct calls *calls = crowd_share(CROWD_MAX * sizeof *calls);
    crowd_gather(&crowd, (unsigned)strtoul(argv[1], NULL, 10), way_of(argv[2]), token, spend,
                 calls);
    uint64_t from_ns = crowd_clock_ns();
    crowd_begin(&crowd);
    const struct timespec span = {.tv_sec = seconds};
    nanosleep(&span, NULL);
    uint64_t end_ns = crowd_clock_ns();
    crowd_end(&crowd);
    uint64_t most_ns = crowd_clock_ns() - from_ns;
    double allowed = (double)crowd.shared->allowed;
    double most = burst + rate * (double)most_ns / 1e9;
    double least = 0.95 * (burst + rate * (double)span_of(calls, crowd.count, end_ns) / 1e9);
    printf("%s %s: %.0f passed of %.0f that may, %.0f refused\n", argv[1], argv[2], allowed, most,
           (double)crowd.shared->refused);
    if (crowd.shared->failed > 0)
        errx(1, "%.0f checks failed", (double)crowd.shared->failed);
    if (allowed > most)
        errx(1, "more passed than the limit allows");
    if (crowd.shared->refused > 0 && allowed < least)
        errx(1, "fewer than 95 %% of what the limit allows passed");
    return 0;
}
