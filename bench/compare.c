/* compare.c - compare RUNTIME TOKENS [REDIS-SOCKET]: a check, and what it is to be measured by
 *
 * A check over the socket, through the library, against the daemon in RUNTIME; a bare ping-pong of
 * the same packets, and one with all system calls of a check; and, when it has a server to ask, one
 * EVALSHA. In turns, in one process.
 *
 * compare --has-redis: says by its exit status whether it was built with hiredis.
 */
#include <err.h>
#include <stdlib.h>

#include <config.h>

#include "bench/echo.h"
#include "bench/gate.h"
#include "bench/place.h"
#include "bench/probe.h"
#include "bench/series.h"
#ifdef HAVE_HIREDIS
#include "bench/redis.h"
#endif

enum {
    ECHO,
    ECHO_AS_CHECK,
    GATE,
    REDIS,
    SUBJECTS,
};

static const struct series_plan plan = {.slices = 21, .calls = 5000, .warm_up = 200};

static void print_goals(const struct series series[static SUBJECTS], unsigned count)
{
    const struct series_goal echo = {
        .name = "a check",
        .series = &series[GATE],
        .base_name = "a bare ping-pong",
        .base = &series[ECHO],
        .quantile = QUANTILE_P50,
        .sign = "<=",
        .target = 1.3,
    };
    struct series_goal redis = echo;

    series_print_goal(&echo);
    if (count <= REDIS)
        return;
    redis.base_name = "one EVALSHA of Redis";
    redis.base = &series[REDIS];
    redis.sign = "<";
    redis.target = 1;
    series_print_goal(&redis);
}

static void compare(struct subject subjects[static SUBJECTS], unsigned count,
                    struct token_file *tokens)
{
    struct series series[SUBJECTS];

    series_measure(&plan, subjects, count, tokens, series);
    for (unsigned i = 0; i < count; i++)
        series_print(subjects[i].name, &series[i]);
    print_goals(series, count);
}

static void open_gate(struct gate *gate, const char *runtime, struct token_file *tokens)
{
    gate_open(gate, runtime, GATE_SOCKET);
    /* The daemon takes up each token's bucket at its first check; what is measured is any other. */
    for (size_t i = 0; i < tokens->count; i++)
        gate_call(gate, &tokens->entries[i]);
}

#ifdef HAVE_HIREDIS
#define WITH_REDIS true

static void compare_with_redis(struct subject subjects[static SUBJECTS], const char *socket_path,
                               struct token_file *tokens)
{
    struct redis redis;

    redis_open(&redis, socket_path, tokens);
    subjects[REDIS] = (struct subject){"one EVALSHA of Redis", redis_call, &redis};
    compare(subjects, SUBJECTS, tokens);
    redis_close(&redis);
}
#else
#define WITH_REDIS false

static void compare_with_redis(struct subject subjects[static SUBJECTS], const char *socket_path,
                               struct token_file *tokens)
{
    errx(EXIT_FAILURE, "built without hiredis: give no REDIS-SOCKET");
}
#endif

int main(int argc, char *argv[])
{
    struct token_file tokens;
    struct echo echo = {0}, as_check;
    struct gate gate;
    char echo_name[64];

    if (argc == 2 && strcmp(argv[1], "--has-redis") == 0)
        return WITH_REDIS ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc < 3 || argc > 4)
        errx(EXIT_FAILURE, "usage: compare RUNTIME TOKENS [REDIS-SOCKET]");
    token_file_load(argv[2], &tokens);
    probe_sizes(argv[1], tokens.entries, &echo.question_bytes, &echo.answer_bytes);
    snprintf(echo_name, sizeof echo_name, "a bare ping-pong, %zu and %zu bytes",
             echo.question_bytes, echo.answer_bytes);
    as_check = echo;
    as_check.as_check = true;
    echo_start(&echo);
    echo_start(&as_check);
    place_on_first();
    open_gate(&gate, argv[1], &tokens);
    struct subject subjects[SUBJECTS] = {
        [ECHO] = {echo_name, echo_call, &echo},
        [ECHO_AS_CHECK] = {"the same with all system calls of a check", echo_call, &as_check},
        [GATE] = {"a check over the socket, through the library", gate_call, &gate},
    };
    if (argc == 4)
        compare_with_redis(subjects, argv[3], &tokens);
    else
        compare(subjects, REDIS, &tokens);
    gate_close(&gate);
    echo_stop(&as_check);
    echo_stop(&echo);
    token_file_free(&tokens);
    return EXIT_SUCCESS;
}
