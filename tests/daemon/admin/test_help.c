/* The help of every verb: what it names, and how its lines stand. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

#define COLUMNS_MAX 100
#define TEXT_COLUMN 29 /* where an option's explanation begins */

static struct fake fake;
static struct fake_run run;

static const char *const verbs[][2] = {
    {"mint"},
    {"list"},
    {"show"},
    {"edit"},
    {"suspend"},
    {"resume"},
    {"rotate"},
    {"revoke"},
    {"site", "list"},
    {"scope", "list"},
    {"scope", "add"},
    {"legacy", "add"},
    {"legacy", "list"},
    {"legacy", "report"},
    {"legacy", "remove"},
    {"audit"},
    {"status"},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

/* The next line of *at without its end, in place; NULL behind the last. */
static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (*line == '\0')
        return NULL;
    ck_assert_msg(end, "a line without an end: %s", line);
    *end = '\0';
    *at = end + 1;
    return line;
}

static void check_line(const char *line)
{
    size_t len = strlen(line);
    ck_assert_msg(len <= COLUMNS_MAX, "too wide: %s", line);
    ck_assert_msg(len == 0 || line[len - 1] != ' ', "a space at the end: %s", line);
    ck_assert_msg(!strchr(line, '\t'), "a tab: %s", line);
}

/* "      --name TEXT            what it is for": two spaces before the text, in its column. */
static void check_option(const char *line)
{
    const char *name = strstr(line, "--");
    ck_assert_int_eq(name - line, 6);
    const char *gap = strstr(name, "  ");
    ck_assert_msg(gap, "no explanation: %s", line);
    const char *text = gap + strspn(gap, " ");
    ck_assert_msg(text - line == TEXT_COLUMN, "not in column %d: %s", TEXT_COLUMN, line);
}

static void check_help(const char *const *verb)
{
    char usage[64];
    const char *words[] = {verb[0], verb[1] ? verb[1] : "--help", "--help", NULL};
    fake_expect(&fake, &run, words, (const char *const[]){NULL}, EXIT_STATUS_OK);
    ck_assert_str_eq(run.err, "");
    snprintf(usage, sizeof usage, "Usage: stkgate admin %s%s%s ", verb[0], verb[1] ? " " : "",
             verb[1] ? verb[1] : "");
    ck_assert_int_eq(strncmp(run.out, usage, strlen(usage)), 0);
    ck_assert_ptr_nonnull(strstr(run.out, "\nOptions:\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "\n      --runtime DIR "));
    ck_assert_ptr_nonnull(strstr(run.out, "\n      --json "));
    ck_assert_ptr_nonnull(strstr(run.out, "\n  -h, --help "));
    char *at = run.out;
    bool is_example = false;
    for (char *line; (line = next_line(&at));) {
        check_line(line);
        is_example = is_example || strncmp(line, "Example", 7) == 0;
        if (strncmp(line, "      --", 8) == 0 && !is_example)
            check_option(line);
    }
}

START_TEST(aligns_the_options_of_every_verb)
{
    fake_start(&fake);
    for (size_t i = 0; i < VERBS; i++)
        check_help(verbs[i]);
    fake_stop(&fake);
}
END_TEST

START_TEST(names_every_verb_once)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("--help"), (const char *const[]){NULL}, EXIT_STATUS_OK);
    for (size_t i = 0; i < VERBS; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n  %s%s%s ", verbs[i][0], verbs[i][1] ? " " : "",
                 verbs[i][1] ? verbs[i][1] : "");
        const char *found = strstr(run.out, line);
        ck_assert_msg(found, "%s is not named", line);
        ck_assert_msg(!strstr(found + 1, line), "%s is named twice", line);
    }
    char *at = run.out;
    for (char *line; (line = next_line(&at));)
        check_line(line);
    fake_stop(&fake);
}
END_TEST

/* A verb that is missing above would not be looked at. */
START_TEST(knows_no_verb_that_is_not_looked_at_here)
{
    unsigned count = 0;
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("--help"), (const char *const[]){NULL}, EXIT_STATUS_OK);
    char *at = run.out, *end = strstr(run.out, "\nOptions of each verb:");
    ck_assert_ptr_nonnull(end);
    end[1] = '\0';
    for (char *line; (line = next_line(&at));)
        count += strncmp(line, "  ", 2) == 0 && islower((unsigned char)line[2]);
    ck_assert_uint_eq(count, VERBS);
    fake_stop(&fake);
}
END_TEST

START_TEST(shows_the_verbs_of_a_group)
{
    fake_start(&fake);
    fake_expect(&fake, &run, WORDS("scope", "--help"), (const char *const[]){NULL}, EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "Usage: stkgate admin scope list [OPTION]...\n"
                              "       stkgate admin scope add NAME [OPTION]...\n");
    fake_expect(&fake, &run, WORDS("site", "-h"), (const char *const[]){NULL}, EXIT_STATUS_OK);
    ck_assert_str_eq(run.out, "Usage: stkgate admin site list [OPTION]...\n");
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("help", aligns_the_options_of_every_verb, names_every_verb_once,
           knows_no_verb_that_is_not_looked_at_here, shows_the_verbs_of_a_group)
