#include "module/pam/environment.h"

#include <inttypes.h>
#include <security/pam_appl.h>
#include <stdio.h>

#include "module/face/kind.h"

static const char *const names[] = {"STKGATE_KEY_ID", "STKGATE_SITE", "STKGATE_SCOPES",
                                    "STKGATE_KIND", "STKGATE_REMAINING"};
#define NAMES (sizeof names / sizeof names[0])

int environment_set(pam_handle_t *pamh, const struct login *login)
{
    char remaining[24];
    const char *const values[NAMES] = {login->verdict.key_id, login->verdict.site, login->scopes,
                                       face_kind_name(login->verdict.kind), remaining};

    snprintf(remaining, sizeof remaining, "%" PRIu64, login->verdict.remaining);
    for (size_t i = 0; i < NAMES; i++) {
        char variable[sizeof "STKGATE_REMAINING=" + STKGATE_SCOPES_MAX];
        snprintf(variable, sizeof variable, "%s=%s", names[i], values[i]);
        if (pam_putenv(pamh, variable) != PAM_SUCCESS) {
            environment_unset(pamh);
            return PAM_BUF_ERR;
        }
    }
    return PAM_SUCCESS;
}

void environment_unset(pam_handle_t *pamh)
{
    for (size_t i = 0; i < NAMES; i++)
        if (pam_getenv(pamh, names[i])) /* libpam complains of one that is not there */
            (void)pam_putenv(pamh, names[i]);
}
