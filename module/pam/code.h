/* code.h - what PAM is told of a verdict
 *
 * Each reason has its code; what is new or unknown is a refusal. PAM_IGNORE is none of them: a
 * stack takes it as if the module did not stand in it. Pure.
 */
#ifndef STKGATE_PAM_CODE_H
#define STKGATE_PAM_CODE_H

#include "stkgate.h"

/* For pam_sm_authenticate(). PAM_SUCCESS for a verdict of 200 alone; all that is wrong with token
 * or site is one and the same PAM_AUTH_ERR: who guesses learns nothing. */
int code_of_login(const struct stkgate_verdict *verdict);

/* For pam_sm_acct_mgmt(), of a login that has been let in. The same; but a bucket without a unit
 * left is no reason to refuse: that login may have spent the last, and nothing is spent here. */
int code_of_account(const struct stkgate_verdict *verdict);

/* Of a call that failed, by its -errno: PAM_AUTHINFO_UNAVAIL, or PAM_BUF_ERR without memory. Never
 * PAM_SUCCESS. */
int code_of_failure(int error);

#endif
