/* A map whose file was cut: a line that says so, and the end. */
#include "daemon/bus_error.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon/fixture.h"
#include "tests/suite.h"

static volatile char *map;

static void *read_it(void *userdata)
{
    return (void *)(intptr_t)map[0];
}

static void read_in_a_thread(void)
{
    pthread_t thread;
    FILE *file = tmpfile();
    int fd = fileno(file);
    long page = sysconf(_SC_PAGESIZE);

    if (bus_error_watch() < 0 || ftruncate(fd, page) < 0)
        _exit(90);
    map = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || map[0] != 0 || ftruncate(fd, 0) < 0)
        _exit(91);
    pthread_create(&thread, NULL, read_it, NULL);
    pthread_join(thread, NULL);
    _exit(92);
}

/* How a child ends that reads, with what it wrote to stderr in said. */
static int end_of_reading(char said[static 4096])
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        read_in_a_thread();
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; len < 4095 && (n = read(ends[0], said + len, 4095 - len)) > 0;)
        len += (size_t)n;
    said[len] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

START_TEST(says_what_happened_and_ends)
{
    char said[4096];
    int status = end_of_reading(said);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%x %s", (unsigned)status, said);
    ck_assert_msg(strstr(said, "data.mdb can't be read") != NULL, "%s", said);
}
END_TEST

SUITE_MAIN("bus_error", says_what_happened_and_ends)
