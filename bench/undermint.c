/* undermint.c - undermint IDLE-RUNTIME BUSY-RUNTIME TOKENS: do checks wait for the disk?
 *
 * Two daemons on tables of the same content and, as run.sh starts them, on the same slow disk. One
 * has nothing to do but the checks; to the other, mints come without pause. In turns, in one
 * process. A slice is longer than a commit, so that each of the busy daemon's has some in it.
 */
#include <err.h>
#include <stdlib.h>

#include "bench/gate.h"
#include "bench/minting.h"
#include "bench/series.h"

enum {
    IDLE,
    BUSY,
    SUBJECTS,
};

static const struct series_plan plan = {.slices = 15, .calls = 15000, .warm_up = 200};

static void print(const struct subject subjects[static SUBJECTS],
                  const struct series series[static SUBJECTS], unsigned minted)
{
    const struct series_goal goal = {
        .name = "a check while mints commit",
        .series = &series[BUSY],
        .base_name = "one of an idle daemon",
        .base = &series[IDLE],
        .quantile = QUANTILE_P99,
        .sign = "<=",
        .target = 2,
    };

    for (unsigned i = 0; i < SUBJECTS; i++)
        series_print(subjects[i].name, &series[i]);
    series_print_goal(&goal);
    printf("note\t%u mints were committed meanwhile\n", minted);
}

int main(int argc, char *argv[])
{
    struct token_file tokens;
    struct gate gates[SUBJECTS];
    struct minting minting;
    struct series series[SUBJECTS];

    if (argc != 4)
        errx(EXIT_FAILURE, "usage: undermint IDLE-RUNTIME BUSY-RUNTIME TOKENS");
    minting_start(&minting, argv[2]);
    token_file_load(argv[3], &tokens);
    for (unsigned i = 0; i < SUBJECTS; i++)
        gate_open(&gates[i], argv[1 + i], GATE_SOCKET);
    const struct subject subjects[SUBJECTS] = {
        [IDLE] = {"a check, daemon idle", gate_call, &gates[IDLE]},
        [BUSY] = {"a check, mints without pause", gate_call, &gates[BUSY]},
    };
    unsigned before = minting_count(&minting);
    series_measure(&plan, subjects, SUBJECTS, &tokens, series);
    print(subjects, series, minting_count(&minting) - before);
    minting_stop(&minting);
    for (unsigned i = 0; i < SUBJECTS; i++)
        gate_close(&gates[i]);
    token_file_free(&tokens);
    return EXIT_SUCCESS;
}
