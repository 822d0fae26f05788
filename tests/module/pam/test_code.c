/* What PAM is told of each verdict. */
#include <errno.h>
#include <security/pam_modules.h>

#include "module/pam/code.h"
#include "tests/suite.h"

#define REASONS 40 /* more than there are */

static struct stkgate_verdict verdict_of(uint32_t status, uint32_t reason)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    verdict.status = status;
    verdict.reason = reason;
    return verdict;
}

START_TEST(each_reason_has_its_code)
{
    const struct {
        uint32_t status, reason;
        int login, account;
    } rows[] = {
        {200, STKGATE_OK, PAM_SUCCESS, PAM_SUCCESS},
        {401, STKGATE_MISSING_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_MALFORMED_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_UNKNOWN_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_REVOKED_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_SUSPENDED_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_EXPIRED_TOKEN, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_LEGACY_SUNSET, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {401, STKGATE_SITE_MISMATCH, PAM_AUTH_ERR, PAM_AUTH_ERR},
        {403, STKGATE_ORIGIN_DENIED, PAM_PERM_DENIED, PAM_PERM_DENIED},
        {403, STKGATE_INSUFFICIENT_SCOPE, PAM_PERM_DENIED, PAM_PERM_DENIED},
        {403, STKGATE_COST_EXCEEDS_BURST, PAM_PERM_DENIED, PAM_PERM_DENIED},
        {429, STKGATE_RATE_LIMITED, PAM_MAXTRIES, PAM_SUCCESS},
        {503, STKGATE_UNAVAILABLE, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stkgate_verdict verdict = verdict_of(rows[i].status, rows[i].reason);
        ck_assert_uint_eq(rows[i].reason, i); /* none is left out */
        ck_assert_int_eq(code_of_login(&verdict), rows[i].login);
        ck_assert_int_eq(code_of_account(&verdict), rows[i].account);
    }
    ck_assert_str_eq(stkgate_reason_string(sizeof rows / sizeof rows[0]), "unknown");
}
END_TEST

START_TEST(nothing_is_success_by_its_status_or_its_reason_alone)
{
    for (uint32_t reason = 0; reason < REASONS; reason++)
        for (uint32_t status = 0; status < 600; status++) {
            struct stkgate_verdict verdict = verdict_of(status, reason);
            int login = code_of_login(&verdict), account = code_of_account(&verdict);
            ck_assert_int_ne(login, PAM_IGNORE);
            ck_assert_int_ne(account, PAM_IGNORE);
            ck_assert_int_eq(login == PAM_SUCCESS, status == 200 && reason == STKGATE_OK);
            if (account == PAM_SUCCESS && login != PAM_SUCCESS)
                ck_assert(status == 429 && reason == STKGATE_RATE_LIMITED);
        }
}
END_TEST

START_TEST(a_call_that_failed_is_never_success)
{
    for (int error = 0; error < 200; error++) {
        int code = code_of_failure(-error);
        ck_assert_int_eq(code, error == ENOMEM ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL);
    }
}
END_TEST

SUITE_MAIN("code", each_reason_has_its_code, nothing_is_success_by_its_status_or_its_reason_alone,
           a_call_that_failed_is_never_success)
