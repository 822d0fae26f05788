/* pam_stkgate.c - a PAM module: the user is a merchant's site, the password one of its tokens
 *
 * A login is a call, and pays as one, in pam_sm_authenticate(). The module has no variable of its
 * own: what is kept belongs to a PAM handle.
 */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "module/pam/code.h"
#include "module/pam/environment.h"
#include "module/pam/gate.h"
#include "module/pam/login.h"
#include "module/pam/options.h"
#include "module/pam/token.h"

#define EXPORT __attribute__((visibility("default")))

static int read_options(pam_handle_t *pamh, int argc, const char **argv, struct options *ret)
{
    char complaint[OPTIONS_COMPLAINT_MAX];

    if (options_parse(argc, argv, ret, complaint) == 0)
        return PAM_SUCCESS;
    pam_syslog(pamh, LOG_ERR, "refused: in the service file, %s", complaint);
    return PAM_SERVICE_ERR;
}

static const char *advice(int error)
{
    switch (error) {
    case -EPERM: return "; this user may not ask as this service: see callers in services.d";
    case -EACCES: return "; the socket is not for this user";
    case -ENOENT:
    case -ECONNREFUSED: return "; is stkgate.socket started?";
    default: return "";
    }
}

/* The code that PAM gets, by code_of. What is logged names whom the table names. Never the user:
 * people type tokens where their name belongs. */
static int conclude(pam_handle_t *pamh, int r, const struct answer *answer,
                    int (*code_of)(const struct stkgate_verdict *))
{
    const struct stkgate_verdict *verdict = &answer->verdict;
    int code;

    if (r < 0 && answer->misconfigured) {
        pam_syslog(pamh, LOG_ERR, "refused: in the service file, %s: %s", answer->failed,
                   r == -ENXIO ? "no such scope is registered" : "not a valid name");
        return PAM_SERVICE_ERR;
    }
    if (r < 0) {
        pam_syslog(pamh, LOG_ERR, "refused: no verdict, %s failed: %s%s", answer->failed,
                   strerrordesc_np(-r), advice(r));
        return code_of_failure(r);
    }
    code = code_of(verdict);
    if (code != PAM_SUCCESS)
        pam_syslog(pamh, LOG_INFO, "refused reason=%s key_id=%s site=%s",
                   stkgate_reason_string(verdict->reason),
                   verdict->key_id[0] ? verdict->key_id : "-",
                   verdict->site[0] ? verdict->site : "-");
    return code;
}

/* Whose token it has to be: site=, or the user. A service may need no site id of its callers; a
 * login without one would be anybody's. */
static int find_site(pam_handle_t *pamh, const struct options *options, struct stkgate_text *ret)
{
    const char *site = options->site;
    int r = site ? PAM_SUCCESS : token_user(pamh, &site);

    if (r != PAM_SUCCESS)
        return r;
    if (site[0] == '\0') {
        pam_syslog(pamh, LOG_INFO, "refused: no user, so no site");
        return PAM_AUTH_ERR;
    }
    *ret = stkgate_text(site);
    return PAM_SUCCESS;
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options;
    struct question question = {.options = &options};
    struct answer answer;
    const char *token;
    int r;

    /* A login that fails leaves nothing of the one before it. */
    if ((r = login_drop(pamh)) != PAM_SUCCESS)
        return r;
    if ((r = read_options(pamh, argc, argv, &options)) != PAM_SUCCESS)
        return r;
    if ((r = find_site(pamh, &options, &question.site)) != PAM_SUCCESS)
        return r;
    if ((r = token_get(pamh, &options, &token)) != PAM_SUCCESS)
        return r;
    question.credential = stkgate_text(token);
    question.legacy = options.legacy;
    r = conclude(pamh, gate_ask(&question, &answer), &answer, code_of_login);
    return r == PAM_SUCCESS ? login_keep(pamh, &question, &answer) : r;
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct login *login = login_get(pamh);

    if ((unsigned)flags & PAM_DELETE_CRED) {
        environment_unset(pamh);
        return login_drop(pamh) == PAM_SUCCESS ? PAM_SUCCESS : PAM_CRED_ERR;
    }
    if (!login) {
        environment_unset(pamh); /* of an earlier login */
        return PAM_CRED_UNAVAIL;
    }
    return environment_set(pamh, login) == PAM_SUCCESS ? PAM_SUCCESS : PAM_CRED_ERR;
}

/* Whether the token still holds, and has the scopes that this line names. Spends nothing. */
EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct login *login = login_get(pamh);
    struct options options;
    struct question question = {.options = &options, .peek = true};
    struct answer answer;
    int r;

    if ((r = read_options(pamh, argc, argv, &options)) != PAM_SUCCESS)
        return r;
    if (!login) {
        pam_syslog(pamh, LOG_INFO, "refused: no token let this login in");
        return PAM_USER_UNKNOWN;
    }
    if ((r = find_site(pamh, &options, &question.site)) != PAM_SUCCESS)
        return r;
    /* One that was forgotten is none: missing_token. */
    question.credential = (struct stkgate_text){login->credential, login->credential_len};
    question.legacy = login->legacy;
    return conclude(pamh, gate_ask(&question, &answer), &answer, code_of_account);
}

/* There is nothing to open; but the session is nobody's whom this module has not let in, and the
 * token has done its work. */
EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct login *login = login_get(pamh);

    if (!login)
        return PAM_SESSION_ERR;
    login_forget_credential(login);
    return PAM_SUCCESS;
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return PAM_SUCCESS;
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    if ((unsigned)flags & PAM_PRELIM_CHECK)
        pam_syslog(pamh, LOG_NOTICE,
                   "refused: a token is not chosen but made, by stkgate admin rotate");
    return PAM_PERM_DENIED;
}
