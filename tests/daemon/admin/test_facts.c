#include "daemon/admin/facts.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/suite.h"

/* What went to standard output since divert(). */
static char said[1024];
static FILE *diverted;

static void divert(void)
{
    diverted = tmpfile();
    ck_assert_ptr_nonnull(diverted);
    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(diverted), STDOUT_FILENO), 0);
}

static void collect(void)
{
    fflush(stdout);
    rewind(diverted);
    said[fread(said, 1, sizeof said - 1, diverted)] = '\0';
    fclose(diverted);
}

START_TEST(aligns_the_colons)
{
    divert();
    facts_text("Name", "x");
    facts_text("Last change", "y\033");
    facts_text("Link", "");
    facts_text("Link", NULL);
    facts_begin(NULL);
    puts("more");
    collect();
    ck_assert_str_eq(said, "        Name: x\n"
                           " Last change: y\\u001b\n"
                           "              more\n");
}
END_TEST

START_TEST(tells_how_long_ago_on_a_terminal_alone)
{
    json_t *token = json_pack("{s:s,s:n,s:s}", "at", "2026-11-24T03:55:00Z", "end", "odd", "soon");
    struct admin admin = {.now_s = 1795492500 + 300};
    divert();
    facts_time(&admin, "Created", token, "at", NULL);
    facts_time(&admin, "Expires", token, "end", "never");
    facts_time(&admin, "Sunset", token, "end", NULL);
    facts_time(&admin, "Odd", token, "odd", "never");
    admin.terminal.is_terminal = true;
    facts_time(&admin, "Created", token, "at", NULL);
    collect();
    json_decref(token);
    ck_assert_str_eq(said, "     Created: 2026-11-24T03:55:00Z\n"
                           "     Expires: never\n"
                           "         Odd: never\n"
                           "     Created: 2026-11-24T03:55:00Z (5 min ago)\n");
}
END_TEST

SUITE_MAIN("facts", aligns_the_colons, tells_how_long_ago_on_a_terminal_alone)
