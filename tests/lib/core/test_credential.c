#include "lib/core/credential.h"

#include "tests/suite.h"

#define LIVE   "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define TEST   "stk_test_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
#define WRONG  "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"
#define SHORT  "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1"
#define BLANKS "                                             "
#define LEGACY "kasa-2019-key-00"
#define JWT    "eyJhbGciOiJub25lIn0.e30."

static const struct row {
    const char *what;
    const char *token, *authorization, *api_key;
    enum credential_form form;
    enum kind kind;
    const char *value;
} rows[] = {
    {"nothing", NULL, NULL, NULL, CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"three empty fields", "", "", "", CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"three blank fields", " ", "\t", " \t ", CREDENTIAL_MISSING, KIND_NONE, NULL},

    {"a token", LIVE, NULL, NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"a test token", TEST, NULL, NULL, CREDENTIAL_TOKEN, KIND_TEST, TEST},
    {"blanks around it", " \t" LIVE " ", NULL, NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"blanks as long as a token before bearer", BLANKS, "Bearer " TEST, NULL, CREDENTIAL_TOKEN,
     KIND_TEST, TEST},
    {"a blank in place of the last character", SHORT " ", "Bearer " TEST, NULL,
     CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"a blank in place of the first", " " SHORT, "Bearer " TEST, NULL, CREDENTIAL_MALFORMED,
     KIND_NONE, NULL},
    {"a typing error", WRONG, NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"a repeated header", LIVE ", " LIVE, NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"a repeated header, once empty", LIVE ", ", NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"a comma alone", ",", NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"a scheme where none belongs", "Bearer " LIVE, NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE,
     NULL},
    {"a legacy key as a token", LEGACY, NULL, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},

    {"token before bearer", LIVE, "Bearer " TEST, NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"token before legacy", LIVE, NULL, LEGACY, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"also when it is wrong", WRONG, "Bearer " TEST, LEGACY, CREDENTIAL_MALFORMED, KIND_NONE, NULL},

    {"bearer", NULL, "Bearer " LIVE, NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"bearer in lower case", NULL, "bearer " LIVE, NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"bearer in upper case", NULL, "BEARER\t " LIVE " ", NULL, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"bearer before legacy", NULL, "Bearer " LIVE, LEGACY, CREDENTIAL_TOKEN, KIND_LIVE, LIVE},
    {"a wrong stk_ bearer before legacy", NULL, "Bearer " WRONG, LEGACY, CREDENTIAL_MALFORMED,
     KIND_NONE, NULL},
    {"a customer's bearer beside a legacy key", NULL, "Bearer " JWT, LEGACY, CREDENTIAL_LEGACY,
     KIND_LEGACY, LEGACY},
    {"a customer's bearer alone", NULL, "Bearer " JWT, NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"bearer without a value", NULL, "Bearer", NULL, CREDENTIAL_MALFORMED, KIND_NONE, NULL},
    {"the same beside a legacy key", NULL, "Bearer ", LEGACY, CREDENTIAL_LEGACY, KIND_LEGACY,
     LEGACY},
    {"bearer twice", NULL, "Bearer " LIVE ", Bearer " LIVE, NULL, CREDENTIAL_MALFORMED, KIND_NONE,
     NULL},
    {"bearer, then basic", NULL, "Bearer " LIVE ", Basic a2FzYQ==", NULL, CREDENTIAL_MALFORMED,
     KIND_NONE, NULL},
    {"no blank behind the scheme", NULL, "Bearer" LIVE, NULL, CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"a comma behind the scheme", NULL, "Bearer, " LIVE, NULL, CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"another scheme", NULL, "Basic a2FzYQ==", NULL, CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"another scheme that begins alike", NULL, "Bear " LIVE, NULL, CREDENTIAL_MISSING, KIND_NONE,
     NULL},
    {"a bare token", NULL, LIVE, NULL, CREDENTIAL_MISSING, KIND_NONE, NULL},
    {"another scheme beside a legacy key", NULL, "Basic a2FzYQ==", LEGACY, CREDENTIAL_LEGACY,
     KIND_LEGACY, LEGACY},

    {"a legacy key", NULL, NULL, " " LEGACY "\t", CREDENTIAL_LEGACY, KIND_LEGACY, LEGACY},
    {"a token as a legacy key", NULL, NULL, LIVE, CREDENTIAL_LEGACY, KIND_LEGACY, LIVE},
    {"a repeated legacy key", NULL, NULL, LEGACY ", " LEGACY, CREDENTIAL_MALFORMED, KIND_NONE,
     NULL},
    {"too short a legacy key", NULL, NULL, "kasa", CREDENTIAL_MALFORMED, KIND_NONE, NULL},
};

START_TEST(chooses_by_the_table)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct credential chosen = credential_choose(
            text_of(row->token), text_of(row->authorization), text_of(row->api_key));
        ck_assert_msg(chosen.form == row->form, "%s: form %d", row->what, (int)chosen.form);
        ck_assert_msg(chosen.kind == row->kind, "%s: kind %d", row->what, (int)chosen.kind);
        ck_assert_msg(text_equal(chosen.value, text_of(row->value)), "%s: value", row->what);
    }
}
END_TEST

/* Which stkgate_check() looks at alone. */
START_TEST(a_plain_token_is_the_credential_whatever_else_there_is)
{
    unsigned plain[2] = {0, 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text token = text_of(rows[i].token);
        if (!credential_is_plain(token))
            continue;
        enum kind kind = token_parse(token);
        ck_assert_msg(rows[i].kind == kind, "%s", rows[i].what);
        ck_assert_msg(rows[i].form == (kind == KIND_NONE ? CREDENTIAL_MALFORMED : CREDENTIAL_TOKEN),
                      "%s", rows[i].what);
        plain[kind != KIND_NONE]++;
    }
    ck_assert_uint_ge(plain[false], 3);
    ck_assert_uint_ge(plain[true], 3);
    ck_assert(!credential_is_plain(TEXT(BLANKS)));
    ck_assert(!credential_is_plain(TEXT(" " SHORT)));
    ck_assert(!credential_is_plain(TEXT("\t" SHORT)));
    ck_assert(!credential_is_plain(TEXT("")));
}
END_TEST

START_TEST(a_nul_is_no_end)
{
    struct text token = {LIVE "\0", TOKEN_LEN + 1};
    struct credential chosen = credential_choose(token, text_of(NULL), text_of(NULL));
    ck_assert_int_eq(chosen.form, CREDENTIAL_MALFORMED);
}
END_TEST

SUITE_MAIN("credential", chooses_by_the_table,
           a_plain_token_is_the_credential_whatever_else_there_is, a_nul_is_no_end)
