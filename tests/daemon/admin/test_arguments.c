#include "daemon/admin/arguments.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "tests/suite.h"

/* All types of options. */
struct all {
    bool flag;
    const char *text, *span, *window, *rule, *operand;
    struct argument_texts texts;
    uint64_t count;
    struct argument_when when, end, since;
    enum argument_answer answer;
};

static const struct usage usage = {
    .name = "admin try", .synopsis = "KEY_ID --text T", .operand = "KEY_ID", .help = "Helps.\n"};

/* argv begins behind the verb's name and ends with NULL. What went to stdout and stderr: said. */
static char said[4096];

static bool parse_as(const struct usage *as, const char *const *words, struct all *all, int *status)
{
    const struct argument options[] = {
        {"flag", ARGUMENT_FLAG, false, {.flag = &all->flag}},
        {"text", ARGUMENT_TEXT, true, {.text = &all->text}},
        {"texts", ARGUMENT_TEXTS, false, {.texts = &all->texts}},
        {"count", ARGUMENT_COUNT, false, {.count = &all->count}},
        {"span", ARGUMENT_SPAN, false, {.text = &all->span}},
        {"window", ARGUMENT_WINDOW, false, {.text = &all->window}},
        {"when", ARGUMENT_WHEN, false, {.when = &all->when}},
        {"end", ARGUMENT_WHEN_OR_NEVER, false, {.when = &all->end}},
        {"since", ARGUMENT_SINCE, false, {.when = &all->since}},
        {"answer", ARGUMENT_YES_NO, false, {.answer = &all->answer}},
        {"rule", ARGUMENT_RULE, false, {.text = &all->rule}},
    };
    const struct arguments arguments = {as, options, sizeof options / sizeof options[0],
                                        as->operand ? &all->operand : NULL};
    const char *argv[100] = {"try"};
    int argc = 1;
    while (words[argc - 1] && argc < 99) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    FILE *file = tmpfile();
    fflush(stdout);
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    bool go_on = arguments_parse(&arguments, argc, (char **)argv, status);
    fflush(stdout);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    return go_on;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(takes_every_form)
{
    struct all all = {0};
    int status;
    ck_assert(parse_as(&usage,
                       WORDS("--text", "t", "--texts=a b", "key_1", "--count=60", "--flag",
                             "--texts", "c", "--span", "0s", "--window=1m", "--when=90d"),
                       &all, &status));
    ck_assert_str_eq(all.text, "t");
    ck_assert_str_eq(all.operand, "key_1");
    ck_assert_uint_eq(all.texts.count, 2);
    ck_assert_str_eq(all.texts.items[1], "c");
    ck_assert_uint_eq(all.count, 60);
    ck_assert(all.flag);
    ck_assert_str_eq(all.span, "0s");
    ck_assert_str_eq(all.window, "1m");
    ck_assert(all.when.is_given && all.when.is_span);
    ck_assert_uint_eq(all.when.span_ns, UINT64_C(90) * 86400 * 1000000000);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(takes_a_point_in_time)
{
    static const struct {
        const char *text;
        int64_t at_s;
    } cases[] = {{"2026-11-24T03:55:00Z", 1795492500},
                 {"2026-11-24", 1795478400},
                 {"@1688169599", 1688169599}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct all all = {0};
        int status;
        ck_assert(parse_as(&usage, WORDS("k", "--text=t", "--when", cases[i].text), &all, &status));
        ck_assert(all.when.is_given && !all.when.is_span);
        ck_assert_int_eq(all.when.at_s, cases[i].at_s);
    }
}
END_TEST

START_TEST(takes_never_where_there_may_be_no_end)
{
    struct all all = {0};
    int status;
    ck_assert(
        parse_as(&usage, WORDS("k", "--text=t", "--end=never", "--since", "24h"), &all, &status));
    ck_assert(all.end.is_given && all.end.is_never && !all.end.is_span);
    ck_assert(all.since.is_given && all.since.is_span);
    all = (struct all){0};
    ck_assert(
        parse_as(&usage, WORDS("k", "--text=t", "--end=90d", "--since=2026-11-24"), &all, &status));
    ck_assert(all.end.is_given && all.end.is_span && !all.end.is_never);
    ck_assert_int_eq(all.since.at_s, 1795478400);
}
END_TEST

START_TEST(takes_yes_and_no)
{
    static const struct {
        const char *option;
        enum argument_answer answer;
    } cases[] = {{"--flag", ARGUMENT_UNSAID},
                 {"--answer", ARGUMENT_YES},
                 {"--answer=yes", ARGUMENT_YES},
                 {"--answer=no", ARGUMENT_NO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct all all = {0};
        int status;
        ck_assert(parse_as(&usage, WORDS("k", "--text=t", cases[i].option), &all, &status));
        ck_assert_int_eq(all.answer, cases[i].answer);
    }
}
END_TEST

START_TEST(takes_an_operand_behind_dashes)
{
    struct all all = {0};
    int status;
    ck_assert(parse_as(&usage, WORDS("--text=t", "--", "-odd"), &all, &status));
    ck_assert_str_eq(all.operand, "-odd");
}
END_TEST

START_TEST(takes_operands_before_options_under_posix)
{
    struct all all = {0};
    int status;
    setenv("POSIXLY_CORRECT", "1", 1);
    ck_assert(parse_as(&usage, WORDS("key_1", "--text=t"), &all, &status));
    ck_assert_str_eq(all.operand, "key_1");
}
END_TEST

START_TEST(refuses_values_that_mean_nothing)
{
    static const struct {
        const char *option, *says;
    } cases[] = {
        {"--count=0", "--count must be at least 1"},
        {"--count=-1", "--count must be a whole number"},
        {"--count=+1", "--count must be a whole number"},
        {"--count= 1", "--count must be a whole number"},
        {"--count=1.5", "--count must be a whole number"},
        {"--count=1e3", "--count must be a whole number"},
        {"--count=0x10", "--count must be a whole number"},
        {"--count=", "--count must be a whole number"},
        {"--count=many", "--count must be a whole number"},
        {"--count=9223372036854775808", "--count is too large"}, /* 2^63 */
        {"--count=18446744073709551617", "--count is too large"},
        {"--count=99999999999999999999999", "--count is too large"},
        {"--text=", "--text must not be empty"},
        {"--texts=", "--texts must not be empty"},
        {"--span=-5m", "--span must be a number and a unit"},
        {"--span=soon", "--span must be a number and a unit"},
        {"--span=", "--span must be a number and a unit"},
        {"--span=99999999999w", "--span is too long"},
        {"--window=0", "--window must be longer than 0"},
        {"--window=0m", "--window must be longer than 0"},
        {"--when=", "--when must be a time such as"},
        {"--when=2026-13-01", "--when must be a time such as"},
        {"--when=2026-02-30T00:00:00Z", "--when must be a time such as"},
        {"--when=tomorrow", "--when must be a time such as"},
        {"--when=never", "--when must be a time such as"},
        {"--end=ever", "or never"},
        {"--since=never", "a span back from now"},
        {"--answer=", "--answer must be yes or no"},
        {"--answer=true", "--answer must be yes or no"},
        {"--rule=denied", "--rule must be deny or allow"},
        {"--rule=", "--rule must be deny or allow"},
        {"--flag=yes", "--flag takes no value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct all all = {0};
        int status = -1;
        ck_assert_msg(!parse_as(&usage, WORDS("k", "--text=t", cases[i].option), &all, &status),
                      "%s passed", cases[i].option);
        ck_assert_int_eq(status, EXIT_STATUS_USAGE);
        ck_assert_msg(strstr(said, cases[i].says), "%s: %s", cases[i].option, said);
        ck_assert_msg(strstr(said, "\nUsage: stkgate admin try KEY_ID --text T\n"), "%s", said);
    }
}
END_TEST

START_TEST(takes_the_largest_count)
{
    struct all all = {0};
    int status;
    ck_assert(
        parse_as(&usage, WORDS("k", "--text=t", "--count=9223372036854775807"), &all, &status));
    ck_assert_uint_eq(all.count, INT64_MAX);
}
END_TEST

START_TEST(says_what_is_missing)
{
    struct all all = {0};
    int status;
    ck_assert(!parse_as(&usage, WORDS("key_1"), &all, &status));
    ck_assert_int_eq(status, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(said, "stkgate admin try: --text is missing\n"));
    all = (struct all){0};
    ck_assert(!parse_as(&usage, WORDS("--text", "t"), &all, &status));
    ck_assert_ptr_nonnull(strstr(said, "KEY_ID is missing\n"));
    ck_assert(!parse_as(&usage, WORDS("--text"), &all, &status));
    ck_assert_ptr_nonnull(strstr(said, "--text needs a value\n"));
}
END_TEST

#define SECRET "stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

START_TEST(never_repeats_what_may_be_a_secret)
{
    static const struct usage without_operand = {
        .name = "admin try", .synopsis = "--text T", .help = ""};
    static const char *const lines[][3] = {
        {SECRET},           {"--text=t", SECRET}, {"--token=" SECRET, "--text=t"},
        {"--" SECRET},      {"-" SECRET},         {"--count=" SECRET},
        {"--when", SECRET}, {"--flag=" SECRET},   {"--", SECRET},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct all all = {0};
        int status = -1;
        ck_assert(!parse_as(&without_operand, lines[i], &all, &status));
        ck_assert_int_eq(status, EXIT_STATUS_USAGE);
        ck_assert_msg(!strstr(said, "zQWBu"), "%s", said);
    }
}
END_TEST

START_TEST(never_repeats_an_old_key)
{
    static const char *const words[] = {"--OldKey1234", "--old_key_1234=x", "-OldKey"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct all all = {0};
        int status = -1;
        ck_assert(!parse_as(&usage, WORDS("k", "--text=t", words[i]), &all, &status));
        ck_assert_int_eq(status, EXIT_STATUS_USAGE);
        ck_assert_msg(!strcasestr(said, "old"), "%s", said);
    }
}
END_TEST

START_TEST(names_an_unknown_option)
{
    struct all all = {0};
    int status;
    ck_assert(!parse_as(&usage, WORDS("k", "--frobnicate=" SECRET), &all, &status));
    ck_assert_int_eq(status, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(said, "unknown or ambiguous option --frobnicate;"));
    ck_assert_ptr_null(strstr(said, "zQWBu"));
}
END_TEST

START_TEST(takes_one_operand_only)
{
    struct all all = {0};
    int status;
    ck_assert(!parse_as(&usage, WORDS("k", "l", "--text=t"), &all, &status));
    ck_assert_int_eq(status, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(said, "takes one KEY_ID"));
}
END_TEST

START_TEST(bounds_repeated_options)
{
    const char *words[80] = {"k", "--text=t"};
    struct all all = {0};
    int status = -1;
    for (size_t i = 2; i < 67; i++) /* 65 of them */
        words[i] = "--texts=a";
    ck_assert(!parse_as(&usage, words, &all, &status));
    ck_assert_int_eq(status, EXIT_STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(said, "--texts was given too often"));
    all = (struct all){0};
    words[66] = NULL;
    ck_assert(parse_as(&usage, words, &all, &status));
}
END_TEST

START_TEST(helps_before_it_complains)
{
    struct all all = {0};
    int status = -1;
    ck_assert(!parse_as(&usage, WORDS("--help"), &all, &status));
    ck_assert_int_eq(status, EXIT_STATUS_OK);
    ck_assert_str_eq(said, "Usage: stkgate admin try KEY_ID --text T\n\nHelps.\n");
}
END_TEST

SUITE_MAIN("arguments", takes_every_form, takes_a_point_in_time,
           takes_never_where_there_may_be_no_end, takes_yes_and_no, takes_an_operand_behind_dashes,
           takes_operands_before_options_under_posix, refuses_values_that_mean_nothing,
           takes_the_largest_count, says_what_is_missing, never_repeats_what_may_be_a_secret,
           never_repeats_an_old_key, names_an_unknown_option, takes_one_operand_only,
           bounds_repeated_options, helps_before_it_complains)
