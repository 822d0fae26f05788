/* ask.c - the table's calls, put to one face
 *
 *   ask fill  TABLE RUNTIME PURSE SECRETS
 *       make the shared credentials: PURSE for ask run, SECRETS is a list of all values that were
 * ever made ask rows  TABLE the rows' names, one a line ask run   TABLE RUNTIME PURSE SECRETS FACE
 * ADDRESS COLUMN each row of which FACE (a file, face.h) has the path is put to ADDRESS; what came
 * is written to COLUMN, one line for each row: its status, letters of marks, "*" for the server's
 * own refusal, "." for a row that is left out, "WRONG" behind what is not as the table has it.
 * Differences go to standard error, without any credential. 0; 1: there are some ask port a TCP
 * port of the loopback on which nobody listens now
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/faces/compare.h"
#include "tests/faces/login_answer.h"
#include "tests/faces/request.h"

#define ATTEMPTS_MAX 5

/* Each is too large for a stack. */
static struct table table;
static struct purse purse;
static struct face face;
static struct request request;
static struct answer answer;

static void fill(char *argv[])
{
    table_read(argv[0], &table);
    purse_open(&purse, &table, argv[1], argv[3]);
    purse_fill(&purse, argv[2]);
    purse_close(&purse);
}

static void rows(char *argv[])
{
    table_read(argv[0], &table);
    for (size_t i = 0; i < table.row_count; i++)
        puts(table.rows[i].name);
}

static const char not_for_pam[] = "PAM can't put this";

/* One call, by HTTP or as a login. */
static const char *put_call(const char *address, const char *target, bool is_head, bool behind)
{
    if (strncmp(address, "pam:", 4) != 0)
        return answer_get(address, request.bytes, request.len, is_head, behind, &answer);
    return !behind && login_answer(address, target, &request, &answer) ? NULL : not_for_pam;
}

/* The calls before the one that counts, of which each must pass. */
static const char *ask_before(const char *address, const char *target, const struct row *row,
                              bool is_head)
{
    for (unsigned i = 0; i < row->after; i++) {
        const char *problem = put_call(address, target, is_head, false);
        if (problem)
            return problem;
        if (answer.status != 200)
            return "a call before it did not pass";
    }
    return put_call(address, target, is_head, row->first_count > 0);
}

/* One attempt at the row, with credentials of its own. */
static const char *ask_once(const struct row *row, const char *target, const char *address,
                            bool is_head)
{
    purse_next_row(&purse);
    request_make(row, target, &purse, &request);
    return ask_before(address, target, row, is_head);
}

/* On a machine that is busy with other things the daemon may take longer than a face waits for it:
 * then what came is no verdict, and the row is asked again. */
static const char *ask_until_decided(const struct row *row, const char *target, const char *address,
                                     bool is_head)
{
    const char *problem = ask_once(row, target, address, is_head);

    for (unsigned i = 1; answer.status == 503 && i <= ATTEMPTS_MAX; i++) {
        const struct timespec nap = {.tv_nsec = 10000000L << i};
        nanosleep(&nap, NULL);
        problem = ask_once(row, target, address, is_head);
    }
    return problem;
}

/* Writes the row's cell; whether it is as it should be. */
static bool ask_row(const struct row *row, const char *target, const char *address, FILE *column)
{
    char marks[8], difference[DIFFERENCE_MAX];
    bool is_head = strcmp(row->method, "HEAD") == 0;
    const struct face_mark *other = face_other(&face, row);
    const struct expected *expected = other ? other->other : &row->expected;
    const char *problem = ask_until_decided(row, target, address, is_head);

    if (problem == not_for_pam) {
        fputs(".\n", column);
        return true;
    }
    if (!problem && compare_is_own(&answer, row)) {
        fprintf(column, answer.status ? "%u*\n" : "shut*\n", answer.status);
        return true;
    }
    if (!problem && compare(&answer, expected, &face, is_head, marks, difference)) {
        fprintf(column, "%u%s%.1s\n", answer.status, marks, other ? &other->letter : "");
        return true;
    }
    fprintf(column, "%u WRONG\n", answer.status);
    fprintf(stderr, "    %s: %s\n", row->name, problem ? problem : difference);
    return false;
}

static int run(char *argv[])
{
    bool is_right = true;
    size_t asked = 0;
    FILE *column = fopen(argv[6], "we");

    if (!column)
        err(EXIT_FAILURE, "%s", argv[6]);
    table_read(argv[0], &table);
    face_read(argv[4], &table, &face);
    purse_open(&purse, &table, argv[1], argv[3]);
    purse_load(&purse, argv[2]);
    for (size_t i = 0; i < table.row_count; i++) {
        const char *target = face_target(&face, &table.rows[i]);
        if (target) {
            is_right = ask_row(&table.rows[i], target, argv[5], column) && is_right;
            asked++;
        } else {
            fputs(".\n", column);
        }
    }
    purse_close(&purse);
    if (fclose(column) != 0)
        err(EXIT_FAILURE, "%s", argv[6]);
    if (asked == 0)
        errx(EXIT_FAILURE, "%s: no row is for this face", argv[4]);
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        err(EXIT_FAILURE, "no port");
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    close(fd);
}

int main(int argc, char *argv[])
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "fill") == 0 && argc == 6)
        fill(argv + 2);
    else if (strcmp(verb, "rows") == 0 && argc == 3)
        rows(argv + 2);
    else if (strcmp(verb, "run") == 0 && argc == 9)
        return run(argv + 2);
    else if (strcmp(verb, "port") == 0 && argc == 2)
        port();
    else
        errx(EXIT_FAILURE, "usage: ask fill|rows|run|port ...; see ask.c");
    return EXIT_SUCCESS;
}
