#include <inttypes.h>
#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/facts.h"
#include "daemon/admin/printable.h"
#include "daemon/admin/quantity.h"
#include "daemon/admin/table.h"
#include "daemon/admin/user.h"
#include "daemon/commands.h"

#define FILL_WARNING 700u /* thousandths of the table */
#define FILL_REFUSED 800u /* from here on the daemon refuses mints */

static const struct usage status_usage = {
    .name = "admin status",
    .synopsis = "[OPTION]...",
    .help = "Show the state of the daemon: how full its table is, how long commits take, what\n"
            "checks came to, and who is connected. Exit status 0 says that it answers.\n"
            "\n"
            "Options:\n" ADMIN_OPTIONS_HELP "\n"
            "Examples:\n"
            "  stkgate admin status\n"
            "  stkgate admin status --json | jq .checks\n"};

static bool has(const json_t *answer, const char *member)
{
    const json_t *value = json_object_get(answer, member);
    return value && !json_is_null(value);
}

/* ---- the daemon ---------------------------------------------------------------------------- */

static void print_daemon(const struct admin *admin, const json_t *answer)
{
    facts_text("Version", answer_text(answer, "version"));
    if (has(answer, "uptime_s")) {
        char uptime[QUANTITY_TEXT_MAX];
        quantity_uptime(answer_number(answer, "uptime_s"), uptime);
        facts_text("Uptime", uptime);
    }
    facts_time(admin, "Started", answer, "started_at", NULL);
    if (has(answer, "pid")) {
        facts_begin("Pid");
        printf("%" PRIu64 "\n", answer_number(answer, "pid"));
    }
    if (has(answer, "services")) {
        facts_begin("Services");
        answer_write_texts(stdout, answer, "services", "default alone");
        putchar('\n');
    }
}

/* ---- the table and its disk ---------------------------------------------------------------- */

static void print_fill(const struct terminal *terminal, const json_t *map)
{
    uint64_t used = answer_number(map, "used_bytes"), size = answer_number(map, "size_bytes");
    uint64_t fill = quantity_thousandths(used, size);
    enum style style = fill >= FILL_REFUSED   ? STYLE_BAD
                       : fill >= FILL_WARNING ? STYLE_WARNING
                                              : STYLE_PLAIN;
    char used_text[QUANTITY_TEXT_MAX], size_text[QUANTITY_TEXT_MAX];
    quantity_bytes(used, used_text);
    quantity_bytes(size, size_text);
    facts_begin("Table");
    printf("%s%" PRIu64 ".%" PRIu64 " %% full%s: %s of %s%s\n", terminal_begin(terminal, style),
           fill / 10, fill % 10, terminal_end(terminal, style), used_text, size_text,
           fill >= FILL_REFUSED ? "; mints are refused" : "");
}

static void print_latency(const json_t *commits, const char *member, const char *name)
{
    char text[QUANTITY_TEXT_MAX];
    if (!has(commits, member))
        return;
    quantity_us(answer_number(commits, member), text);
    printf(", %s %s", name, text);
}

static void print_commits(const json_t *commits)
{
    facts_begin("Commits");
    printf("%" PRIu64 " since the start, %" PRIu64 " waiting\n", answer_number(commits, "count"),
           answer_number(commits, "queued"));
    if (answer_number(commits, "count") == 0 || !has(commits, "last_us"))
        return;
    char last[QUANTITY_TEXT_MAX];
    quantity_us(answer_number(commits, "last_us"), last);
    facts_begin(NULL);
    printf("last %s", last);
    print_latency(commits, "p50_us", "median");
    print_latency(commits, "p99_us", "p99");
    print_latency(commits, "max_us", "max");
    putchar('\n');
}

static void print_table(const struct admin *admin, const json_t *answer)
{
    facts_begin("Credentials");
    printf("%" PRIu64 "\n", answer_number(answer, "credentials"));
    if (has(answer, "map"))
        print_fill(&admin->terminal, json_object_get(answer, "map"));
    facts_begin("Last change");
    printf("no. %" PRIu64 "\n", answer_number(answer, "seq"));
    if (has(answer, "commits"))
        print_commits(json_object_get(answer, "commits"));
}

/* ---- checks -------------------------------------------------------------------------------- */

/* One reason a line, none that never came; the numbers end one below the other. */
static void print_checks(const json_t *checks)
{
    const char *reason;
    json_t *count;
    uint64_t total = 0;
    json_object_foreach((json_t *)checks, reason, count) total += answer_number(checks, reason);
    facts_begin("Checks");
    int width = printf("%" PRIu64, total);
    puts(" since the start");
    json_object_foreach((json_t *)checks, reason, count)
    {
        uint64_t number = answer_number(checks, reason);
        if (number == 0)
            continue;
        facts_begin(NULL);
        printf("%*" PRIu64 " ", width, number);
        printable_write(stdout, reason);
        putchar('\n');
    }
}

/* ---- clients ------------------------------------------------------------------------------- */

/* Connections of one kind: "15 of 1000 check, 500 of one user". */
static void print_share(const json_t *connections, const char *kind)
{
    char max[64], user_max[64];
    snprintf(max, sizeof max, "%s_max", kind);
    snprintf(user_max, sizeof user_max, "%s_per_user_max", kind);
    printf("%" PRIu64, answer_number(connections, kind));
    if (has(connections, max))
        printf(" of %" PRIu64, answer_number(connections, max));
    printf(" %s", kind);
    if (has(connections, user_max))
        printf(", at most %" PRIu64 " of one user", answer_number(connections, user_max));
    putchar('\n');
}

static void print_connections(const json_t *connections)
{
    facts_begin("Connections");
    print_share(connections, "check");
    facts_begin(NULL);
    print_share(connections, "http");
    if (!has(connections, "bytes"))
        return;
    char bytes[QUANTITY_TEXT_MAX], max[QUANTITY_TEXT_MAX];
    quantity_bytes(answer_number(connections, "bytes"), bytes);
    quantity_bytes(answer_number(connections, "bytes_max"), max);
    facts_begin("In flight");
    printf("%s of %s\n", bytes, max);
}

/* Of a view of the table that programs map. A daemon without one gives none. */
static void print_lease(const json_t *status)
{
    if (!json_is_null(json_object_get(status, "lease")))
        return;
    facts_begin("Lease");
    puts("none: every check asks the daemon");
}

static void add_number(struct table *table, const json_t *client, const char *member,
                       enum style style)
{
    char text[24];
    uint64_t number = answer_number(client, member);
    snprintf(text, sizeof text, "%" PRIu64, number);
    table_add(table, text, number > 0 ? style : STYLE_PLAIN);
}

static int print_clients(const struct admin *admin, const json_t *clients)
{
    static const struct table_column columns[] = {{"USER", COLUMN_FLEXIBLE},
                                                  {"CHECK", COLUMN_NUMBER},
                                                  {"HTTP", COLUMN_NUMBER},
                                                  {"IN FLIGHT", COLUMN_NUMBER},
                                                  {"REFUSED", COLUMN_NUMBER}};
    struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
    size_t i;
    json_t *client;
    if (!table)
        return admin_fail(admin, "out of memory");
    json_array_foreach(clients, i, client)
    {
        char user[USER_TEXT_MAX], bytes[QUANTITY_TEXT_MAX];
        quantity_bytes(answer_number(client, "bytes"), bytes);
        user_name(json_object_get(client, "uid"), user);
        table_add(table, user, STYLE_PLAIN);
        add_number(table, client, "check_connections", STYLE_PLAIN);
        add_number(table, client, "http_connections", STYLE_PLAIN);
        table_add(table, bytes, STYLE_PLAIN);
        add_number(table, client, "refused", STYLE_BAD);
    }
    putchar('\n');
    int r = table_print(table, &admin->terminal, stdout);
    table_free(table);
    return r < 0 ? admin_fail(admin, "out of memory") : EXIT_STATUS_OK;
}

static int print(const struct admin *admin, const json_t *answer)
{
    if (admin->json)
        return admin_print_json(admin, answer);
    const json_t *clients = json_object_get(answer, "clients");
    print_daemon(admin, answer);
    print_table(admin, answer);
    if (json_is_object(json_object_get(answer, "checks")))
        print_checks(json_object_get(answer, "checks"));
    if (has(answer, "connections"))
        print_connections(json_object_get(answer, "connections"));
    print_lease(answer);
    return json_array_size(clients) > 0 ? print_clients(admin, clients) : EXIT_STATUS_OK;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&status_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    json_t *answer = NULL;
    status = admin_call(admin, "GET", "/v1/status", NULL, &answer);
    if (status == EXIT_STATUS_OK)
        status = print(admin, answer);
    json_decref(answer);
    return status;
}

const struct verb verb_status = {"status", NULL, &status_usage, run};
