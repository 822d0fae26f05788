#include "module/pam/login.h"

#include <stdlib.h>
#include <string.h>

static const char data_name[] = "pam_stkgate";

static void wipe(pam_handle_t *pamh, void *data, int error_status)
{
    struct login *login = data;

    if (login)
        explicit_bzero(login, login->bytes);
    free(login);
}

int login_keep(pam_handle_t *pamh, const struct question *question, const struct answer *answer)
{
    size_t bytes = sizeof(struct login) + question->credential.length;
    struct login *login = calloc(1, bytes);

    if (!login)
        return PAM_BUF_ERR;
    login->bytes = bytes;
    login->verdict = answer->verdict;
    memcpy(login->scopes, answer->scopes, sizeof login->scopes);
    login->legacy = question->legacy;
    login->credential_len = question->credential.length;
    memcpy(login->credential, question->credential.data, question->credential.length);
    if (pam_set_data(pamh, data_name, login, wipe) == PAM_SUCCESS)
        return PAM_SUCCESS;
    wipe(pamh, login, 0);
    return PAM_BUF_ERR;
}

int login_drop(pam_handle_t *pamh)
{
    return pam_set_data(pamh, data_name, NULL, wipe) == PAM_SUCCESS ? PAM_SUCCESS : PAM_BUF_ERR;
}

struct login *login_get(pam_handle_t *pamh)
{
    union {
        const void *borrowed;
        struct login *ours; /* it was: libpam only looks after it */
    } data = {NULL};

    return pam_get_data(pamh, data_name, &data.borrowed) == PAM_SUCCESS ? data.ours : NULL;
}

void login_forget_credential(struct login *login)
{
    explicit_bzero(login->credential, login->credential_len);
    login->credential_len = 0;
}
