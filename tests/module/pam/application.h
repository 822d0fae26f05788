/* application.h - a program that lets people in by PAM, for tests
 *
 * libpam is the real one, by pam_start_confdir(3); service files are written by the tests, and name
 * the built module. What libpam and its modules log ends here and not in the system's log.
 * test_pam_stkgate.sh starts the daemon and mints: tokens have names here, and a test asks for them
 * by these.
 */
#ifndef STKGATE_TESTS_MODULE_PAM_APPLICATION_H
#define STKGATE_TESTS_MODULE_PAM_APPLICATION_H

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>

struct application {
    pam_handle_t *pamh;
    const char *password;  /* the answer; NULL: none is given */
    int conversation_code; /* is returned */
    bool talks_nonsense;   /* sets no response at all */
    unsigned asked;        /* for something that is not echoed */
    unsigned asked_aloud, told;
    char prompt[128]; /* of the last question */
};

/* The text of the token or key of this name. */
const char *application_token(const char *name);

/* $STKGATE_RUNTIME. */
const char *application_runtime(void);

/* A service file. In lines, "MODULE" stands for the built module, socket= of the test's daemon, and
 * timeout=20s where no timeout= is in them; "BARE" for the module alone. */
void application_service(const char *service, const char *lines);
/* With options behind each MODULE. */
void application_service_with(const char *service, const char *lines, const char *options);

/* A handle for this user, who will answer with password. user may be NULL: unknown yet. */
void application_start(struct application *app, const char *service, const char *user,
                       const char *password);
/* As applications end it, with the last result. */
void application_end(struct application *app, int result);

/* All at once: what pam_authenticate() comes to. */
int application_login(const char *service, const char *user, const char *password);

/* Of PAM's environment; "" when it is not set. */
const char *application_variable(const struct application *app, const char *name);

/* What was logged until now, and is forgotten. Valid until the next call. */
const char *application_log(void);
/* A line has both. */
bool application_logged(const char *text, const char *also);

/* Of the daemon, by `stkgate admin`, and by `stkgate check` of that token: its exit status. */
int application_admin(const char *arguments);
int application_check(const char *token, const char *arguments);

#endif
