/* fixture.h - a table in a temporary directory, and changes to put into it
 *
 * Whatever goes wrong in here fails the test.
 */
#ifndef STKGATE_TESTS_DAEMON_STORE_FIXTURE_H
#define STKGATE_TESTS_DAEMON_STORE_FIXTURE_H

#include "daemon/store/change.h"
#include "daemon/store/tables.h"

#define FIXTURE_PATH_MAX 512
#define FIXTURE_NOW      INT64_C(1700000000)
#define FIXTURE_UID      1234

/* A new directory, 0700; and the end of it with all that is in it. */
void fixture_make_dir(char ret[static FIXTURE_PATH_MAX]);
void fixture_remove_dir(const char *dir);
void fixture_path(const char *dir, const char *name, char ret[static FIXTURE_PATH_MAX]);

/* Open, making it when it is not there; map of 256 MiB. */
struct store *fixture_open(const char *dir);

/* Credential number n: its own key_id and digest; live, of site "kasa", all built-in scopes. */
struct fixture_token {
    char key_id[KEY_ID_LEN + 1];
    char prefix[SECRET_PREFIX_LEN + 1];
    char name[NAME_MAX_LEN + 1];
    struct record record; /* borrows from the above */
};
void fixture_token(unsigned n, struct fixture_token *ret);
struct text fixture_key_id(unsigned n, char ret[static KEY_ID_LEN + 1]);

/* A change at FIXTURE_NOW by FIXTURE_UID. */
void fixture_change(enum change_verb verb, struct change *ret);
void fixture_put_record(const struct record *record, struct change *ret);
void fixture_mint(unsigned n, struct change *ret);
void fixture_legacy(unsigned n, struct change *ret);
/* Number n is rotated into number successor, with grace_s of grace. */
void fixture_rotate(unsigned n, unsigned successor, uint64_t grace_s, struct change *ret);
void fixture_revoke(unsigned n, const char *reason, struct change *ret);
/* Any verb that names number n and carries nothing else. */
void fixture_order(enum change_verb verb, unsigned n, struct change *ret);
/* Number n gets what fields names (enum edit_field) of wanted: a record that can be encoded. */
void fixture_edit(unsigned n, unsigned fields, const struct record *wanted, struct change *ret);

/* Apply one change in a transaction of its own, without a committer. Returns result->error. */
int fixture_apply(struct store *store, const struct change *change, struct change_result *result);
/* Must succeed. */
void fixture_must_apply(struct store *store, const struct change *change);

#endif
