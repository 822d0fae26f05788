#include "daemon/admin/act.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/confirm.h"
#include "daemon/admin/rows.h"
#include "daemon/commands.h"

static const struct usage list_usage = {
    .name = "admin legacy list",
    .synopsis = "[--site ID] [--state STATE] [OPTION]...",
    .help = "List legacy keys, the values of which are kept nowhere.\n"
            "\n"
            "Options:\n"
            "      --site ID              those of one site\n"
            "      --state STATE          those that are active, suspended, revoked or "
            "expired\n" ROWS_IDS_HELP ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin legacy list --state active\n"};

static const struct usage remove_usage = {
    .name = "admin legacy remove",
    .synopsis = "KEY_ID [--yes] [OPTION]...",
    .operand = "KEY_ID",
    .help = "Take a legacy key from the table, with its counts. It refuses every call from then\n"
            "on, as an unknown one; the same value may be added again later.\n"
            "\n"
            "Options:\n" CONFIRM_HELP ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin legacy remove key_4tGvQ2mZx8LrB1sN\n"};

static void add(struct table *table, const struct admin *admin, const json_t *key)
{
    const char *state = answer_text(key, "state");
    table_add(table, answer_text(key, "key_id"), STYLE_PLAIN);
    table_add(table, answer_text(key, "site_id"), STYLE_PLAIN);
    table_add(table, answer_text(key, "name"), STYLE_PLAIN);
    table_add(table, state, terminal_style_of_state(state));
    rows_add_time(table, admin, key, "sunset_at", "never");
    rows_add_number(table, key, "allowed_count");
    rows_add_time(table, admin, key, "last_used_at", "never");
}

static const struct table_column columns[] = {
    {"KEY ID", COLUMN_WHOLE},    {"SITE", COLUMN_FLEXIBLE}, {"NAME", COLUMN_FLEXIBLE},
    {"STATE", COLUMN_WHOLE},     {"SUNSET", COLUMN_WHOLE},  {"ALLOWED", COLUMN_NUMBER},
    {"LAST USED", COLUMN_WHOLE},
};

static const struct rows_shape shape = {columns, sizeof columns / sizeof columns[0], add, "key_id",
                                        "no legacy keys"};

static int run_list(struct admin *admin, int argc, char *argv[])
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
        "/v1/legacy", "tokens", "after", {{"site", site}, {"state", state}}, 0};
    return rows_walk(admin, &shape, ids_only, &pages, NULL);
}

static int run_remove(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL;
    bool is_assumed = false;
    const struct argument options[] = {
        {"yes", ARGUMENT_FLAG, false, {.flag = &is_assumed}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&remove_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    status =
        confirm_token(admin, &(struct confirm){"Remove ", key_id, " and its counts?"}, is_assumed);
    if (status != EXIT_STATUS_OK)
        return status;
    const struct act remove = {"DELETE", {"/v1/legacy/", key_id, ""}, NULL, NULL, "removed"};
    return act_run(admin, &remove);
}

const struct verb verb_legacy_list = {"legacy", "list", &list_usage, run_list};
const struct verb verb_legacy_remove = {"legacy", "remove", &remove_usage, run_remove};
