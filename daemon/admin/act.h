/* act.h - one change of one credential: call the daemon, and say what was done
 */
#ifndef STKGATE_ADMIN_ACT_H
#define STKGATE_ADMIN_ACT_H

#include "daemon/admin/admin.h"

struct act {
    const char *method; /* "POST" */
    struct admin_place place;
    const char *member, *value; /* what the body has; value NULL: there is no body */
    const char *done; /* "revoked": "revoked key_4tGvQ2mZx8LrB1sN of site kasa: in force in ..." */
};

/* With --json the daemon's answer is printed instead. Returns the exit status; a failure is
 * printed. */
int act_run(struct admin *admin, const struct act *what);

/* The same, and the answer: EXIT_STATUS_OK, nothing is printed yet, *ret is to be released. */
int act_call(struct admin *admin, const struct act *what, json_t **ret);

/* "revoked key_4tGvQ2mZx8LrB1sN of site kasa", without an end of the line. */
void act_write_done(const char *done, const json_t *token);

/* How far the change reaches that this is the answer to: ": in force in 3 attached processes, and
 * for whoever asks the daemon"; "" when the daemon does not say. */
#define ACT_REACH_MAX 112
void act_reach(const json_t *answer, char ret[static ACT_REACH_MAX]);

#endif
