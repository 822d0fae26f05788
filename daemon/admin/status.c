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

#define FILL_WARNING   700u /* thousandths of the table */
#define FILL_REFUSED   800u /* from here on the daemon refuses mints */

#define ATTACHED_SHOWN 10u /* users; --json has them all */

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

/* ---- the view ------------------------------------------------------------------------------ */

/* The view of the table that programs decide from. An earlier daemon had none: its lease is null.
 */
static void print_lease(const json_t *status)
{
    const json_t *lease = json_object_get(status, "lease");
    char left[QUANTITY_TEXT_MAX];
    if (!lease)
        return;
    facts_begin("Lease");
    if (!json_is_object(lease)) {
        puts("none: every check asks the daemon");
    } else if (!answer_flag(lease, "holds")) {
        puts("over: programs that have the view ask the daemon");
    } else {
        quantity_us(answer_number(lease, "remaining_ms") * 1000, left);
        printf("holds for another %s, and is renewed\n", left);
    }
}

static void print_view(const json_t *view)
{
    uint64_t used = answer_number(view, "used"), slots = answer_number(view, "slots");
    uint64_t fill = quantity_thousandths(used, slots);
    char bytes[QUANTITY_TEXT_MAX];
    quantity_bytes(answer_number(view, "resident_bytes"), bytes);
    facts_begin("View");
    printf("%" PRIu64 ".%" PRIu64 " %% full: %" PRIu64 " of %" PRIu64 " slots, %s of memory%s\n",
           fill / 10, fill % 10, used, slots, bytes,
           answer_flag(view, "complete") ? "" : "; not all of the table is in it yet");
}

/* "3 processes: www-data 2, root 1". */
static void print_attached(const json_t *attached)
{
    const json_t *users = json_object_get(attached, "users");
    uint64_t processes = answer_number(attached, "processes");
    size_t i, count = json_array_size(users);
    json_t *user;
    facts_begin("Attached");
    if (processes == 0) {
        puts("no process");
        return;
    }
    printf("%" PRIu64 " process%s", processes, processes == 1 ? "" : "es");
    json_array_foreach(users, i, user)
    {
        char name[USER_TEXT_MAX];
        if (i == ATTACHED_SHOWN)
            break;
        user_name(json_object_get(user, "uid"), name);
        fputs(i == 0 ? ": " : ", ", stdout);
        printable_write(stdout, name);
        printf(" %" PRIu64, answer_number(user, "processes"));
    }
    if (count > ATTACHED_SHOWN)
        printf(" and %zu more users", count - ATTACHED_SHOWN);
    putchar('\n');
}

static void print_sharing(const json_t *status)
{
    print_lease(status);
    if (has(status, "view"))
        print_view(json_object_get(status, "view"));
    if (has(status, "attached"))
        print_attached(json_object_get(status, "attached"));
}

/* ---- users --------------------------------------------------------------------------------- */

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
    print_sharing(answer);
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
