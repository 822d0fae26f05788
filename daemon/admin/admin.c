#include "daemon/admin/admin.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/admin/printable.h"
#include "daemon/admin/wiping.h"
#include "daemon/commands.h"
#include "lib/core/token.h"

static const struct verb *const verbs[] = {
    &verb_mint,      &verb_list,       &verb_show,        &verb_edit,          &verb_suspend,
    &verb_resume,    &verb_rotate,     &verb_revoke,      &verb_site_list,     &verb_scope_list,
    &verb_scope_add, &verb_legacy_add, &verb_legacy_list, &verb_legacy_remove, &verb_legacy_report,
    &verb_audit,     &verb_status,
};

static const struct usage admin_usage = {
    .name = "admin",
    .synopsis = "VERB [OPTION]...",
    .help =
        "Manage the storefront access tokens of the daemon on this host.\n"
        "\n"
        "Tokens:\n"
        "  mint                   issue a new token for a site\n"
        "  list                   list tokens and legacy keys\n"
        "  show KEY_ID            show one in full\n"
        "  edit KEY_ID            change its name, scopes, origins, limit or expiry\n"
        "  suspend KEY_ID         make it refuse every call until it is resumed\n"
        "  resume KEY_ID          let it work again\n"
        "  rotate KEY_ID          replace its secret by a new one\n"
        "  revoke KEY_ID          end it, now and for good\n"
        "\n"
        "Legacy keys (X-API-Key):\n"
        "  legacy add             let an old value work until its sunset\n"
        "  legacy list            list them\n"
        "  legacy report          which sites still depend on one\n"
        "  legacy remove KEY_ID   forget one\n"
        "\n"
        "Sites and scopes:\n"
        "  site list              list the sites that have credentials\n"
        "  scope list             list the scopes that tokens can have\n"
        "  scope add NAME         register a further scope\n"
        "\n"
        "The daemon:\n"
        "  status                 how it is: table, commits, checks, clients\n"
        "  audit                  who changed what, and when\n"
        "\n"
        "Options of each verb:\n"
        "      --runtime DIR      directory of the daemon's sockets\n"
        "                         (default $STKGATE_RUNTIME, else /run/stkgate)\n"
        "      --json             print JSON, for programs\n"
        "  -h, --help             show the options of the verb\n"
        "\n"
        "What can't be undone is asked for on a terminal; elsewhere it needs --yes.\n"
        "Exit status: 0 done, 1 refused by the daemon or not confirmed, 64 usage, 69 no daemon\n"
        "there.\n"
        "\n"
        "Examples:\n"
        "  stkgate admin mint --site kasa --name production\n"
        "  TOKEN=$(stkgate admin mint --site kasa --name ci --test --expires 1d)\n"
        "  stkgate admin list --site kasa\n"
        "  stkgate admin rotate key_4tGvQ2mZx8LrB1sN --grace 15m\n"};

/* ---- what verbs share ---------------------------------------------------------------------- */

int admin_fail(const struct admin *admin, const char *format, ...)
{
    char message[CLIENT_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fprintf(stderr, "stkgate %s: ", admin->usage->name);
    printable_write(stderr, message);
    fputc('\n', stderr);
    return EXIT_STATUS_REFUSED;
}

int admin_connect(struct admin *admin)
{
    if (admin->client)
        return EXIT_STATUS_OK;
    const struct client_options options = {.runtime = admin->runtime};
    int r = client_new(&options, &admin->client);
    if (r == -ENAMETOOLONG)
        return arguments_fail(
            admin->usage, "--runtime (or $STKGATE_RUNTIME) is too long for a socket address: at "
                          "most 96 bytes");
    return r < 0 ? admin_fail(admin, "out of memory") : EXIT_STATUS_OK;
}

int admin_call(struct admin *admin, const char *method, const char *path, json_t *body,
               json_t **ret)
{
    const struct client_call call = {method, path, body};
    int status = admin_connect(admin);
    if (status == EXIT_STATUS_OK) {
        status = client_call(admin->client, &call, ret);
        if (status != EXIT_STATUS_OK)
            admin_fail(admin, "%s", client_message(admin->client));
    }
    json_decref(body);
    return status;
}

int admin_path(const struct admin *admin, const struct admin_place *place,
               char path[static ADMIN_PATH_MAX])
{
    /* Checked here, and not by the daemon alone, because of what it may be instead: a token, which
     * must not travel in a path, nor be repeated in a message. */
    if (strncmp(place->key_id, "stk_", 4) == 0)
        return arguments_fail(admin->usage, "this is a token, not its KEY_ID; and tokens do not "
                                            "belong on a command line: others can read it there");
    if (!key_id_is_valid(text_of(place->key_id)))
        return arguments_fail(admin->usage, "this is not a KEY_ID, which is key_ and 16 letters or "
                                            "digits; 'stkgate admin list' shows them");
    snprintf(path, ADMIN_PATH_MAX, "%s%s%s", place->before, place->key_id, place->behind);
    return EXIT_STATUS_OK;
}

int admin_get_token(struct admin *admin, const char *key_id, json_t **ret)
{
    const struct admin_place place = {"/v1/tokens/", key_id, ""};
    char path[ADMIN_PATH_MAX];
    int status = admin_path(admin, &place, path);
    return status == EXIT_STATUS_OK ? admin_call(admin, "GET", path, NULL, ret) : status;
}

int admin_print_json(const struct admin *admin, const json_t *value)
{
    char *text = json_dumps(value, admin->terminal.is_terminal ? JSON_INDENT(2) : JSON_COMPACT);
    if (!text)
        return admin_fail(admin, "out of memory");
    printable_write_json(stdout, text);
    putchar('\n');
    wiping_free(text);
    return EXIT_STATUS_OK;
}

/* ---- dispatch ------------------------------------------------------------------------------ */

/* The verb that argv begins with, and how many words name it; NULL when there is none. */
static const struct verb *find_verb(int argc, char *argv[], int *ret_words)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct verb *verb = verbs[i];
        if (argc < 1 || strcmp(argv[0], verb->name) != 0)
            continue;
        *ret_words = verb->subname ? 2 : 1;
        if (!verb->subname || (argc > 1 && strcmp(argv[1], verb->subname) == 0))
            return verb;
    }
    return NULL;
}

/* Whether it is the first of two words that name verbs. */
static bool is_group(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i]->subname && strcmp(word, verbs[i]->name) == 0)
            return true;
    return false;
}

static void print_group(const char *group)
{
    const char *lead = "Usage:";
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct usage *usage = verbs[i]->usage;
        if (!verbs[i]->subname || strcmp(group, verbs[i]->name) != 0)
            continue;
        printf("%s stkgate %s %s\n", lead, usage->name, usage->synopsis);
        lead = "      ";
    }
}

static int fail_without_subname(const char *group)
{
    char names[128] = "";
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        size_t len = strlen(names);
        if (verbs[i]->subname && strcmp(group, verbs[i]->name) == 0)
            snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", verbs[i]->subname);
    }
    return arguments_fail(&admin_usage, "after '%s' comes one of: %s", group, names);
}

static int run_without_verb(int argc, char *argv[])
{
    if (argc < 1)
        return arguments_fail(&admin_usage, "a verb is missing; --help lists them");
    if (is_group(argv[0])) {
        if (argc < 2 || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0))
            return fail_without_subname(argv[0]);
        print_group(argv[0]);
        return EXIT_STATUS_OK;
    }
    if (!argument_may_be_shown(argv[0]))
        return arguments_fail(&admin_usage, "unknown verb; --help lists them");
    return arguments_fail(&admin_usage, "unknown verb '%s'; --help lists them", argv[0]);
}

static int run_verb(struct admin *admin, int argc, char *argv[])
{
    int words = 0;
    const struct verb *verb = find_verb(argc, argv, &words);
    if (!verb)
        return run_without_verb(argc, argv);
    admin->usage = verb->usage;
    int status = verb->run(admin, argc - words + 1, argv + words - 1);
    client_free(admin->client);
    return status;
}

/* Options in front of the verb. The number of words they take, or -1 and *ret_status. */
static int take_first_options(struct admin *admin, int argc, char *argv[], int *ret_status)
{
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    int first = 1;
    while (first < argc && argv[first][0] == '-')
        first += strcmp(argv[first], "--runtime") == 0 && first + 1 < argc ? 2 : 1;
    const struct arguments arguments = {&admin_usage, options, 2, NULL};
    return arguments_parse(&arguments, first, argv, ret_status) ? first : -1;
}

int command_admin(int argc, char *argv[])
{
    const char *runtime = getenv("STKGATE_RUNTIME");
    struct admin admin = {
        .usage = &admin_usage,
        .runtime = runtime && *runtime ? runtime : "/run/stkgate",
        .now_s = (int64_t)time(NULL),
    };
    printable_init();
    terminal_inspect(&admin.terminal);
    if (wiping_install() < 0)
        return admin_fail(&admin, "out of memory");
    int status = EXIT_STATUS_OK;
    int first = take_first_options(&admin, argc, argv, &status);
    if (first < 0)
        return status;
    return run_verb(&admin, argc - first, argv + first);
}
