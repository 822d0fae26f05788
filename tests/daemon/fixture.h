/* fixture.h - a service on a table of its own in a temporary directory, for tests
 */
#ifndef STKGATE_TESTS_DAEMON_FIXTURE_H
#define STKGATE_TESTS_DAEMON_FIXTURE_H

#include <limits.h>

#include "daemon/service.h"

struct fixture {
    char dir[PATH_MAX];
    struct store *store;
    struct committer *committer;
    struct service *service;
    struct fdstore *inherited; /* for the next start; or NULL */
};

/* config_text: service files as {"name", "text"} pairs up to a NULL name; or NULL. Aborts the test
 * on failure. */
struct fixture_file {
    const char *path; /* below the configuration directory, such as "services.d/shop.conf" */
    const char *text;
};
void fixture_open(struct fixture *fixture, const struct fixture_file *files);
/* Close and open again, as a restart does. */
void fixture_restart(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* What came of a change, with the texts copied. */
struct fixture_outcome {
    int error;
    char key_id[KEY_ID_LEN + 1];
    char secret[TOKEN_LEN + 1];
    enum record_state state;
    uint64_t remaining;
};

/* Each submits and waits for the commit. -errno of the submission stands in error, too. */
struct fixture_outcome fixture_mint(struct fixture *fixture, const struct mint *mint);
struct fixture_outcome fixture_rotate(struct fixture *fixture, const char *key_id,
                                      uint64_t grace_s);
struct fixture_outcome fixture_revoke(struct fixture *fixture, const char *key_id,
                                      const char *reason);
struct fixture_outcome fixture_suspend(struct fixture *fixture, const char *key_id,
                                       const char *reason);
struct fixture_outcome fixture_resume(struct fixture *fixture, const char *key_id);
struct fixture_outcome fixture_edit(struct fixture *fixture, const char *key_id,
                                    const struct edit *edit);
struct fixture_outcome fixture_rotate_finish(struct fixture *fixture, const char *key_id);
struct fixture_outcome fixture_rotate_cancel(struct fixture *fixture, const char *key_id);
struct fixture_outcome fixture_rotate_shorten(struct fixture *fixture, const char *key_id,
                                              uint64_t grace_s);
struct fixture_outcome fixture_legacy_remove(struct fixture *fixture, const char *key_id);
struct fixture_outcome fixture_scope_add(struct fixture *fixture, const char *name);

/* A live token of site "kasa", all four scopes, no origins, 60 a minute. */
struct mint fixture_kasa(void);

/* Check a token's text as the service of this name, for site. */
struct verdict fixture_check(struct fixture *fixture, const char *as, const char *token,
                             const char *site);

/* Why a legacy key of site kasa is refused, or REASON_OK. */
enum reason fixture_legacy_reason(struct fixture *fixture, const char *key);

/* mkdtemp, and rm -r for what it holds. */
void fixture_make_dir(char path[static PATH_MAX]);
void fixture_remove_dir(const char *path);
void fixture_write(const char *dir, const char *path, const char *text);

#endif
