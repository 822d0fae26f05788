/* keep_checking.c - a storefront's server that never stops asking
 *
 *     keep_checking DEADLINE-MS PAUSE-US FILE < token
 *
 * One handle of the library, kept open, and one check after the other, until SIGTERM; a new handle
 * would hide what becomes of an old connection. Any verdict but 200 is a failure. The number of
 * checks so far is written to FILE now and then, for who waits for it. At the end it prints
 *
 *     checks=N failed=N longest_us=N over_50ms=N
 *
 * and exits 0 when none failed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <stkgate.h>

#define FAILURES_SHOWN   10
#define DEFAULT_LIMIT_US 50000 /* the library's deadline, when a program sets none */

static volatile sig_atomic_t ended;

struct tally {
    unsigned long checks, failed, over_limit;
    long longest_us;
};

static void on_term(int number)
{
    ended = 1;
}

static long clock_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void check_once(stkgate *gate, const struct stkgate_request *request, struct tally *tally)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    long before_us = clock_us();
    int r = stkgate_check(gate, request, &verdict);
    long took_us = clock_us() - before_us;
    tally->checks++;
    if (took_us > tally->longest_us)
        tally->longest_us = took_us;
    if (took_us > DEFAULT_LIMIT_US)
        tally->over_limit++;
    if (verdict.status == 200)
        return;
    if (++tally->failed <= FAILURES_SHOWN)
        fprintf(stderr, "check %lu, after %ld us: %u %s (%s)\n", tally->checks, took_us,
                verdict.status, stkgate_reason_string(verdict.reason),
                r < 0 ? strerror(-r) : "a verdict");
}

static void write_progress(int fd, const struct tally *tally)
{
    char line[32];
    int len = snprintf(line, sizeof line, "%020lu\n", tally->checks);

    if (pwrite(fd, line, (size_t)len, 0) != len)
        exit(2);
}

int main(int argc, char *argv[])
{
    const struct sigaction action = {.sa_handler = on_term};
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct tally tally = {0};
    char token[128];
    stkgate *gate;

    if (argc != 4 || fgets(token, sizeof token, stdin) == NULL)
        return 64;
    token[strcspn(token, "\n")] = '\0';
    request.token = stkgate_text(token);
    request.site = stkgate_text("kasa");
    options.deadline_ms = (uint32_t)strtoul(argv[1], NULL, 10);
    useconds_t pause_us = (useconds_t)strtoul(argv[2], NULL, 10);
    int progress_fd = open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (progress_fd < 0 || sigaction(SIGTERM, &action, NULL) < 0 ||
        stkgate_open(&gate, "storefront", &options) < 0)
        return 2;
    while (!ended) {
        check_once(gate, &request, &tally);
        write_progress(progress_fd, &tally);
        if (pause_us > 0)
            usleep(pause_us);
    }
    stkgate_close(gate);
    printf("checks=%lu failed=%lu longest_us=%ld over_50ms=%lu\n", tally.checks, tally.failed,
           tally.longest_us, tally.over_limit);
    return tally.failed == 0 ? 0 : 1;
}
