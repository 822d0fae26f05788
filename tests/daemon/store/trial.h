/* trial.h - a table for tests of what changes do to it
 *
 * Whatever goes wrong in here fails the test.
 */
#ifndef STKGATE_TESTS_DAEMON_STORE_TRIAL_H
#define STKGATE_TESTS_DAEMON_STORE_TRIAL_H

#include "daemon/store/audit.h"
#include "tests/daemon/store/fixture.h"

struct trial {
    char dir[FIXTURE_PATH_MAX];
    struct store *store;
};

void trial_begin(struct trial *t);
void trial_end(struct trial *t);

void trial_mint(struct trial *t, unsigned n);
uint64_t trial_seq(struct trial *t);

/* These between store_read_begin() and end. */
struct record trial_find(struct trial *t, unsigned n);
struct audit_entry trial_last_audit(struct trial *t);
unsigned trial_listed(struct trial *t, struct text site);

void trial_assert_text(struct text t, const char *expected);
/* With that error, and nothing of the table has changed. */
void trial_assert_refused(struct trial *t, const struct change *change, int error);

#endif
