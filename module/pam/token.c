#include "module/pam/token.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>

/* An application's conversation returns what it likes, PAM_IGNORE included, and libpam hands it on:
 * none of it may become the module's own word. */
static int code_of_conversation(int r)
{
    switch (r) {
    case PAM_CONV_AGAIN:
    case PAM_INCOMPLETE: return PAM_INCOMPLETE;
    case PAM_BUF_ERR: return PAM_BUF_ERR;
    default: return PAM_CONV_ERR;
    }
}

int token_user(pam_handle_t *pamh, const char **ret_user)
{
    const char *user = NULL;
    int r = pam_get_user(pamh, &user, NULL);

    if (r != PAM_SUCCESS || !user)
        return code_of_conversation(r);
    *ret_user = user;
    return PAM_SUCCESS;
}

int token_get(pam_handle_t *pamh, const struct options *options, const char **ret_token)
{
    const void *item = NULL;
    char *answer = NULL;
    int r = pam_get_item(pamh, PAM_AUTHTOK, &item);

    if (r == PAM_SUCCESS && !item) {
        if (options->first_pass)
            return PAM_AUTH_ERR;
        r = pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", options->prompt);
        if (r == PAM_SUCCESS && answer)
            r = pam_set_item(pamh, PAM_AUTHTOK, answer);
        if (answer) {
            explicit_bzero(answer, strlen(answer));
            free(answer);
        }
        if (r == PAM_SUCCESS)
            r = pam_get_item(pamh, PAM_AUTHTOK, &item);
    }
    if (r != PAM_SUCCESS || !item)
        return code_of_conversation(r);
    *ret_token = item;
    return PAM_SUCCESS;
}
