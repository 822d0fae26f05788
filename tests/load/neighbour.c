/* neighbour.c - neighbour RUNTIME TOKENS KIND FACE [ROUNDS [ELSEWHERE]]: what one user's flood
 * costs another's checks
 *
 * KIND is checks, connections or http (flood.h). FACE is check or http: where the other one asks.
 * TOKENS is a file whose first line is "TOKEN SITE". One process floods as one uid; another, of
 * another uid, times its checks on one connection, in rounds: amid the flood, and while that is
 * stopped. Prints lines, separated by tabs. Of either, "time": the rounds' medians at p50, p99,
 * p99.9 and max, in microseconds. "ratio": as bench/ has it, the median of the rounds' ratios, at
 * p99. "floor": the ratio of the two best rounds' p50, what other work on the machine disturbs
 * least; where that leaves no processor free, one call in a hundred waits for it, and p99 tells of
 * nothing else. "flood": how many connections were admitted, and how many refused.
 *
 * ELSEWHERE is the runtime directory of another daemon, with the same table. Then all share all
 * processors, and the flood does not stop, but goes there in every second round: what is compared
 * is what it costs who asks the same daemon, and who only has such a neighbour on the same machine.
 * "-" is no daemon: all share all processors, and the flood stops.
 *
 * Must be root, to become two users. Exits with 77 when it is not.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire/message.h"
#include "tests/load/flood.h"

#define NOISY_UID  61001
#define QUIET_UID  61002

#define ROUNDS     21
#define ROUNDS_MAX 100
#define CALLS      1000
#define WARM_UP    200

#define ORIGIN     "https://www.shop.example"

enum { P50, P99, P999, MAX, QUANTILES };

struct round {
    double us[QUANTILES];
};

/* ---- the quiet user ----------------------------------------------------------------------------
 */

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* One question at a time, on one connection. */
struct quiet {
    int fd;
    bool http;
    uint8_t question[FLOOD_QUESTION_MAX];
    size_t len;
};

static bool is_verdict(const struct quiet *quiet, const uint8_t *answer, ssize_t n)
{
    static const char ok[] = "HTTP/1.1 200 ";
    struct frame frame;

    if (n <= 0)
        return false;
    if (quiet->http) /* without a body, and so short that it comes in one piece */
        return n > 16 && memcmp(answer, ok, sizeof ok - 1) == 0 &&
               memcmp(answer + n - 4, "\r\n\r\n", 4) == 0;
    return frame_open(answer, (size_t)n, &frame) == 0 && frame.type == WIRE_VERDICT;
}

static uint64_t call_ns(const struct quiet *quiet)
{
    uint8_t answer[WIRE_FRAME_MAX];
    uint64_t start_ns = clock_ns();

    if (send(quiet->fd, quiet->question, quiet->len, MSG_NOSIGNAL) != (ssize_t)quiet->len)
        err(EXIT_FAILURE, "send");
    ssize_t n = recv(quiet->fd, answer, sizeof answer, 0);
    uint64_t took_ns = clock_ns() - start_ns;
    if (!is_verdict(quiet, answer, n))
        errx(EXIT_FAILURE, "no verdict came");
    return took_ns;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static struct round measure(const struct quiet *quiet)
{
    static uint64_t times_ns[CALLS];
    static const unsigned per_mille[QUANTILES] = {500, 990, 999, 1000};
    struct round round;

    for (int i = 0; i < WARM_UP; i++)
        (void)call_ns(quiet);
    for (int i = 0; i < CALLS; i++)
        times_ns[i] = call_ns(quiet);
    qsort(times_ns, CALLS, sizeof times_ns[0], compare_ns);
    for (int q = 0; q < QUANTILES; q++)
        round.us[q] = (double)times_ns[(CALLS - 1) * per_mille[q] / 1000] / 1000;
    return round;
}

/* A round for each byte that comes on fd. */
static void be_quiet(const struct flood_options *options, bool http, int fd)
{
    struct quiet quiet = {.http = http};
    char byte;

    flood_become(QUIET_UID, options->shares ? FLOOD_ANYWHERE : FLOOD_BEFORE_LAST);
    quiet.len = http ? flood_request(options, (char *)quiet.question, sizeof quiet.question)
                     : flood_question(options, quiet.question, sizeof quiet.question);
    quiet.fd = http ? flood_dial_http(options->runtime) : flood_dial(options->runtime);
    if (quiet.fd < 0)
        errx(EXIT_FAILURE, "the quiet user is not admitted");
    while (read(fd, &byte, 1) == 1) {
        struct round round = measure(&quiet);
        if (write(fd, &round, sizeof round) != (ssize_t)sizeof round)
            err(EXIT_FAILURE, "report");
    }
    exit(EXIT_SUCCESS);
}

static void be_quiet_on_check(const struct flood_options *options, int fd)
{
    be_quiet(options, false, fd);
}

static void be_quiet_on_http(const struct flood_options *options, int fd)
{
    be_quiet(options, true, fd);
}

/* ---- the two, in turns -------------------------------------------------------------------------
 */

struct child {
    pid_t pid;
    int fd;
};

static struct child start_child(const struct flood_options *options,
                                void (*run)(const struct flood_options *, int))
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        err(EXIT_FAILURE, "socketpair");
    struct child child = {.pid = fork(), .fd = fds[0]};
    if (child.pid < 0)
        err(EXIT_FAILURE, "fork");
    if (child.pid == 0) {
        close(fds[0]);
        run(options, fds[1]);
    }
    close(fds[1]);
    return child;
}

static void end_child(struct child child)
{
    close(child.fd);
    (void)kill(child.pid, SIGKILL);
    (void)waitpid(child.pid, NULL, 0);
}

static struct round ask_round(struct child quiet)
{
    struct round round;

    if (write(quiet.fd, "!", 1) != 1 ||
        recv(quiet.fd, &round, sizeof round, MSG_WAITALL) != (ssize_t)sizeof round)
        errx(EXIT_FAILURE, "the quiet user was not answered");
    return round;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double *values, unsigned count)
{
    double sorted[ROUNDS_MAX];

    memcpy(sorted, values, count * sizeof values[0]);
    qsort(sorted, count, sizeof sorted[0], compare_doubles);
    return sorted[count / 2];
}

static double least(const struct round *rounds, unsigned count)
{
    double least_us = rounds[0].us[P50];

    for (unsigned i = 1; i < count; i++)
        if (rounds[i].us[P50] < least_us)
            least_us = rounds[i].us[P50];
    return least_us;
}

static void print_times(const char *name, const struct round *rounds, unsigned count)
{
    printf("time\t%s", name);
    for (int q = 0; q < QUANTILES; q++) {
        double values[ROUNDS_MAX];
        for (unsigned i = 0; i < count; i++)
            values[i] = rounds[i].us[q];
        printf("\t%.1f", median(values, count));
    }
    printf("\n");
}

static void print_all(const char *kind, const char *face, bool elsewhere, const struct round *calm,
                      const struct round *amid, unsigned count)
{
    const char *what = strcmp(face, "http") == 0 ? "a check over HTTP" : "a check";
    double ratios[ROUNDS_MAX];
    char name[96];

    for (unsigned i = 0; i < count; i++)
        ratios[i] = amid[i].us[P99] / calm[i].us[P99];
    snprintf(name, sizeof name, "%s amid a flood of %s", what, kind);
    print_times(name, amid, count);
    printf("ratio\t%s\t%.2f\tp99\t<=\t2.00\twith that %s\n", name, median(ratios, count),
           elsewhere ? "at another daemon" : "stopped");
    snprintf(name, sizeof name, "%s with that flood %s", what,
             elsewhere ? "at another daemon" : "stopped");
    print_times(name, calm, count);
    printf("floor\t%.2f\n", least(amid, count) / least(calm, count));
}

static void read_token(const char *path, char token[static 46], char site[static 16])
{
    FILE *file = fopen(path, "re");

    if (!file || fscanf(file, "%45s %15s", token, site) != 2)
        errx(EXIT_FAILURE, "%s: no token in it", path);
    fclose(file);
}

static enum flood_kind kind_of(const char *name)
{
    static const char *const names[FLOOD_KINDS] = {"checks", "connections", "http"};

    for (int kind = 0; kind < FLOOD_KINDS; kind++)
        if (strcmp(name, names[kind]) == 0)
            return (enum flood_kind)kind;
    errx(EXIT_FAILURE, "%s: no such kind of flood", name);
}

/* Returns once it has what connections it gets. */
static struct child start_flood(const struct flood_options *options, struct flood_count *ret)
{
    struct child noisy = start_child(options, flood_run);

    if (recv(noisy.fd, ret, sizeof *ret, MSG_WAITALL) != (ssize_t)sizeof *ret)
        errx(EXIT_FAILURE, "the flood did not begin");
    return noisy;
}

int main(int argc, char *argv[])
{
    static struct round calm[ROUNDS_MAX], amid[ROUNDS_MAX];
    char token[46], site[16];
    struct flood_count count;

    const char *elsewhere = argc == 7 && strcmp(argv[6], "-") != 0 ? argv[6] : NULL;

    if (argc < 5 || argc > 7)
        errx(EXIT_FAILURE, "usage: neighbour RUNTIME TOKENS KIND FACE [ROUNDS [ELSEWHERE]]");
    if (geteuid() != 0) {
        fprintf(stderr, "neighbour: must be root, to become two users\n");
        return 77;
    }
    read_token(argv[2], token, site);
    const struct flood_options options = {
        .runtime = argv[1],
        .token = token,
        .site = site,
        .origin = ORIGIN,
        .kind = kind_of(argv[3]),
        .uid = NOISY_UID,
        .shares = argc == 7,
    };
    unsigned rounds = argc >= 6 ? (unsigned)strtoul(argv[5], NULL, 10) : ROUNDS;
    if (rounds == 0 || rounds > ROUNDS_MAX)
        errx(EXIT_FAILURE, "rounds: 1 to %d", ROUNDS_MAX);

    struct child noisy = start_flood(&options, &count), other = {.pid = 0};
    if (elsewhere) {
        struct flood_options there = options;
        struct flood_count unused;
        there.runtime = elsewhere;
        other = start_flood(&there, &unused);
        kill(other.pid, SIGSTOP);
    }
    /* While the flood is on: whoever is kept out by it is seen here. */
    struct child quiet =
        start_child(&options, strcmp(argv[4], "http") == 0 ? be_quiet_on_http : be_quiet_on_check);
    for (unsigned i = 0; i < rounds; i++) {
        amid[i] = ask_round(quiet);
        kill(noisy.pid, SIGSTOP);
        if (elsewhere)
            kill(other.pid, SIGCONT);
        calm[i] = ask_round(quiet);
        if (elsewhere)
            kill(other.pid, SIGSTOP);
        kill(noisy.pid, SIGCONT);
    }
    if (waitpid(noisy.pid, NULL, WNOHANG) != 0)
        errx(EXIT_FAILURE, "the flood ended");
    end_child(quiet);
    end_child(noisy);
    if (elsewhere)
        end_child(other);
    print_all(argv[3], argv[4], elsewhere != NULL, calm, amid, rounds);
    printf("flood\t%u\t%u\n", count.admitted, count.refused);
    return EXIT_SUCCESS;
}
