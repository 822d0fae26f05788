/* direct.h - a daemon that hands out a view, and a handle on it: one of each for a test
 */
#ifndef STKGATE_TESTS_MODULE_CLIENT_DIRECT_H
#define STKGATE_TESTS_MODULE_CLIENT_DIRECT_H

#include <dirent.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module/client/handle.h"
#include "tests/module/client/call.h"
#include "tests/module/client/fake_view.h"

/* For tests in which no deadline is to pass, on whatever machine. */
#define DIRECT_PATIENT_MS 20000

static struct fake fake;
static struct fake_view view;
static struct view_bucket *bucket; /* of CALL_TOKEN */

/* Nothing was asked yet. The lease is in force for the time of a test. */
static inline stkgate *direct_begin(uint32_t deadline_ms)
{
    struct record record = fake_view_record(CALL_TOKEN);
    fake_view_make(&view, 4);
    bucket = fake_view_put(&view, &record);
    fake_view_lease(&view, 4.9);
    fake_init(&fake);
    fake.direct = true;
    fake.handout = &view.handout;
    fake_start(&fake);
    return call_open(&fake, deadline_ms);
}

static inline void direct_end(stkgate *gate)
{
    stkgate_close(gate);
    fake_deinit(&fake);
    fake_view_free(&view);
}

/* It has asked once, and has the view. */
static inline stkgate *direct_begin_attached(uint32_t deadline_ms)
{
    stkgate *gate = direct_begin(deadline_ms);
    ck_assert_int_eq(call_check(gate), 0);
    ck_assert_uint_eq(fake.checks, 1);
    ck_assert_uint_eq(fake.attaches, 1);
    ck_assert_ptr_nonnull(mappings_current(&gate->mappings));
    return gate;
}

static inline void direct_expect_asked(unsigned checks, unsigned attaches)
{
    ck_assert_uint_eq(fake.checks, checks);
    ck_assert_uint_eq(fake.attaches, attaches);
}

/* Calls are answered, and nobody is asked. */
static inline void direct_expect_alone(stkgate *gate)
{
    unsigned checks = fake.checks, attaches = fake.attaches;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call_check(gate), 0);
    direct_expect_asked(checks, attaches);
}

static inline void direct_set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store(word, value);
}

/* How many views this process has mapped as a reader does. */
static inline unsigned direct_views_mapped(void)
{
    char line[4096];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, " r--s ") != NULL && strstr(line, "memfd:stkgate-view") != NULL;
    fclose(maps);
    return count;
}

static inline unsigned direct_open_descriptors(void)
{
    unsigned count = 0;
    DIR *fds = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(fds);
    while (readdir(fds) != NULL)
        count++;
    closedir(fds);
    return count;
}

/* A child's failure must not look like check's own: it says where, and ends. */
#define DIRECT_DEMAND(condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so in the child: %s\n", __FILE__, __LINE__, #condition);   \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static inline void direct_expect_child_ends_well(pid_t pid)
{
    int status;
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: status %#x", status);
}

/* As call_check(), for a child. */
static inline int direct_check_in_child(stkgate *gate)
{
    struct stkgate_request request = call_request();
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    int r = stkgate_check(gate, &request, &verdict);
    DIRECT_DEMAND(r < 0 ? verdict.status == 503 : verdict.status == 200);
    return r;
}

#endif
