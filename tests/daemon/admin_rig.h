/* admin_rig.h - calls on the admin face of an http_rig, for tests
 *
 * Each fails the test when the answer is not as it must be: its status, and the fields and members
 * that all answers have.
 */
#ifndef STKGATE_TESTS_DAEMON_ADMIN_RIG_H
#define STKGATE_TESTS_DAEMON_ADMIN_RIG_H

#include <jansson.h>

#include "tests/daemon/http_rig.h"

/* rig_serve_faces(), without configuration. */
void admin_rig_start(struct rig *rig);

/* The last answer. */
extern struct answer admin_rig_answer;

/* target: with its query. The body as JSON, to be given back with json_decref(). */
json_t *admin_rig_call(const struct rig *rig, unsigned status, const char *method,
                       const char *target, const char *body);
/* The call's only point is its status, and that the answer has this part. */
void admin_rig_expect(const struct rig *rig, unsigned status, const char *method,
                      const char *target, const char *body, const char *part);

struct admin_rig_row {
    const char *method, *target, *body;
    unsigned status;
    const char *part;
};
/* Of a 405, part is the whole of Allow. */
void admin_rig_expect_all(const struct rig *rig, const struct admin_rig_row *rows, size_t count);

/* NULL when it is no text. Borrowed. */
const char *admin_rig_text(const json_t *object, const char *name);
/* Of a member that must be a number. */
json_int_t admin_rig_number(const json_t *object, const char *name);

/* "/v1/tokens/KEY_ID" and verb, which may be empty. Static storage, for so many calls. */
#define ADMIN_RIG_TARGETS 8
const char *admin_rig_target(const struct rig_token *token, const char *verb);

/* The status of a check of this token, of site kasa, on the other face. */
unsigned admin_rig_check(const struct rig *rig, const char *secret);

#endif
