/* view.c - view STATE TOKENS [REDIS-US]: what a check takes that is decided in its own process
 *
 * On as many tokens as the file TOKENS has, which are those of the table in STATE: there the same
 * is looked up with LMDB. REDIS-US: what an EVALSHA took, to be compared. A thread of this program
 * is the daemon. All in turns, in one process, through stkgate_check().
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cores.h"
#include "bench/floor.h"
#include "bench/numbered.h"
#include "bench/quick.h"
#include "bench/table_read.h"

#define SLICES         25
#define SLICES_BY_SIZE 11
#define HOT            1000
#define GOAL           1.5
#define BYTES_MOST     200
#define MALFORMED_NS   20
#define CORES_LEAST    1.8
/* Of view, floor and what else there is, for each token, and one gigabyte for others. */
#define NEEDED_EACH  500
#define LEFT_TO_REST (UINT64_C(1) << 30)

/* ---- tokens ------------------------------------------------------------------------------------
 */

struct source {
    uint64_t state, below; /* a generator, and how many tokens there are */
    uint64_t next;         /* of the hot ones */
};

static void draw_any(void *userdata, struct token_entry *ret)
{
    struct source *source = userdata;

    numbered_token(numbered_draw(&source->state) % source->below, ret);
}

static void draw_hot(void *userdata, struct token_entry *ret)
{
    struct source *source = userdata;

    numbered_token(source->next++ % HOT, ret);
}

static void draw_unknown(void *userdata, struct token_entry *ret)
{
    struct source *source = userdata;

    numbered_unknown(numbered_draw(&source->state) % source->below, ret);
}

/* With another last character than the checksum has. */
static void draw_malformed(void *userdata, struct token_entry *ret)
{
    char *last = &ret->token[TOKEN_LEN - 1];

    draw_any(userdata, ret);
    *last = *last == '0' ? '1' : '0';
}

static void draw_of_table(void *userdata, struct token_entry *ret)
{
    *ret = token_file_pick(userdata);
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static void call_allowed(void *gate, const struct token_entry *token)
{
    published_check(gate, token, STKGATE_OK);
}

static void call_unknown(void *gate, const struct token_entry *token)
{
    published_check(gate, token, STKGATE_UNKNOWN_TOKEN);
}

static void call_malformed(void *gate, const struct token_entry *token)
{
    published_check(gate, token, STKGATE_MALFORMED_TOKEN);
}

/* ---- on one table ------------------------------------------------------------------------------
 */

enum {
    FLOOR,
    VERDICT,
    FLOOR_HOT,
    VERDICT_HOT,
    UNKNOWN,
    MALFORMED,
    TABLE,
    SUBJECTS,
};

static void print_paths(const struct quick quick[static SUBJECTS])
{
    const struct quick_goal goals[] = {
        {"a verdict in process, any token", "the floor",
         quick_ratio(&quick[VERDICT], &quick[FLOOR]), "mean", "<=", GOAL},
        {"a verdict in process, 1,000 hot tokens", "the floor",
         quick_ratio(&quick[VERDICT_HOT], &quick[FLOOR_HOT]), "mean", "<=", GOAL},
        {"an unknown token, in process", "the floor", quick_ratio(&quick[UNKNOWN], &quick[FLOOR]),
         "mean", "<=", 1},
        {"a verdict in process, any token", "LMDB in process",
         quick_ratio(&quick[VERDICT], &quick[TABLE]), "mean", "-", 0},
    };

    for (unsigned i = 0; i < sizeof goals / sizeof goals[0]; i++)
        quick_print_goal(&goals[i]);
    printf("size\ta malformed token, in process\t%.1f\tns\t%d\n", quick_mean_ns(&quick[MALFORMED]),
           MALFORMED_NS);
    printf("note\tMeans of the loops without a clock, in ns: floor %.0f, verdict %.0f; 1,000 hot "
           "tokens: floor %.0f, verdict %.0f; unknown %.0f; LMDB %.0f; malformed %.1f at least\n",
           quick_mean_ns(&quick[FLOOR]), quick_mean_ns(&quick[VERDICT]),
           quick_mean_ns(&quick[FLOOR_HOT]), quick_mean_ns(&quick[VERDICT_HOT]),
           quick_mean_ns(&quick[UNKNOWN]), quick_mean_ns(&quick[TABLE]), quick[MALFORMED].least_ns);
}

static void print_redis(const struct quick *verdict, const char *redis_us)
{
    double redis_ns = redis_us ? 1000 * strtod(redis_us, NULL) : 0;
    const struct quick_goal goal = {
        "a verdict in process, any token",
        "one EVALSHA of Redis",
        series_median_ns(&verdict->series, QUANTILE_P50) / (redis_ns > 0 ? redis_ns : 1),
        "p50",
        "-",
        0,
    };

    if (redis_ns > 0)
        quick_print_goal(&goal);
}

static void print_cores(const struct published *published)
{
    double ratio = cores_measure(published);
    const struct quick_goal goal = {
        "verdicts of two processes", "of one", ratio, "rate", ">=", CORES_LEAST,
    };

    if (ratio > 0)
        quick_print_goal(&goal);
    else
        printf("note\tTwo processes were not measured: there is one processor\n");
}

static void compare_paths(const char *state, struct token_file *tokens, const char *redis_us)
{
    static struct quick quick[SUBJECTS];
    struct published published;
    struct floor floor;
    struct table_read table;
    struct source source = {.state = 1, .below = tokens->count};

    if (tokens->count < HOT)
        errx(EXIT_FAILURE, "at least %d tokens are needed", HOT);
    published_open(&published, tokens->count);
    floor_open(&floor, tokens->count);
    table_read_open(&table, state);
    for (size_t i = 0; i < tokens->count; i++)
        table_read_call(&table, &tokens->entries[i]);
    const struct quick_subject subjects[SUBJECTS] = {
        [FLOOR] = {"the floor, any token", floor_call, &floor, draw_any, &source, 0},
        [VERDICT] = {"a verdict in process, any token", call_allowed, &published.gate, draw_any,
                     &source, 0},
        [FLOOR_HOT] = {"the floor, 1,000 hot tokens", floor_call, &floor, draw_hot, &source, HOT},
        [VERDICT_HOT] = {"a verdict in process, 1,000 hot tokens", call_allowed, &published.gate,
                         draw_hot, &source, HOT},
        [UNKNOWN] = {"an unknown token, in process", call_unknown, &published.gate, draw_unknown,
                     &source, 0},
        [MALFORMED] = {"a malformed token, in process", call_malformed, &published.gate,
                       draw_malformed, &source, 0},
        [TABLE] = {"LMDB in process, any token", table_read_call, &table, draw_of_table, tokens, 0},
    };
    quick_measure(subjects, SUBJECTS, SLICES, quick);
    for (unsigned i = 0; i < SUBJECTS; i++)
        quick_print(subjects[i].name, &quick[i]);
    print_paths(quick);
    print_redis(&quick[VERDICT], redis_us);
    print_cores(&published);
    table_read_close(&table);
    floor_close(&floor);
    published_close(&published);
}

/* ---- by the size of the table ------------------------------------------------------------------
 */

static bool has_room(uint64_t tokens)
{
    char line[128];
    uint64_t available = 0;
    FILE *file = fopen("/proc/meminfo", "re");

    if (!file)
        err(EXIT_FAILURE, "/proc/meminfo");
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "MemAvailable:", strlen("MemAvailable:")) == 0)
            available = 1024 * strtoull(line + strlen("MemAvailable:"), NULL, 10);
    fclose(file);
    return available > tokens * NEEDED_EACH + LEFT_TO_REST;
}

/* The line "scale TOKENS floor verdict ratio bytes": ns each, and bytes of memory a token. */
static void measure_size(uint64_t tokens)
{
    static struct quick quick[2];
    struct published published;
    struct floor floor;
    struct source source = {.state = 1, .below = tokens};

    published_open(&published, tokens);
    floor_open(&floor, tokens);
    const struct quick_subject subjects[] = {
        {"the floor", floor_call, &floor, draw_any, &source, 0},
        {"a verdict", call_allowed, &published.gate, draw_any, &source, 0},
    };
    quick_measure(subjects, 2, SLICES_BY_SIZE, quick);
    printf("scale\t%llu\t%.0f\t%.0f\t%.2f\t%.0f\n", (unsigned long long)tokens,
           quick_mean_ns(&quick[0]), quick_mean_ns(&quick[1]), quick_ratio(&quick[1], &quick[0]),
           published_bytes_each(&published));
    /* Of a small table nobody minds what it takes: it has room to grow. */
    if (tokens >= 10000)
        printf("size\tview and buckets, %llu tokens\t%.0f\tbytes each\t%d\n",
               (unsigned long long)tokens, published_bytes_each(&published), BYTES_MOST);
    floor_close(&floor);
    published_close(&published);
}

int main(int argc, char *argv[])
{
    struct token_file tokens;

    if (argc < 3 || argc > 4)
        errx(EXIT_FAILURE, "usage: view STATE TOKENS [REDIS-US]");
    unsetenv("NOTIFY_SOCKET"); /* nobody is to keep these views */
    token_file_load(argv[2], &tokens);
    compare_paths(argv[1], &tokens, argv[3]);
    token_file_free(&tokens);
    for (uint64_t size = 1000; size <= 10000000; size *= 10) {
        if (has_room(size))
            measure_size(size);
        else
            printf("note\t%llu tokens were not measured: there is not enough memory\n",
                   (unsigned long long)size);
    }
    return EXIT_SUCCESS;
}
