#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/rows.h"
#include "daemon/admin/user.h"
#include "daemon/commands.h"
#include "lib/core/moment.h"

#define ENTRIES_DEFAULT 100

static const struct usage audit_usage = {
    .name = "admin audit",
    .synopsis = "[--key-id KEY_ID] [--since WHEN] [OPTION]...",
    .help = "Show who changed what, the newest change first.\n"
            "\n"
            "Options:\n"
            "      --key-id KEY_ID        changes of one token or legacy key, and rotations to it\n"
            "      --since WHEN           not older: 2026-11-01T12:00:00Z, 2026-11-01, or 24h ago\n"
            "                             as 24h\n"
            "      --limit N              at most so many, the newest (default "
            "100)\n" ADMIN_OPTIONS_HELP "\n"
            "Examples:\n"
            "  stkgate admin audit --since 24h\n"
            "  stkgate admin audit --key-id key_4tGvQ2mZx8LrB1sN --json\n"};

/* Why, and what else the change was about: "seen in a log", "to key_9...", "orders:read". */
static void add_detail(struct table *table, const json_t *entry)
{
    const char *reason = answer_text(entry, "reason"), *related = answer_text(entry, "related");
    bool is_rotation = strcmp(answer_text(entry, "action"), "rotate") == 0;
    char detail[512];
    snprintf(detail, sizeof detail, "%s%.64s%s%.300s", is_rotation && *related ? "to " : "",
             related, *related && *reason ? "; " : "", reason);
    table_add(table, detail, STYLE_PLAIN);
}

static void add(struct table *table, const struct admin *admin, const json_t *entry)
{
    char who[USER_TEXT_MAX];
    user_name(json_object_get(entry, "uid"), who);
    rows_add_time(table, admin, entry, "at", "");
    table_add(table, answer_text(entry, "action"), STYLE_PLAIN);
    table_add(table, answer_text(entry, "key_id"), STYLE_PLAIN);
    table_add(table, answer_text(entry, "site_id"), STYLE_PLAIN);
    table_add(table, who, STYLE_PLAIN);
    add_detail(table, entry);
}

static const struct table_column columns[] = {
    {"WHEN", COLUMN_WHOLE},    {"ACTION", COLUMN_WHOLE}, {"KEY ID", COLUMN_WHOLE},
    {"SITE", COLUMN_FLEXIBLE}, {"WHO", COLUMN_FLEXIBLE}, {"DETAIL", COLUMN_FLEXIBLE},
};

static const struct rows_shape shape = {columns, sizeof columns / sizeof columns[0], add, NULL,
                                        "no such change"};

static int walk(struct admin *admin, const char *key_id, const struct argument_when *since,
                uint64_t count)
{
    char since_text[MOMENT_TEXT_MAX];
    if (since->is_given) {
        int64_t at_s =
            since->is_span ? admin->now_s - (int64_t)(since->span_ns / 1000000000u) : since->at_s;
        moment_rfc3339(at_s < 0 ? 0 : at_s, since_text);
    }
    const struct pages pages = {
        "/v1/audit",
        "entries",
        "before",
        {{"key_id", key_id}, {"since", since->is_given ? since_text : NULL}},
        count};
    bool more = false;
    int status = rows_walk(admin, &shape, false, &pages, &more);
    if (status == EXIT_STATUS_OK && more && admin->terminal.is_terminal && !admin->json)
        fprintf(stderr, "the newest %" PRIu64 "; --limit N shows more\n", count);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL;
    struct argument_when since = {0};
    uint64_t count = 0;
    const struct argument options[] = {
        {"key-id", ARGUMENT_TEXT, false, {.text = &key_id}},
        {"since", ARGUMENT_SINCE, false, {.when = &since}},
        {"limit", ARGUMENT_COUNT, false, {.count = &count}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&audit_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    char path[ADMIN_PATH_MAX];
    if (key_id)
        status = admin_path(admin, &(struct admin_place){"", key_id, ""}, path);
    return status == EXIT_STATUS_OK ? walk(admin, key_id, &since, count ? count : ENTRIES_DEFAULT)
                                    : status;
}

const struct verb verb_audit = {"audit", NULL, &audit_usage, run};
