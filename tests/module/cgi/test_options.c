/* Tests of module/cgi/options.c. */
#include "module/cgi/options.h"

#include "tests/suite.h"

/* words: separated by one blank each. */
static const char *parse(enum face face, const char *words, struct options *ret)
{
    static char buffer[8192];
    static char *argv[64];
    int argc = 0;
    ck_assert_uint_lt(strlen(words), sizeof buffer);
    memcpy(buffer, words, strlen(words) + 1);
    for (char *word = strtok(buffer, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_parse(face, argc, argv, ret);
}

START_TEST(reads_all_options_of_cgi)
{
    struct options options;
    ck_assert_ptr_null(parse(FACE_CGI,
                             "cgi --service shop --scope a:b --scope=c:d --site kasa --cost 3 "
                             "--socket /run/x/check.sock --deadline 50ms --preflight "
                             "--log-refusals --pass-token --no-fields -- prog --site -x",
                             &options));
    ck_assert_str_eq(options.program, "stkgate cgi");
    ck_assert_str_eq(options.gate.service, "shop");
    ck_assert_str_eq(options.gate.scopes, " a:b c:d");
    ck_assert_str_eq(options.gate.runtime, "/run/x");
    ck_assert_uint_eq(options.gate.cost, 3);
    ck_assert_uint_eq(options.gate.deadline_ms, 50);
    ck_assert_str_eq(options.site, "kasa");
    ck_assert(options.preflight && options.log_refusals && options.pass_token && options.no_fields);
    ck_assert_str_eq(options.command[0], "prog");
    ck_assert_str_eq(options.command[1], "--site");
    ck_assert_str_eq(options.command[2], "-x");
    ck_assert_ptr_null(options.command[3]);
}
END_TEST

START_TEST(has_defaults_that_ask_for_everything)
{
    struct options options;
    ck_assert_ptr_null(parse(FACE_CGI, "cgi -- p", &options));
    ck_assert_str_eq(options.gate.service, "default");
    ck_assert_ptr_null(options.gate.runtime);
    ck_assert_ptr_null(options.site);
    ck_assert_uint_eq(options.gate.deadline_ms, 1000);
    ck_assert(!options.preflight && !options.pass_token && !options.no_fields && !options.help);
    ck_assert_ptr_null(parse(FACE_AUTHORIZER, "authorizer --threads 64", &options));
    ck_assert_uint_eq(options.threads, 64);
    ck_assert_ptr_null(parse(FACE_AUTHORIZER, "authorizer --runtime run", &options));
    ck_assert_str_eq(options.gate.runtime, "run");
    ck_assert_uint_gt(options.threads, 0);
}
END_TEST

START_TEST(says_what_is_wrong_and_repeats_nothing)
{
    static const struct {
        enum face face;
        const char *words;
    } rows[] = {
        {FACE_CGI, "cgi"},
        {FACE_CGI, "cgi --"},
        {FACE_CGI, "cgi zQWBuTSO"},
        {FACE_CGI, "cgi zQWBuTSO -- p"},
        {FACE_CGI, "cgi --zQWBuTSO -- p"},
        {FACE_CGI, "cgi -zQWBuTSO -- p"},
        {FACE_CGI, "cgi --cost zQWBuTSO -- p"},
        {FACE_CGI, "cgi --cost 0 -- p"},
        {FACE_CGI, "cgi --deadline zQWBuTSO -- p"},
        {FACE_CGI, "cgi --socket zQWBuTSO -- p"},
        {FACE_CGI, "cgi --socket /run/zQWBuTSO/http.sock -- p"},
        {FACE_CGI, "cgi --preflight=zQWBuTSO -- p"},
        {FACE_CGI, "cgi --threads 2 -- p"},
        {FACE_CGI, "cgi --s x -- p"},
        {FACE_CGI, "cgi --site"},
        {FACE_AUTHORIZER, "authorizer zQWBuTSO"},
        {FACE_AUTHORIZER, "authorizer -- zQWBuTSO"},
        {FACE_AUTHORIZER, "authorizer --pass-token"},
        {FACE_AUTHORIZER, "authorizer --threads 0"},
        {FACE_AUTHORIZER, "authorizer --threads 65"},
        {FACE_AUTHORIZER, "authorizer --threads 4x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct options options;
        const char *mistake = parse(rows[i].face, rows[i].words, &options);
        ck_assert_msg(mistake != NULL, "%s", rows[i].words);
        ck_assert_msg(!strstr(mistake, "zQWBuTSO"), "%s", mistake);
    }
}
END_TEST

START_TEST(has_limits)
{
    static char words[8192] = "cgi --scope ";
    struct options options;
    memset(words + strlen(words), 'x', GATE_SCOPES_MAX);
    memcpy(words + strlen(words), " -- p", sizeof " -- p");
    ck_assert_ptr_nonnull(parse(FACE_CGI, words, &options));
    memset(words, 0, sizeof words);
    memcpy(words, "cgi --socket /", 14);
    memset(words + 14, 'x', OPTIONS_RUNTIME_MAX);
    memcpy(words + strlen(words), " -- p", sizeof " -- p");
    ck_assert_ptr_nonnull(parse(FACE_CGI, words, &options));
}
END_TEST

SUITE_MAIN("options", reads_all_options_of_cgi, has_defaults_that_ask_for_everything,
           says_what_is_wrong_and_repeats_nothing, has_limits)
