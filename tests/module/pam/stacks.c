/* stacks.c - the module among others, and the lines that operators write */
#include <stdio.h>

#include "tests/module/pam/application.h"
#include "tests/suite.h"

/* Stacks in which a module that says PAM_IGNORE lets everybody in, and one that must not refuse
 * whom the module lets in. */
static const char *const open_doors[] = {
    "auth required MODULE\nauth required pam_permit.so\n",
    "auth requisite MODULE\nauth required pam_permit.so\n",
    "auth [success=ok ignore=ignore default=die] MODULE\nauth required pam_permit.so\n",
    "auth [success=ok ignore=done default=bad] MODULE\nauth required pam_permit.so\n",
    ("auth [ignore=1 success=1 default=bad] MODULE\nauth requisite pam_deny.so\n"
     "auth required pam_permit.so\n"),
    "auth sufficient MODULE\nauth [success=ignore ignore=ignore default=die] pam_deny.so\n",
};
#define DOORS (sizeof open_doors / sizeof open_doors[0])

START_TEST(nobody_gets_in_where_ignoring_the_module_would_let_him)
{
    const struct {
        const char *options, *user, *password;
        int conversation_code;
    } rows[] = {
        {"", "kasa", application_token("nobodys"), PAM_SUCCESS},
        {"", "kasa", application_token("revoked"), PAM_SUCCESS},
        {"", "other", application_token("good"), PAM_SUCCESS},
        {"", "kasa", application_token("browser"), PAM_SUCCESS},
        {"", "kasa", application_token("spent"), PAM_SUCCESS},
        {"", "kasa", "", PAM_SUCCESS},
        {"", "kasa", NULL, PAM_SUCCESS},
        {"", "", application_token("good"), PAM_SUCCESS},
        {"", "kasa", application_token("good"), PAM_IGNORE},
        {"", "kasa", application_token("good"), PAM_CONV_ERR},
        {"", NULL, application_token("good"), PAM_IGNORE},
        {"scope=cart:write", "kasa", application_token("narrow"), PAM_SUCCESS},
        {"scope=no:such", "kasa", application_token("good"), PAM_SUCCESS},
        {"unknown=option", "kasa", application_token("good"), PAM_SUCCESS},
        {"service=no/such", "kasa", application_token("good"), PAM_SUCCESS},
        {"use_first_pass", "kasa", application_token("good"), PAM_SUCCESS},
    };
    for (size_t door = 0; door < DOORS; door++) {
        struct application app;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            application_service_with("door", open_doors[door], rows[i].options);
            application_start(&app, "door", rows[i].user, rows[i].password);
            app.conversation_code = rows[i].conversation_code;
            int r = pam_authenticate(app.pamh, 0);
            ck_assert_msg(r != PAM_SUCCESS && r != PAM_IGNORE, "door %zu, row %zu", door, i);
            application_end(&app, r);
        }
        application_start(&app, "door", "kasa", application_token("nobodys"));
        ck_assert_int_ne(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
        application_end(&app, PAM_AUTH_ERR);
        application_service("door", open_doors[door]);
        ck_assert_msg(application_login("door", "kasa", application_token("good")) == PAM_SUCCESS,
                      "door %zu is shut", door);
    }
}
END_TEST

/* The other stages, without a login before. */
START_TEST(no_stage_is_ignored)
{
    struct application app;

    application_service("stages", "auth required MODULE\nauth required pam_permit.so\n"
                                  "account required MODULE\naccount required pam_permit.so\n"
                                  "session required MODULE\nsession required pam_permit.so\n"
                                  "password required MODULE\npassword required pam_permit.so\n");
    application_start(&app, "stages", "kasa", application_token("good"));
    ck_assert_int_ne(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_ne(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_ne(pam_open_session(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_ne(pam_chauthtok(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

START_TEST(mistakes_in_a_line_refuse_and_are_logged)
{
    static const char *const mistakes[][2] = {
        {"unknown", "argument 3 is no option"},
        {"site=", "site: needs a value"},
        {"cost=much", "cost: write a whole number"},
        {"service=no/such", "its service or socket: not a valid name"},
        {"scope=no:such", "its scopes: no such scope is registered"},
        {"scope=@", "its scopes: not a valid name"},
        {"socket=/run/other", "socket: is given twice"},
    };
    struct application app;
    char lines[300];

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        application_log();
        application_service_with("wrong", "auth required MODULE\n", mistakes[i][0]);
        ck_assert_int_eq(application_login("wrong", "kasa", application_token("good")),
                         PAM_SERVICE_ERR);
        ck_assert_msg(application_logged("in the service file", mistakes[i][1]), "%s: %s",
                      mistakes[i][0], application_log());
        application_log();
        snprintf(lines, sizeof lines, "auth required MODULE\naccount required MODULE %s\n",
                 mistakes[i][0]);
        application_service("wrong", lines);
        application_start(&app, "wrong", "kasa", application_token("good"));
        ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
        ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SERVICE_ERR);
        ck_assert_msg(application_logged(":account): refused: in the service file", mistakes[i][1]),
                      "%s: %s", mistakes[i][0], application_log());
        application_end(&app, PAM_SERVICE_ERR);
    }
}
END_TEST

START_TEST(two_lines_ask_once_and_the_second_may_let_in)
{
    const char *const keys[] = {"good", "legacy"};
    struct application app;

    application_service("either", "auth sufficient MODULE\n"
                                  "auth sufficient MODULE legacy use_first_pass\n"
                                  "auth required pam_deny.so\n"
                                  "account required MODULE\n");
    for (int i = 0; i < 2; i++) {
        application_start(&app, "either", "kasa", application_token(keys[i]));
        ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
        ck_assert_uint_eq(app.asked, 1);
        ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
        ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        ck_assert_str_eq(application_variable(&app, "STKGATE_KIND"), i == 0 ? "live" : "legacy");
        application_end(&app, PAM_SUCCESS);
    }
    ck_assert_int_ne(application_login("either", "kasa", application_token("revoked")),
                     PAM_SUCCESS);
}
END_TEST

START_TEST(use_first_pass_never_asks)
{
    struct application app;

    application_service("first", "auth required MODULE use_first_pass\n");
    application_start(&app, "first", "kasa", application_token("good"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_AUTH_ERR);
    ck_assert_uint_eq(app.asked, 0);
    application_end(&app, PAM_AUTH_ERR);
}
END_TEST

/* Others got in by another door: user_unknown tells them apart. */
START_TEST(an_account_line_may_let_pass_whom_others_let_in)
{
    struct application app;

    application_service("mixed", "auth sufficient MODULE\nauth required pam_permit.so\n"
                                 "account [user_unknown=ignore default=bad success=ok] MODULE "
                                 "scope=cart:write\n"
                                 "account required pam_permit.so\n");
    application_start(&app, "mixed", "somebody", "of another module");
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_str_eq(application_variable(&app, "STKGATE_KEY_ID"), "");
    application_end(&app, PAM_SUCCESS);

    application_start(&app, "mixed", "kasa", application_token("narrow"));
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_PERM_DENIED);
    application_end(&app, PAM_PERM_DENIED);
}
END_TEST

START_TEST(setcred_works_in_any_order)
{
    struct application app;

    application_service("order", "auth required pam_permit.so\nauth required MODULE\n"
                                 "auth optional pam_deny.so\naccount required MODULE\n");
    for (int first = 0; first < 2; first++) {
        application_start(&app, "order", "kasa", application_token("good"));
        ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
        if (first)
            ck_assert_int_eq(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        ck_assert_int_eq(pam_acct_mgmt(app.pamh, 0), PAM_SUCCESS);
        ck_assert_int_eq(pam_setcred(app.pamh, PAM_REFRESH_CRED), PAM_SUCCESS);
        ck_assert_str_eq(application_variable(&app, "STKGATE_SITE"), "kasa");
        application_end(&app, PAM_SUCCESS);
    }
}
END_TEST

START_TEST(an_application_that_waits_for_events_is_asked_again)
{
    struct application app;

    application_service("events", "auth required MODULE\nauth required pam_permit.so\n");
    application_start(&app, "events", NULL, application_token("good"));
    app.conversation_code = PAM_CONV_AGAIN;
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_INCOMPLETE);
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_INCOMPLETE);
    app.conversation_code = PAM_SUCCESS;
    app.password = "kasa"; /* for both questions */
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_AUTH_ERR);
    app.conversation_code = PAM_CONV_AGAIN;
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_INCOMPLETE);
    app.conversation_code = PAM_SUCCESS;
    app.password = application_token("good");
    ck_assert_int_eq(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
    application_end(&app, PAM_SUCCESS);
}
END_TEST

/* $STKGATE_RUNTIME is set, and has a daemon that would let him in. */
START_TEST(the_environment_does_not_choose_the_daemon)
{
    application_service("bare", "auth required BARE\n");
    ck_assert_int_ne(application_login("bare", "kasa", application_token("good")), PAM_SUCCESS);
}
END_TEST

SUITE_MAIN("stacks", nobody_gets_in_where_ignoring_the_module_would_let_him, no_stage_is_ignored,
           mistakes_in_a_line_refuse_and_are_logged, two_lines_ask_once_and_the_second_may_let_in,
           use_first_pass_never_asks, an_account_line_may_let_pass_whom_others_let_in,
           setcred_works_in_any_order, an_application_that_waits_for_events_is_asked_again,
           the_environment_does_not_choose_the_daemon)
