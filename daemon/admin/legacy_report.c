#include <stdlib.h>
#include <string.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/rows.h"
#include "daemon/commands.h"

static const struct usage report_usage = {
    .name = "admin legacy report",
    .synopsis = "[OPTION]...",
    .help =
        "Tell which sites still depend on legacy keys, that is, who would break on the day of\n"
        "the sunset: a line for each site that has a key in force (active or suspended), with\n"
        "the counts of its keys, the last use and the nearest sunset. Sites with an active key\n"
        "come first, and of these the one that used it last.\n"
        "\n"
        "Options:\n" ADMIN_OPTIONS_HELP "\n"
        "Examples:\n"
        "  stkgate admin legacy report\n"
        "  stkgate admin legacy report --json | jq -r '.[] | select(.last_used_at).site_id'\n"};

/* Site by site, an object as it is printed; the keys come in the order of sites, but nothing hangs
 * on that. */
struct report {
    struct admin *admin;
    json_t *sites; /* site_id -> object */
};

static void add_number(json_t *site, const char *member, uint64_t number)
{
    uint64_t sum = answer_number(site, member) + number;
    json_object_set_new(site, member, json_integer((json_int_t)sum));
}

/* Take over a time of the key that is later (or earlier) than what the site has. */
static void take_time(json_t *site, const json_t *key, const char *member, bool is_later)
{
    int64_t have_s, new_s;
    if (answer_time(key, member, &new_s) &&
        (!answer_time(site, member, &have_s) || (is_later ? new_s > have_s : new_s < have_s)))
        json_object_set(site, member, json_object_get(key, member));
}

static json_t *site_of(struct report *report, const char *site_id)
{
    json_t *site = json_object_get(report->sites, site_id);
    if (site)
        return site;
    site = json_pack("{s:s,s:i,s:i,s:i,s:i,s:n,s:n,s:[]}", "site_id", site_id, "active", 0,
                     "suspended", 0, "allowed_count", 0, "refused_count", 0, "last_used_at",
                     "sunset_at", "key_ids");
    return json_object_set_new(report->sites, site_id, site) < 0 ? NULL : site;
}

static int take_key(const json_t *key, void *userdata)
{
    struct report *report = userdata;
    const char *state = answer_text(key, "state"), *site_id = answer_text(key, "site_id");
    bool is_active = strcmp(state, "active") == 0;
    if (!is_active && strcmp(state, "suspended") != 0)
        return EXIT_STATUS_OK;
    json_t *site = site_of(report, site_id);
    if (!site)
        return admin_fail(report->admin, "out of memory");
    add_number(site, is_active ? "active" : "suspended", 1);
    add_number(site, "allowed_count", answer_number(key, "allowed_count"));
    add_number(site, "refused_count", answer_number(key, "refused_count"));
    take_time(site, key, "last_used_at", true);
    take_time(site, key, "sunset_at", false);
    json_array_append(json_object_get(site, "key_ids"), json_object_get(key, "key_id"));
    return EXIT_STATUS_OK;
}

/* ---- the order: who would break comes first ------------------------------------------------- */

static int compare(const void *left, const void *right)
{
    const json_t *a = *(const json_t *const *)left, *b = *(const json_t *const *)right;
    bool a_active = answer_number(a, "active") > 0, b_active = answer_number(b, "active") > 0;
    int64_t a_s = -1, b_s = -1;
    if (a_active != b_active)
        return a_active ? -1 : 1;
    answer_time(a, "last_used_at", &a_s);
    answer_time(b, "last_used_at", &b_s);
    if (a_s != b_s)
        return a_s > b_s ? -1 : 1;
    return strcmp(answer_text(a, "site_id"), answer_text(b, "site_id"));
}

static void add(struct table *table, const struct admin *admin, const json_t *site)
{
    bool is_used = *answer_text(site, "last_used_at") != '\0';
    table_add(table, answer_text(site, "site_id"), is_used ? STYLE_WARNING : STYLE_PLAIN);
    rows_add_number(table, site, "active");
    rows_add_number(table, site, "suspended");
    rows_add_number(table, site, "allowed_count");
    rows_add_number(table, site, "refused_count");
    rows_add_time(table, admin, site, "last_used_at", "never");
    rows_add_time(table, admin, site, "sunset_at", "never");
}

static const struct table_column columns[] = {
    {"SITE", COLUMN_FLEXIBLE},  {"ACTIVE", COLUMN_NUMBER},  {"SUSPENDED", COLUMN_NUMBER},
    {"ALLOWED", COLUMN_NUMBER}, {"REFUSED", COLUMN_NUMBER}, {"LAST USED", COLUMN_WHOLE},
    {"SUNSET", COLUMN_WHOLE},
};

static const struct rows_shape shape = {columns, sizeof columns / sizeof columns[0], add, NULL,
                                        "no site depends on a legacy key"};

static int print(struct report *report)
{
    size_t count = json_object_size(report->sites), n = 0;
    const char *site_id;
    json_t *site, **sites = calloc(count + 1, sizeof(json_t *));
    struct rows rows;
    if (!sites)
        return admin_fail(report->admin, "out of memory");
    json_object_foreach(report->sites, site_id, site) sites[n++] = site;
    qsort(sites, n, sizeof(json_t *), compare);
    int status = rows_begin(&rows, report->admin, &shape, false);
    if (status == EXIT_STATUS_OK) {
        for (size_t i = 0; i < n && status == EXIT_STATUS_OK; i++)
            status = rows_take(sites[i], &rows);
        status = rows_end(&rows, status);
    }
    free(sites);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&report_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    const struct pages pages = {"/v1/legacy", "tokens", "after", {{NULL, NULL}}, 0};
    struct report report = {.admin = admin, .sites = json_object()};
    status = pages_walk(admin, &pages, take_key, &report, NULL);
    if (status == EXIT_STATUS_OK)
        status = print(&report);
    json_decref(report.sites);
    return status;
}

const struct verb verb_legacy_report = {"legacy", "report", &report_usage, run};
