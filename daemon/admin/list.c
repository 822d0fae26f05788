#include <stdio.h>
#include <string.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/table.h"
#include "daemon/admin/wiping.h"
#include "daemon/commands.h"
#include "lib/core/moment.h"

#define LIST_PATH_MAX 4096

static const struct usage list_usage = {
    .name = "admin list",
    .synopsis = "[--site ID] [--state STATE] [OPTION]...",
    .help = "List tokens and legacy keys, the secrets of which are kept nowhere.\n"
            "\n"
            "Options:\n"
            "      --site ID              those of one site\n"
            "      --state STATE          those that are active, suspended, revoked or "
            "expired\n" ADMIN_OPTIONS_HELP "\n"
            "Examples:\n"
            "  stkgate admin list --site kasa --state active\n"
            "  stkgate admin list --json | jq -r '.[] | select(.last_used_at == null).key_id'\n"};

struct walk {
    struct admin *admin;
    const char *site, *state; /* NULL: all */
    struct table *table;      /* NULL: JSON is printed */
    size_t count;
};

static void add_row(const struct walk *walk, const json_t *token)
{
    const struct admin *admin = walk->admin;
    char hint[ANSWER_TEXT_MAX], limit[ANSWER_TEXT_MAX], used[ANSWER_TEXT_MAX] = "never";
    const char *state = answer_text(token, "state");
    int64_t used_s;
    answer_secret_hint(token, hint);
    answer_limit(token, limit);
    if (answer_time(token, "last_used_at", &used_s)) {
        if (admin->terminal.is_terminal)
            answer_relative(used_s, admin->now_s, used);
        else
            moment_rfc3339(used_s, used);
    }
    table_add(walk->table, answer_text(token, "key_id"), STYLE_PLAIN);
    table_add(walk->table, answer_text(token, "site_id"), STYLE_PLAIN);
    table_add(walk->table, answer_text(token, "name"), STYLE_PLAIN);
    table_add(walk->table, hint, STYLE_FAINT);
    table_add(walk->table, state, terminal_style_of_state(state));
    table_add(walk->table, limit, STYLE_PLAIN);
    table_add(walk->table, used, STYLE_PLAIN);
}

/* JSON goes out page by page: a table of a million tokens need not fit in memory. */
static int take_page(struct walk *walk, const json_t *page)
{
    const json_t *tokens = json_object_get(page, "tokens");
    size_t i;
    json_t *token;
    if (!json_is_array(tokens))
        return admin_fail(walk->admin, "the daemon's answer holds no list");
    json_array_foreach(tokens, i, token)
    {
        int status = EXIT_STATUS_OK;
        if (walk->table) {
            add_row(walk, token);
        } else {
            fputs(walk->count ? "," : "[", stdout);
            status = admin_print_json(walk->admin, token);
        }
        if (status != EXIT_STATUS_OK)
            return status;
        walk->count++;
    }
    return EXIT_STATUS_OK;
}

/* Append "?member=value", or '&'. False: no room or no memory. */
static bool add_query(struct walk *walk, char path[static LIST_PATH_MAX], const char *member,
                      const char *value)
{
    if (!value)
        return true;
    char *escaped = client_escape(walk->admin->client, value);
    size_t len = strlen(path);
    int added = escaped ? snprintf(path + len, LIST_PATH_MAX - len, "%c%s=%s",
                                   strchr(path, '?') ? '&' : '?', member, escaped)
                        : -1;
    wiping_free(escaped);
    return added >= 0 && (size_t)added < LIST_PATH_MAX - len;
}

static int get_page(struct walk *walk, const char *after, json_t **ret)
{
    char path[LIST_PATH_MAX] = "/v1/tokens";
    if (!add_query(walk, path, "site", walk->site) ||
        !add_query(walk, path, "state", walk->state) || !add_query(walk, path, "after", after))
        return arguments_fail(walk->admin->usage, "the value of an option is too long");
    return admin_call(walk->admin, "GET", path, NULL, ret);
}

static int walk_pages(struct walk *walk)
{
    json_t *page = NULL;
    int status = get_page(walk, NULL, &page);
    while (status == EXIT_STATUS_OK) {
        status = take_page(walk, page);
        const char *next = json_string_value(json_object_get(page, "next"));
        if (status != EXIT_STATUS_OK || !next)
            break;
        json_t *following = NULL;
        status = get_page(walk, next, &following);
        json_decref(page);
        page = following;
    }
    json_decref(page);
    return status;
}

static int finish(const struct walk *walk)
{
    const struct admin *admin = walk->admin;
    if (!walk->table) {
        puts(walk->count ? "]" : "[]");
        return EXIT_STATUS_OK;
    }
    if (walk->count == 0) {
        if (admin->terminal.is_terminal)
            fputs("no tokens; 'stkgate admin mint --site ID --name TEXT' issues one\n", stderr);
        return EXIT_STATUS_OK;
    }
    if (table_print(walk->table, &admin->terminal, stdout) < 0)
        return admin_fail(admin, "out of memory: try --site, or --json");
    return EXIT_STATUS_OK;
}

static int walk_and_print(struct walk *walk)
{
    static const struct table_column columns[] = {
        {"KEY ID", false}, {"SITE", true},   {"NAME", true},       {"TOKEN", false},
        {"STATE", false},  {"LIMIT", false}, {"LAST USED", false},
    };
    if (!walk->admin->json) {
        walk->table = table_new(columns, sizeof columns / sizeof columns[0]);
        if (!walk->table)
            return admin_fail(walk->admin, "out of memory");
    }
    int status = walk_pages(walk);
    if (status == EXIT_STATUS_OK)
        status = finish(walk);
    table_free(walk->table);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    struct walk walk = {.admin = admin};
    const struct argument options[] = {
        {"site", ARGUMENT_TEXT, false, {.text = &walk.site}},
        {"state", ARGUMENT_TEXT, false, {.text = &walk.state}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&list_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    status = admin_connect(admin);
    return status == EXIT_STATUS_OK ? walk_and_print(&walk) : status;
}

const struct verb verb_list = {"list", NULL, &list_usage, run};
