/* login.h - what is kept of a login, from pam_authenticate() to pam_end()
 *
 * It belongs to the PAM handle, which is one thread's at a time, and is wiped when that ends or
 * another login takes its place. The credential is kept as long as pam_acct_mgmt() may ask about it
 * again: libpam wipes its own copy when pam_authenticate() returns.
 */
#ifndef STKGATE_PAM_LOGIN_H
#define STKGATE_PAM_LOGIN_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "module/pam/gate.h"

struct login {
    size_t bytes; /* of all of it */
    struct stkgate_verdict verdict;
    char scopes[STKGATE_SCOPES_MAX];
    bool legacy; /* the credential is an X-API-Key */
    size_t credential_len;
    char credential[]; /* no NUL behind; nothing when it was forgotten */
};

/* Keep that this question was answered so, a verdict that lets in. PAM_SUCCESS, or PAM_BUF_ERR, and
 * nothing is kept. */
int login_keep(pam_handle_t *pamh, const struct question *question, const struct answer *answer);

/* Nothing is kept any more. PAM_SUCCESS; or PAM_BUF_ERR: libpam could not tell whether there was
 * anything. */
int login_drop(pam_handle_t *pamh);

/* The one that is kept, or NULL: nobody has logged in through this module with this handle. It is
 * the handle's. */
struct login *login_get(pam_handle_t *pamh);

/* The credential is not needed any more. */
void login_forget_credential(struct login *login);

#endif
