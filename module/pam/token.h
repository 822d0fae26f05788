/* token.h - the password of a login, from the stack or by asking
 */
#ifndef STKGATE_PAM_TOKEN_H
#define STKGATE_PAM_TOKEN_H

#include <security/pam_modules.h>

#include "module/pam/options.h"

/* PAM_AUTHTOK when a module before this one has set it; else what the application's conversation
 * answers to options->prompt, echo off, which is made PAM_AUTHTOK for the modules behind.
 * *ret_token is libpam's, until pam_authenticate() returns: libpam wipes it then. It may be empty.
 *
 * Not pam_get_authtok(): when the conversation fails that one tells the user that a change of
 * password was aborted, and an event-driven application gets no second chance.
 *
 * PAM_SUCCESS; PAM_INCOMPLETE: the application will call once more; PAM_BUF_ERR; PAM_AUTH_ERR:
 * there is none, and options say not to ask; PAM_CONV_ERR: it was not answered. Nothing else,
 * whatever code a conversation makes up. */
int token_get(pam_handle_t *pamh, const struct options *options, const char **ret_token);

/* The user's name, libpam's, asked for when the application has not told it. It may be empty. Codes
 * as above. */
int token_user(pam_handle_t *pamh, const char **ret_user);

#endif
