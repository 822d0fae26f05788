/* large.c - large TOKENS RUNTIME PROGRAM [ARGUMENT]...: what a daemon with a large table takes
 *
 * Starts PROGRAM, a daemon whose sockets are in RUNTIME; tells the time from then until it says
 * READY, as systemd would count it, and until its view has the whole table, also in memory that
 * need not be found first, when each token has been used, and after a restart that leaves it the
 * view; and how much memory is resident: when it is ready, while each token is checked once, and
 * when it has rested after that. All that is resident counts: the heap, the table's pages that are
 * mapped and in memory, the program and its libraries. Ends the program that it started.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/gate.h"
#include "bench/keeper.h"

#define BYTES_MOST   500
#define REST_S       12
#define SAMPLE_EVERY 1000
#define LEASE_S      3
#define STARTS       3 /* of which the median is told */
#define START_MS     3000
#define PUBLISHED_MS 1000
#define ADOPTED_MS   50
#define NS_PER_MS    1000000
#define VIEW_BYTES   190 /* of a token */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* In bytes, of /proc/PID/status: it is open to all, whatever the daemon hides. */
static double resident(pid_t pid, const char *field)
{
    char path[64], line[256];
    double bytes = -1;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        err(EXIT_FAILURE, "%s", path);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            bytes = 1024 * strtod(line + strlen(field), NULL);
    fclose(file);
    if (bytes < 0)
        errx(EXIT_FAILURE, "%s has no %s", path, field);
    return bytes;
}

/* It saves what was spent, and gives back the table's pages, within seconds after the last check:
 * the least of some of them. */
static void print_rested(pid_t pid, size_t tokens)
{
    double least = resident(pid, "VmRSS:");

    for (unsigned i = 0; i < REST_S; i++) {
        sleep(1);
        double now = resident(pid, "VmRSS:");
        least = now < least ? now : least;
    }
    printf("size\tresident when it has rested\t%.0f\tbytes each\t%d\n", least / (double)tokens,
           BYTES_MOST);
}

/* Each token once, at random; meanwhile use counts are saved, for which the table is mapped. */
static void check_all(struct gate *gate, const struct token_file *tokens, pid_t pid)
{
    double most = 0, own = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        gate_call(gate, &tokens->entries[i]);
        if (i % SAMPLE_EVERY != 0)
            continue;
        double now = resident(pid, "VmRSS:");
        if (now > most) {
            most = now;
            own = resident(pid, "RssAnon:") + resident(pid, "RssShmem:");
        }
    }
    printf("size\tresident amid checks of all, at most\t%.0f\tbytes each\t%d\n",
           most / (double)tokens->count, BYTES_MOST);
    printf("note\tAmid checks of all tokens %.0f of these bytes are the daemon's own and the "
           "view's; the rest is pages of the table\n",
           own / (double)tokens->count);
}

static void print_ms(const char *what, size_t tokens, uint64_t started_ns, unsigned most)
{
    printf("size\t%s, %zu tokens\t%.0f\tms\t%u\n", what, tokens,
           (double)(now_ns() - started_ns) / NS_PER_MS, most);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double median_ms(uint64_t ns[static STARTS])
{
    qsort(ns, STARTS, sizeof ns[0], compare);
    return (double)ns[STARTS / 2] / NS_PER_MS;
}

static void print_median(const char *what, size_t tokens, uint64_t ns[static STARTS], unsigned most)
{
    printf("size\t%s, %zu tokens\t%.0f\tms\t%u\n", what, tokens, median_ms(ns), most);
}

/* As after a boot, without the view: it runs afterwards. Nobody goes by an earlier daemon's view
 * any more by then: admin.sock would not be served before. */
static void forget(struct keeper *keeper)
{
    keeper_forget(keeper);
    sleep(LEASE_S);
}

static void start(struct keeper *keeper, char *argv[], const char *runtime, uint64_t *ret_ready,
                  uint64_t *ret_published)
{
    uint64_t started = now_ns();

    keeper_start(keeper, argv);
    *ret_ready = now_ns() - started;
    keeper_await_complete(runtime);
    *ret_published = now_ns() - started;
}

/* One start alone would tell more of what the machine was about at that moment. */
static void start_anew(struct keeper *keeper, char *argv[], const char *runtime, size_t tokens,
                       const char *of_what)
{
    uint64_t ready[STARTS], published[STARTS];
    char ready_name[64], published_name[64];

    for (unsigned i = 0; i < STARTS; i++) {
        if (i > 0)
            keeper_stop(keeper);
        forget(keeper);
        start(keeper, argv, runtime, &ready[i], &published[i]);
    }
    snprintf(ready_name, sizeof ready_name, "start to READY%s", of_what);
    snprintf(published_name, sizeof published_name, "start to all published%s", of_what);
    print_median(ready_name, tokens, ready, START_MS);
    print_median(published_name, tokens, published, PUBLISHED_MS);
}

/* What is freed is given out again first, for a moment: then a virtual machine's host may take it
 * back. On large pages, as the view is. */
static void use_memory(size_t len)
{
    char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    (void)madvise(bytes, len, MADV_HUGEPAGE);
    memset(bytes, 1, len);
    munmap(bytes, len);
}

static void print_published_in_used_memory(struct keeper *keeper, char *argv[], const char *runtime,
                                           size_t tokens)
{
    uint64_t ready[STARTS], published[STARTS];

    for (unsigned i = 0; i < STARTS; i++) {
        keeper_stop(keeper);
        forget(keeper);
        use_memory(tokens * VIEW_BYTES * 3 / 2);
        start(keeper, argv, runtime, &ready[i], &published[i]);
    }
    printf("note\tIn memory that was in use a moment before, all are published within %.0f ms "
           "of the start\n",
           median_ms(published));
}

/* Beside the time to all published, of which this is a part: new memory has to be found and
 * cleared, by the host, too, where this is a virtual machine. */
static void print_memory(size_t tokens)
{
    size_t len = tokens * VIEW_BYTES;
    double ms[2];
    char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    for (int i = 0; i < 2; i++) {
        uint64_t started = now_ns();
        memset(bytes, 1 + i, len);
        ms[i] = (double)(now_ns() - started) / NS_PER_MS;
    }
    munmap(bytes, len);
    printf("note\tAs much memory as the view has is written to in %.0f ms when it is new, and in "
           "%.0f ms once more\n",
           ms[0], ms[1]);
}

int main(int argc, char *argv[])
{
    struct token_file tokens;
    struct gate gate;
    struct keeper keeper;

    if (argc < 4)
        errx(EXIT_FAILURE, "usage: large TOKENS RUNTIME PROGRAM [ARGUMENT]...");
    token_file_load(argv[1], &tokens);
    keeper_open(&keeper);
    start_anew(&keeper, argv + 3, argv[2], tokens.count, "");
    print_memory(tokens.count);
    print_published_in_used_memory(&keeper, argv + 3, argv[2], tokens.count);
    keeper_stop(&keeper);
    uint64_t started = now_ns();
    keeper_start(&keeper, argv + 3);
    keeper_await_complete(argv[2]);
    print_ms("start to all adopted, after a restart", tokens.count, started, ADOPTED_MS);
    printf("size\tresident when it is ready\t%.0f\tbytes each\t%d\n",
           resident(keeper.pid, "VmRSS:") / (double)tokens.count, BYTES_MOST);
    gate_open(&gate, argv[2], GATE_SOCKET);
    check_all(&gate, &tokens, keeper.pid);
    print_rested(keeper.pid, tokens.count);
    gate_close(&gate);
    keeper_stop(&keeper);
    start_anew(&keeper, argv + 3, argv[2], tokens.count, ", each with use counts");
    keeper_stop(&keeper);
    token_file_free(&tokens);
    return EXIT_SUCCESS;
}
