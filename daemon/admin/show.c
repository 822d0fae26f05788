#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"
#include "lib/core/moment.h"

static const struct usage show_usage = {
    .name = "admin show",
    .synopsis = "KEY_ID [OPTION]...",
    .operand = "KEY_ID",
    .help = "Show all that is known of one token or legacy key. The secret is not: it is kept\n"
            "nowhere.\n"
            "\n"
            "Options:\n" ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin show key_4tGvQ2mZx8LrB1sN\n"};

static void label(const char *name)
{
    printf("%12s: ", name);
}

static void row_text(const json_t *token, const char *name, const char *member)
{
    const char *text = answer_text(token, member);
    if (!*text)
        return;
    label(name);
    printable_write(stdout, text);
    putchar('\n');
}

/* instead NULL: no row when there is no such time. */
static void row_time(const struct admin *admin, const json_t *token, const char *name,
                     const char *member, const char *instead)
{
    int64_t at_s;
    if (answer_time(token, member, &at_s)) {
        char text[MOMENT_TEXT_MAX], relative[ANSWER_TEXT_MAX];
        moment_rfc3339(at_s, text);
        label(name);
        fputs(text, stdout);
        if (admin->terminal.is_terminal) {
            answer_relative(at_s, admin->now_s, relative);
            printf(" (%s)", relative);
        }
        putchar('\n');
    } else if (instead) {
        label(name);
        puts(instead);
    }
}

static void row_state(const struct admin *admin, const json_t *token)
{
    const char *state = answer_text(token, "state");
    enum style style = terminal_style_of_state(state);
    label("State");
    fputs(terminal_begin(&admin->terminal, style), stdout);
    printable_write(stdout, state);
    puts(terminal_end(&admin->terminal, style));
}

static void row_origins(const json_t *token)
{
    label("Origins");
    answer_write_texts(stdout, token, "allowed_origins", "any");
    if (json_array_size(json_object_get(token, "allowed_origins")) > 0)
        fputs(*answer_text(token, "missing_origin") == 'a' ? "; or none" : "", stdout);
    putchar('\n');
}

static void row_creator(const json_t *token)
{
    const json_t *uid = json_object_get(token, "created_by");
    if (!json_is_integer(uid))
        return;
    const struct passwd *user = getpwuid((uid_t)json_integer_value(uid));
    label("Created by");
    if (user)
        printf("%s ", user->pw_name);
    printf(user ? "(uid %" JSON_INTEGER_FORMAT ")\n" : "uid %" JSON_INTEGER_FORMAT "\n",
           json_integer_value(uid));
}

static void rows_limit(const json_t *token)
{
    char limit[ANSWER_TEXT_MAX];
    answer_limit(token, limit);
    label("Limit");
    printable_write(stdout, limit);
    printf("; %" PRIu64 " left%s\n", answer_number(token, "remaining"),
           answer_flag(token, "strict") ? "; strict" : "");
    label("Used");
    printf("%" PRIu64 " allowed, %" PRIu64 " refused\n", answer_number(token, "allowed_count"),
           answer_number(token, "refused_count"));
}

static void print_rows(const struct admin *admin, const json_t *token)
{
    char hint[ANSWER_TEXT_MAX];
    answer_secret_hint(token, hint);
    row_text(token, "Key id", "key_id");
    row_text(token, "Name", "name");
    row_text(token, "Site", "site_id");
    label("Token");
    printable_write(stdout, hint);
    putchar('\n');
    row_state(admin, token);
    row_time(admin, token, "Revoked", "revoked_at", NULL);
    row_text(token, "Reason", "revoked_reason");
    row_time(admin, token, "Grace until", "grace_until", NULL);
    label("Scopes");
    answer_write_texts(stdout, token, "scopes", "none");
    putchar('\n');
    row_origins(token);
    rows_limit(token);
    row_time(admin, token, "Last used", "last_used_at", "never");
    row_time(admin, token, "Created", "created_at", NULL);
    row_creator(token);
    row_time(admin, token, "Expires", "expires_at", "never");
    row_text(token, "Replaces", "rotated_from_key_id");
    row_text(token, "Replaced by", "rotated_to_key_id");
    row_time(admin, token, "Deprecation", "deprecation_at", NULL);
    row_time(admin, token, "Sunset", "sunset_at", NULL);
    row_text(token, "Link", "link");
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL;
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&show_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    json_t *token = NULL;
    status = admin_get_token(admin, key_id, &token);
    if (status == EXIT_STATUS_OK && admin->json)
        status = admin_print_json(admin, token);
    else if (status == EXIT_STATUS_OK)
        print_rows(admin, token);
    json_decref(token);
    return status;
}

const struct verb verb_show = {"show", NULL, &show_usage, run};
