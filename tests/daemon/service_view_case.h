/* service_view_case.h - a service and its view, for tests of service_view.c: one for each program
 */
#ifndef STKGATE_TESTS_DAEMON_SERVICE_VIEW_CASE_H
#define STKGATE_TESTS_DAEMON_SERVICE_VIEW_CASE_H

#include <sys/mman.h>
#include <unistd.h>

#include "lib/view/lease.h"
#include "tests/daemon/fixture.h"
#include "tests/daemon/kept.h"
#include "tests/suite.h"

/* No test here is about the disk. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return 0;
}

static struct fixture fixture;
static struct fdstore left; /* by the daemon before */

static inline void work(void)
{
    while (service_work(fixture.service, 0))
        continue;
}

static inline struct view_stats stats(void)
{
    struct view_stats ret;

    service_view_stats(fixture.service, &ret);
    return ret;
}

/* Nothing flows into its bucket while a test runs. */
static inline struct fixture_outcome mint(void)
{
    struct mint wanted = fixture_kasa();
    wanted.limit.window_ns = UINT64_C(86400000000000);
    struct fixture_outcome outcome = fixture_mint(&fixture, &wanted);

    ck_assert_int_eq(outcome.error, 0);
    return outcome;
}

static inline enum reason reason_of(const struct fixture_outcome *minted)
{
    return fixture_check(&fixture, "default", minted->secret, "kasa").reason;
}

/* As the next daemon under the same service manager does. */
static inline void restart(void)
{
    kept_give(&left);
    fixture.inherited = &left;
    fixture_restart(&fixture);
    fdstore_close(&left);
    fixture.inherited = NULL;
}

/* What a client has. */
static inline struct view map(void)
{
    struct handout handout;
    struct view view;

    ck_assert_int_eq(service_handout(fixture.service, &handout), 0);
    void *bytes = mmap(NULL, handout.view_bytes, PROT_READ, MAP_SHARED, handout.view_fd, 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    ck_assert_int_eq(view_open(bytes, handout.view_bytes, &view), 0);
    return view;
}

static inline bool is_in_force(const struct view *view)
{
    struct lease lease;

    lease_read(view, &lease);
    return lease_holds(&lease, service_mono_ns());
}

#endif
