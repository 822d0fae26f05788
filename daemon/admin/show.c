#include <inttypes.h>
#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/facts.h"
#include "daemon/admin/printable.h"
#include "daemon/admin/user.h"
#include "daemon/commands.h"

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

static void row_state(const struct admin *admin, const json_t *token)
{
    const char *state = answer_text(token, "state");
    enum style style = terminal_style_of_state(state);
    facts_begin("State");
    fputs(terminal_begin(&admin->terminal, style), stdout);
    printable_write(stdout, state);
    puts(terminal_end(&admin->terminal, style));
}

static void row_origins(const json_t *token)
{
    facts_begin("Origins");
    answer_write_texts(stdout, token, "allowed_origins", "any");
    if (json_array_size(json_object_get(token, "allowed_origins")) > 0)
        fputs(*answer_text(token, "missing_origin") == 'a' ? "; or none" : "", stdout);
    putchar('\n');
}

static void row_creator(const json_t *token)
{
    const json_t *uid = json_object_get(token, "created_by");
    char name[USER_TEXT_MAX];
    if (!user_name(uid, name)) {
        facts_text("Created by", name);
        return;
    }
    facts_begin("Created by");
    printable_write(stdout, name);
    printf(" (uid %" JSON_INTEGER_FORMAT ")\n", json_integer_value(uid));
}

static void rows_limit(const json_t *token)
{
    char limit[ANSWER_TEXT_MAX];
    answer_limit(token, limit);
    facts_begin("Limit");
    printable_write(stdout, limit);
    printf("; %" PRIu64 " left%s\n", answer_number(token, "remaining"),
           answer_flag(token, "strict") ? "; strict" : "");
    facts_begin("Used");
    printf("%" PRIu64 " allowed, %" PRIu64 " refused\n", answer_number(token, "allowed_count"),
           answer_number(token, "refused_count"));
}

static void print_rows(const struct admin *admin, const json_t *token)
{
    char hint[ANSWER_TEXT_MAX];
    answer_secret_hint(token, hint);
    facts_text("Key id", answer_text(token, "key_id"));
    facts_text("Name", answer_text(token, "name"));
    facts_text("Site", answer_text(token, "site_id"));
    facts_begin("Token");
    printable_write(stdout, hint);
    putchar('\n');
    row_state(admin, token);
    facts_time(admin, "Revoked", token, "revoked_at", NULL);
    facts_text("Reason", answer_text(token, "revoked_reason"));
    facts_text("Reason", answer_text(token, "suspended_reason"));
    facts_time(admin, "Grace until", token, "grace_until", NULL);
    facts_begin("Scopes");
    answer_write_texts(stdout, token, "scopes", "none");
    putchar('\n');
    row_origins(token);
    rows_limit(token);
    facts_time(admin, "Last used", token, "last_used_at", "never");
    facts_time(admin, "Created", token, "created_at", NULL);
    row_creator(token);
    facts_time(admin, "Expires", token, "expires_at", "never");
    facts_text("Replaces", answer_text(token, "rotated_from_key_id"));
    facts_text("Replaced by", answer_text(token, "rotated_to_key_id"));
    facts_time(admin, "Deprecation", token, "deprecation_at", NULL);
    facts_time(admin, "Sunset", token, "sunset_at", NULL);
    facts_text("Link", answer_text(token, "link"));
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
