/* keepalive.c - keepalive HTTP-SOCKET NGINX-SOCKET TOKENS: a check over HTTP, and the least that a
 * web server does with a request
 *
 * The same requests on one kept connection each, in turns, in one process.
 */
#include <err.h>
#include <stdlib.h>

#include "bench/http.h"
#include "bench/place.h"
#include "bench/series.h"

enum {
    NGINX,
    GATE,
    SUBJECTS,
};

static const struct series_plan plan = {.slices = 21, .calls = 5000, .warm_up = 200};

int main(int argc, char *argv[])
{
    struct token_file tokens;
    struct http gate, nginx;
    struct series series[SUBJECTS];
    const struct subject subjects[SUBJECTS] = {
        [NGINX] = {"nginx, an empty 200 to the same request", http_call, &nginx},
        [GATE] = {"a check over HTTP, connection kept", http_call, &gate},
    };
    const struct series_goal goal = {
        .name = "a check over HTTP",
        .series = &series[GATE],
        .base_name = "an empty 200 of nginx",
        .base = &series[NGINX],
        .quantile = QUANTILE_P50,
        .sign = "<=",
        .target = 2,
    };

    if (argc != 4)
        errx(EXIT_FAILURE, "usage: keepalive HTTP-SOCKET NGINX-SOCKET TOKENS");
    place_on_first();
    http_open(&gate, argv[1]);
    http_open(&nginx, argv[2]);
    token_file_load(argv[3], &tokens);
    /* The daemon takes up each token's bucket at its first check; what is measured is any other. */
    for (size_t i = 0; i < tokens.count; i++)
        http_call(&gate, &tokens.entries[i]);
    series_measure(&plan, subjects, SUBJECTS, &tokens, series);
    for (unsigned i = 0; i < SUBJECTS; i++)
        series_print(subjects[i].name, &series[i]);
    series_print_goal(&goal);
    http_close(&nginx);
    http_close(&gate);
    token_file_free(&tokens);
    return EXIT_SUCCESS;
}
