/* environment.h - a login as variables of PAM, for the programs that the application starts
 *
 *     STKGATE_KEY_ID STKGATE_SITE STKGATE_SCOPES STKGATE_KIND STKGATE_REMAINING
 */
#ifndef STKGATE_PAM_ENVIRONMENT_H
#define STKGATE_PAM_ENVIRONMENT_H

#include <security/pam_modules.h>

#include "module/pam/login.h"

/* All of them, or, when memory is short, none: PAM_SUCCESS or PAM_BUF_ERR. */
int environment_set(pam_handle_t *pamh, const struct login *login);

/* None of them, whoever has set them. */
void environment_unset(pam_handle_t *pamh);

#endif
