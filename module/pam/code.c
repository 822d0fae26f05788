#include "module/pam/code.h"

#include <errno.h>
#include <security/pam_modules.h>

int code_of_login(const struct stkgate_verdict *verdict)
{
    switch ((enum stkgate_reason)verdict->reason) {
    case STKGATE_OK: return verdict->status == 200 ? PAM_SUCCESS : PAM_AUTH_ERR;
    case STKGATE_MISSING_TOKEN:
    case STKGATE_MALFORMED_TOKEN:
    case STKGATE_UNKNOWN_TOKEN:
    case STKGATE_REVOKED_TOKEN:
    case STKGATE_SUSPENDED_TOKEN:
    case STKGATE_EXPIRED_TOKEN:
    case STKGATE_LEGACY_SUNSET:
    case STKGATE_SITE_MISMATCH: return PAM_AUTH_ERR;
    case STKGATE_ORIGIN_DENIED:
    case STKGATE_INSUFFICIENT_SCOPE:
    case STKGATE_COST_EXCEEDS_BURST: return PAM_PERM_DENIED;
    case STKGATE_RATE_LIMITED: return PAM_MAXTRIES;
    case STKGATE_UNAVAILABLE: return PAM_AUTHINFO_UNAVAIL;
    }
    return PAM_AUTH_ERR;
}

int code_of_account(const struct stkgate_verdict *verdict)
{
    /* The last row of the table: all others were passed. */
    if (verdict->reason == STKGATE_RATE_LIMITED && verdict->status == 429)
        return PAM_SUCCESS;
    return code_of_login(verdict);
}

int code_of_failure(int error)
{
    return error == -ENOMEM ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
}
