/* main.c - the stkgate program: which subcommand runs; two are programs of their own */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/admin/arguments.h"
#include "daemon/commands.h"
#include "daemon/programs.h"
#include "stkgate.h"

static const char help[] =
    "Usage: stkgate COMMAND [OPTION]...\n"
    "\n"
    "Storefront access tokens: which calls may pass, for which site, and how many.\n"
    "\n"
    "Commands:\n"
    "  daemon      own the table of tokens, and answer checks\n"
    "  admin       mint, list, show, rotate and revoke tokens\n"
    "  check       decide about one call, from a shell\n"
    "  cgi         decide about one call, for a web server, and run a CGI program\n"
    "  authorizer  decide about a web server's calls, by FastCGI\n"
    "\n"
    "Options:\n"
    "  -h, --help     show this help; after a command, that of the command\n"
    "  -V, --version  show the version\n"
    "\n"
    "Examples:\n"
    "  stkgate daemon --state ./state --runtime ./run\n"
    "  TOKEN=$(stkgate admin mint --site kasa --name production)\n"
    "  printf '%s\\n' \"$TOKEN\" | stkgate check --site kasa --scope cart:write\n";

static const struct {
    const char *name;
    int (*run)(int argc, char *argv[]); /* NULL: a program of its own */
} commands[] = {
    {"daemon", NULL},
    {"admin", NULL},
    {"check", command_check},
    {"cgi", command_cgi},
    {"authorizer", command_authorizer},
};

/* A script that has a command in its first line gives us the whole of it as one word. */
static bool is_command(const char *word, const char *name)
{
    size_t len = strlen(name);
    if (strcmp(name, "cgi") == 0 && strncmp(word, name, len) == 0 && word[len] == ' ')
        return true;
    return strcmp(word, name) == 0;
}

/* The word is repeated only when it can't be a secret in the wrong place. */
static int fail_usage(const char *word)
{
    if (!word)
        fputs("stkgate: a command is missing", stderr);
    else if (argument_may_be_shown(word))
        fprintf(stderr, "stkgate: unknown command or option '%s'", word);
    else
        fputs("stkgate: unknown command or option", stderr);
    fputs(": use daemon, admin, check, cgi or authorizer; 'stkgate --help' says more\n", stderr);
    return EXIT_STATUS_USAGE;
}

static int run(int argc, char *argv[])
{
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word)
        return fail_usage(NULL);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is_command(word, commands[i].name))
            return commands[i].run != NULL ? commands[i].run(argc - 1, argv + 1)
                                           : programs_become(commands[i].name, argv);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(help, stdout);
        return EXIT_STATUS_OK;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("stkgate %s\n", stkgate_version());
        return EXIT_STATUS_OK;
    }
    return fail_usage(word);
}

int main(int argc, char *argv[])
{
    return programs_end(run(argc, argv));
}
