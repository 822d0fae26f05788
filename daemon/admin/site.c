#include <string.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/rows.h"
#include "daemon/commands.h"

static const struct usage site_usage = {
    .name = "admin site list",
    .synopsis = "[OPTION]...",
    .help = "List the sites that have credentials, with how many of these are in which state, how\n"
            "many are legacy keys, how many calls they let through, and when the last one came.\n"
            "\n"
            "Options:\n" ROWS_IDS_HELP ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin site list --json | jq -r '.[] | select(.active == 0).site_id'\n"};

static void add(struct table *table, const struct admin *admin, const json_t *site)
{
    table_add(table, answer_text(site, "site_id"), STYLE_PLAIN);
    rows_add_number(table, site, "active");
    rows_add_number(table, site, "suspended");
    rows_add_number(table, site, "revoked");
    rows_add_number(table, site, "expired");
    rows_add_number(table, site, "legacy");
    rows_add_number(table, site, "allowed_count");
    rows_add_time(table, admin, site, "last_used_at", "never");
}

static const struct table_column columns[] = {
    {"SITE", COLUMN_FLEXIBLE},  {"ACTIVE", COLUMN_NUMBER},   {"SUSPENDED", COLUMN_NUMBER},
    {"REVOKED", COLUMN_NUMBER}, {"EXPIRED", COLUMN_NUMBER},  {"LEGACY", COLUMN_NUMBER},
    {"ALLOWED", COLUMN_NUMBER}, {"LAST USED", COLUMN_WHOLE},
};

static const struct rows_shape shape = {
    columns, sizeof columns / sizeof columns[0], add, "site_id",
    "no sites; 'stkgate admin mint --site ID --name TEXT' issues a token for one"};

/* ---- a site that is split between pages ---------------------------------------------------- */

struct merge {
    struct rows rows;
    json_t *site; /* the last one, which may go on; NULL before the first */
};

/* Add what a further part of the same site says. */
static void merge_part(json_t *site, const json_t *part)
{
    static const char *const counts[] = {"active",  "suspended", "revoked",
                                         "expired", "legacy",    "allowed_count"};
    int64_t have_s, new_s;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint64_t sum = answer_number(site, counts[i]) + answer_number(part, counts[i]);
        json_object_set_new(site, counts[i], json_integer((json_int_t)sum));
    }
    if (answer_time(part, "last_used_at", &new_s) &&
        (!answer_time(site, "last_used_at", &have_s) || new_s > have_s))
        json_object_set(site, "last_used_at", json_object_get(part, "last_used_at"));
}

/* Hand the last site on, and forget it. */
static int flush(struct merge *merge)
{
    int status = merge->site ? rows_take(merge->site, &merge->rows) : EXIT_STATUS_OK;
    json_decref(merge->site);
    merge->site = NULL;
    return status;
}

static int take_part(const json_t *part, void *userdata)
{
    struct merge *merge = userdata;
    if (merge->site &&
        strcmp(answer_text(merge->site, "site_id"), answer_text(part, "site_id")) == 0) {
        merge_part(merge->site, part);
        return EXIT_STATUS_OK;
    }
    int status = flush(merge);
    merge->site = json_deep_copy(part);
    if (status == EXIT_STATUS_OK && !merge->site)
        status = admin_fail(merge->rows.admin, "out of memory");
    return status;
}

static int walk(struct admin *admin, bool ids_only)
{
    const struct pages pages = {"/v1/sites", "sites", "after", {{NULL, NULL}}, 0};
    struct merge merge = {.site = NULL};
    int status = rows_begin(&merge.rows, admin, &shape, ids_only);
    if (status != EXIT_STATUS_OK)
        return status;
    status = pages_walk(admin, &pages, take_part, &merge, NULL);
    if (status == EXIT_STATUS_OK)
        status = flush(&merge);
    json_decref(merge.site);
    return rows_end(&merge.rows, status);
}

static int run(struct admin *admin, int argc, char *argv[])
{
    bool ids_only = false;
    const struct argument options[] = {
        {"quiet", ARGUMENT_FLAG, false, {.flag = &ids_only}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&site_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    return arguments_parse(&arguments, argc, argv, &status) ? walk(admin, ids_only) : status;
}

const struct verb verb_site_list = {"site", "list", &site_usage, run};
