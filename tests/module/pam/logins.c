/* logins.c - who gets in, and what is known of him then: one module in a stack of its own */
#include <stdio.h>
#include <unistd.h>

#include "tests/module/pam/application.h"
#include "tests/suite.h"

#define BOTH                                                                                       \
    "auth required MODULE\n"                                                                       \
    "account required MODULE\n"                                                                    \
    "session required MODULE\n"                                                                    \
    "password required MODULE\n"

/* A reason that was logged: nobody's table of codes tells them apart. */
static void expect_reason(const char *reason)
{
    char text[64];
    snprintf(text, sizeof text, "refused reason=%s ", reason);
    ck_assert_msg(application_logged(text, "pam_stkgate("), "not %s: %s", reason,
                  application_log());
    application_log();
}

START_TEST(each_row_of_the_products_table)
{
    static const struct {
        const char *options, *token, *user;
        int code;
        const char *reason;
    } rows[] = {
        {"", "good", "kasa", PAM_SUCCESS, NULL},
        {"", "trial", "kasa", PAM_AUTH_ERR, "unknown_token"}, /* its kind is not accepted */
        {"service=trials", "trial", "kasa", PAM_SUCCESS, NULL},
        {"service=trials", "good", "kasa", PAM_AUTH_ERR, "unknown_token"},
        {"", "empty", "kasa", PAM_AUTH_ERR, "missing_token"},
        {"", "mistyped", "kasa", PAM_AUTH_ERR, "malformed_token"},
        {"", "word", "kasa", PAM_AUTH_ERR, "malformed_token"},
        {"", "nobodys", "kasa", PAM_AUTH_ERR, "unknown_token"},
        {"", "revoked", "kasa", PAM_AUTH_ERR, "revoked_token"},
        {"", "suspended", "kasa", PAM_AUTH_ERR, "suspended_token"},
        {"", "expired", "kasa", PAM_AUTH_ERR, "expired_token"},
        {"", "good", "other", PAM_AUTH_ERR, "site_mismatch"},
        {"", "good", "Kasa", PAM_AUTH_ERR, "site_mismatch"},
        {"", "good", "kasa ", PAM_AUTH_ERR, "site_mismatch"},
        {"", "good", "root", PAM_AUTH_ERR, "site_mismatch"},
        {"", "browser", "kasa", PAM_PERM_DENIED, "origin_denied"},
        {"", "server", "kasa", PAM_SUCCESS, NULL},
        {"scope=catalog:read", "narrow", "kasa", PAM_SUCCESS, NULL},
        {"scope=catalog:read,cart:write", "narrow", "kasa", PAM_PERM_DENIED, "insufficient_scope"},
        {"service=carts", "narrow", "kasa", PAM_PERM_DENIED, "insufficient_scope"},
        {"cost=61", "good", "kasa", PAM_PERM_DENIED, "cost_exceeds_burst"},
        {"", "spent", "kasa", PAM_MAXTRIES, "rate_limited"},
        {"cost=0", "spent", "kasa", PAM_MAXTRIES, "rate_limited"},
        {"site=kasa", "good", "anybody", PAM_SUCCESS, NULL},
        {"site=other", "good", "kasa", PAM_AUTH_ERR, "site_mismatch"},
        {"", "legacy", "kasa", PAM_AUTH_ERR, "malformed_token"},
        {"legacy", "legacy", "kasa", PAM_SUCCESS, NULL},
        {"legacy", "legacy", "other", PAM_AUTH_ERR, "site_mismatch"},
        {"legacy", "sunset", "kasa", PAM_AUTH_ERR, "legacy_sunset"},
        {"legacy", "good", "kasa", PAM_AUTH_ERR, NULL},
        {"legacy", "empty", "kasa", PAM_AUTH_ERR, "missing_token"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char lines[200];
        const char *token = strcmp(rows[i].token, "empty") == 0  ? ""
                            : strcmp(rows[i].token, "word") == 0 ? "letmein"
                                                                 : application_token(rows[i].token);
        snprintf(lines, sizeof lines, "auth required MODULE %s\n", rows[i].options);
        application_service("row", lines);
        application_log();
        int code = application_login("row", rows[i].user, token);
        ck_assert_msg(code == rows[i].code, "row %zu: %s by %s, %s: %s; %s", i, rows[i].user,
                      rows[i].token, rows[i].options, pam_strerror(NULL, code), application_log());
        if (rows[i].reason)
            expect_reason(rows[i].reason);
    }
}
END_TEST

START_TEST(the_token_is_asked_for_unseen)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(app.asked, 1);
    ck_assert_uint_eq(app.asked_aloud, 0);
    ck_assert_uint_eq(app.told, 0);
    ck_assert_str_eq(app.prompt, "Token: ");
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(app.asked, 1);
    application_end(&app, PAM_SUCCESS);

    application_service("plain", "auth required MODULE [prompt=%s, %n please: ]\n");
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, PAM_SILENT), PAM_SUCCESS);
    ck_assert_str_eq(app.prompt, "%s, %n please: ");
    application_end(&app, PAM_SUCCESS);
}
END_TEST

START_TEST(a_user_who_is_not_known_yet_is_asked_for)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", NULL, "kasa"); /* the answer to both questions */
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_AUTH_ERR);
    ck_assert_uint_eq(app.asked_aloud, 1);
    ck_assert_uint_eq(app.asked, 1);
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

/* A service whose callers need no site id: whose token would it have to be? */
START_TEST(nobody_gets_in_without_a_name)
{
    application_service("anybodys", "auth required MODULE service=anybodys\n");
    ck_assert_int_eq(application_login("anybodys", "kasa", application_token("good")), PAM_SUCCESS);
    ck_assert_int_eq(application_login("anybodys", "", application_token("good")), PAM_AUTH_ERR);
    ck_assert_int_eq(application_login("anybodys", "x", application_token("good")), PAM_AUTH_ERR);
}
END_TEST

START_TEST(a_login_pays_once_and_from_the_bucket_of_all_calls)
{
    const char *token = application_token("three");
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", token);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
        ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        ck_assert_str_eq(application_variable(&app, "STKGATE_REMAINING"), "2");
    }
    application_end(&app, PAM_SUCCESS);
    ck_assert_int_eq(application_login("plain", "other", token), PAM_AUTH_ERR); /* spends nothing */
    ck_assert_int_eq(application_check(token, "--site kasa"), 0);

    /* The last unit lets in, and the account after it. */
    application_start(&app, "plain", "kasa", token);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_str_eq(application_variable(&app, "STKGATE_REMAINING"), "0");
    application_end(&app, PAM_SUCCESS);
    ck_assert_int_eq(application_check(token, "--site kasa"), 2);
    ck_assert_int_eq(application_login("plain", "kasa", token), PAM_MAXTRIES);
}
END_TEST

START_TEST(cost_is_what_a_login_pays)
{
    const char *token = application_token("ten");

    application_service("dear", "auth required MODULE cost=6\n");
    application_service("free", "auth required MODULE cost=0\n");
    ck_assert_int_eq(application_login("free", "kasa", token), PAM_SUCCESS);
    ck_assert_int_eq(application_login("dear", "kasa", token), PAM_SUCCESS);
    ck_assert_int_eq(application_login("dear", "kasa", token), PAM_MAXTRIES);
    ck_assert_int_eq(application_check(token, "--site kasa --cost 4"), 0);
    ck_assert_int_eq(application_login("free", "kasa", token), PAM_MAXTRIES);
}
END_TEST

START_TEST(the_account_line_looks_at_its_own_scopes)
{
    struct application app;

    application_service("scopes",
                        "auth required MODULE\naccount required MODULE scope=cart:write\n");
    application_service("scope",
                        "auth required MODULE\naccount required MODULE scope=catalog:read\n");
    application_service("policy", "auth required MODULE\naccount required MODULE service=carts\n");
    application_start(&app, "scopes", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    application_log();
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_PERM_DENIED);
    expect_reason("insufficient_scope");
    application_end(&app, PAM_PERM_DENIED);
    application_start(&app, "policy", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_PERM_DENIED);
    application_end(&app, PAM_PERM_DENIED);
    application_start(&app, "scope", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

START_TEST(the_account_line_sees_what_became_of_the_token)
{
    struct application app;
    char arguments[100];

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("leaked"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    snprintf(arguments, sizeof arguments, "revoke --yes %s", application_token("leaked_id"));
    ck_assert_int_eq(application_admin(arguments), 0);
    application_log();
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_AUTH_ERR);
    expect_reason("revoked_token");
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

START_TEST(the_account_is_of_the_user_who_came)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(app.pamh, PAM_USER, "root"), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_AUTH_ERR);
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

START_TEST(a_legacy_key_is_one_at_the_account_too)
{
    struct application app;

    application_service("old", "auth required MODULE legacy\naccount required MODULE\n");
    application_start(&app, "old", "kasa", application_token("legacy"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_str_eq(application_variable(&app, "STKGATE_KIND"), "legacy");
    application_end(&app, PAM_SUCCESS);
}
END_TEST

static void expect_variables(const struct application *app, bool there)
{
    ck_assert_str_eq(application_variable(app, "STKGATE_KEY_ID"),
                     there ? application_token("narrow_id") : "");
    ck_assert_str_eq(application_variable(app, "STKGATE_SITE"), there ? "kasa" : "");
    ck_assert_str_eq(application_variable(app, "STKGATE_SCOPES"), there ? "catalog:read" : "");
    ck_assert_str_eq(application_variable(app, "STKGATE_KIND"), there ? "live" : "");
    ck_assert_int_eq(application_variable(app, "STKGATE_REMAINING")[0] != '\0', there);
}

START_TEST(setcred_sets_and_removes_the_environment)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_putenv(app.pamh, "STKGATE_SITE=invented"), PAM_SUCCESS);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    expect_variables(&app, true);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_REINITIALIZE_CRED | PAM_SILENT), PAM_SUCCESS);
    expect_variables(&app, true);
    application_log();
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    expect_variables(&app, false);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    ck_assert_str_eq(application_log(), "");

    /* What was given back is not to be had again. */
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_CRED_UNAVAIL);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_USER_UNKNOWN);
    ck_assert_int_eq(pam_open_session(app.pamh, 0), PAM_SESSION_ERR);
    expect_variables(&app, false);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

START_TEST(without_a_login_of_its_own_it_refuses_all_else)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_USER_UNKNOWN);
    ck_assert_int_eq(pam_putenv(app.pamh, "STKGATE_SITE=invented"), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_CRED_UNAVAIL);
    ck_assert_str_eq(application_variable(&app, "STKGATE_SITE"), "");
    ck_assert_int_eq(pam_open_session(app.pamh, 0), PAM_SESSION_ERR);
    ck_assert_uint_eq(app.asked, 0);
    application_end(&app, PAM_SESSION_ERR);
}
END_TEST

START_TEST(a_login_that_fails_leaves_nothing_of_the_one_before)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    app.password = application_token("nobodys");
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_AUTH_ERR);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_USER_UNKNOWN);
    ck_assert_int_ne(pam_setcred(app.pamh, PAM_REINITIALIZE_CRED), PAM_SUCCESS);
    expect_variables(&app, false);
    ck_assert_int_eq(pam_open_session(app.pamh, 0), PAM_SESSION_ERR);
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

START_TEST(a_session_opens_for_whom_it_let_in_and_forgets_the_token)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_open_session(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_AUTH_ERR); /* nothing to ask about */
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    expect_variables(&app, true);
    ck_assert_int_eq(pam_close_session(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

START_TEST(a_token_is_not_changed_like_a_password)
{
    struct application app;

    application_service("plain", BOTH);
    application_start(&app, "plain", "kasa", application_token("good"));
    ck_assert_int_eq(pam_chauthtok(app.pamh, 0), PAM_PERM_DENIED);
    ck_assert_uint_eq(app.asked, 0);
    ck_assert(application_logged("stkgate admin rotate", "pam_stkgate("));
    application_end(&app, PAM_PERM_DENIED);
}
END_TEST

/* People type the token where their name belongs. */
START_TEST(nothing_that_is_typed_is_logged)
{
    static const char *const secrets[] = {"good", "nobodys", "revoked", "mistyped", "legacy"};

    application_service("plain", BOTH);
    application_service("old", "auth required MODULE legacy\n");
    application_log();
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *secret = application_token(secrets[i]);
        ck_assert_int_eq(application_login("plain", secret, "kasa"), PAM_AUTH_ERR);
        ck_assert_int_eq(application_login("plain", secret, secret), PAM_AUTH_ERR);
        ck_assert_int_eq(application_login("plain", "other", secret), PAM_AUTH_ERR);
        ck_assert_int_eq(application_login("old", secret, "kasa"), PAM_AUTH_ERR);
    }
    const char *log = application_log();
    ck_assert_ptr_nonnull(strstr(log, "refused reason="));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        ck_assert_ptr_null(strstr(log, application_token(secrets[i])));
    ck_assert_ptr_null(strstr(log, "stk_"));
}
END_TEST

START_TEST(a_refusal_is_logged_with_whom_the_table_names)
{
    char whom[100];

    application_service("plain", BOTH);
    application_log();
    ck_assert_int_eq(application_login("plain", "other", application_token("narrow")),
                     PAM_AUTH_ERR);
    snprintf(whom, sizeof whom, "reason=site_mismatch key_id=%s site=kasa",
             application_token("narrow_id"));
    ck_assert_msg(application_logged("pam_stkgate(plain:auth): refused", whom), "%s",
                  application_log());
    application_log();
    ck_assert_int_eq(application_login("plain", "kasa", application_token("good")), PAM_SUCCESS);
    ck_assert_str_eq(application_log(), "");
}
END_TEST

SUITE_MAIN("logins", each_row_of_the_products_table, the_token_is_asked_for_unseen,
           a_user_who_is_not_known_yet_is_asked_for, nobody_gets_in_without_a_name,
           a_login_pays_once_and_from_the_bucket_of_all_calls, cost_is_what_a_login_pays,
           the_account_line_looks_at_its_own_scopes, the_account_line_sees_what_became_of_the_token,
           the_account_is_of_the_user_who_came, a_legacy_key_is_one_at_the_account_too,
           setcred_sets_and_removes_the_environment, without_a_login_of_its_own_it_refuses_all_else,
           a_login_that_fails_leaves_nothing_of_the_one_before,
           a_session_opens_for_whom_it_let_in_and_forgets_the_token,
           a_token_is_not_changed_like_a_password, nothing_that_is_typed_is_logged,
           a_refusal_is_logged_with_whom_the_table_names)
