#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/rows.h"
#include "daemon/commands.h"

static const struct usage list_usage = {
    .name = "admin list",
    .synopsis = "[--site ID] [--state STATE] [OPTION]...",
    .help = "List tokens and legacy keys, the secrets of which are kept nowhere.\n"
            "\n"
            "Options:\n"
            "      --site ID              those of one site\n"
            "      --state STATE          those that are active, suspended, revoked or "
            "expired\n" ROWS_IDS_HELP ADMIN_OPTIONS_HELP "\n"
            "Examples:\n"
            "  stkgate admin list --site kasa --state active\n"
            "  stkgate admin list --json | jq -r '.[] | select(.last_used_at == null).key_id'\n"};

static void add(struct table *table, const struct admin *admin, const json_t *token)
{
    char hint[ANSWER_TEXT_MAX], limit[ANSWER_TEXT_MAX];
    const char *state = answer_text(token, "state");
    answer_secret_hint(token, hint);
    answer_limit(token, limit);
    table_add(table, answer_text(token, "key_id"), STYLE_PLAIN);
    table_add(table, answer_text(token, "site_id"), STYLE_PLAIN);
    table_add(table, answer_text(token, "name"), STYLE_PLAIN);
    table_add(table, hint, STYLE_FAINT);
    table_add(table, state, terminal_style_of_state(state));
    table_add(table, limit, STYLE_PLAIN);
    rows_add_time(table, admin, token, "last_used_at", "never");
}

static const struct table_column columns[] = {
    {"KEY ID", COLUMN_WHOLE},    {"SITE", COLUMN_FLEXIBLE}, {"NAME", COLUMN_FLEXIBLE},
    {"TOKEN", COLUMN_WHOLE},     {"STATE", COLUMN_WHOLE},   {"LIMIT", COLUMN_WHOLE},
    {"LAST USED", COLUMN_WHOLE},
};

static const struct rows_shape shape = {
    columns, sizeof columns / sizeof columns[0], add, "key_id",
    "no tokens; 'stkgate admin mint --site ID --name TEXT' issues one"};

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *site = NULL, *state = NULL;
    bool ids_only = false;
    const struct argument options[] = {
        {"site", ARGUMENT_TEXT, false, {.text = &site}},
        {"state", ARGUMENT_TEXT, false, {.text = &state}},
        {"quiet", ARGUMENT_FLAG, false, {.flag = &ids_only}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&list_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    const struct pages pages = {
        "/v1/tokens", "tokens", "after", {{"site", site}, {"state", state}}, 0};
    return rows_walk(admin, &shape, ids_only, &pages, NULL);
}

const struct verb verb_list = {"list", NULL, &list_usage, run};
