#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/body.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"

static const struct usage revoke_usage = {
    .name = "admin revoke",
    .synopsis = "KEY_ID [--reason TEXT] [OPTION]...",
    .operand = "KEY_ID",
    .help =
        "End a token or a legacy key for good. When the command has returned, no check that\n"
        "begins afterwards passes.\n"
        "\n"
        "Options:\n"
        "      --reason TEXT          why, for lists and the audit trail\n" ADMIN_OPTIONS_HELP "\n"
        "Example:\n"
        "  stkgate admin revoke key_4tGvQ2mZx8LrB1sN --reason 'seen in a public repository'\n"};

static int print(const struct admin *admin, const json_t *token)
{
    if (admin->json)
        return admin_print_json(admin, token);
    fputs("revoked ", stdout);
    printable_write(stdout, answer_text(token, "key_id"));
    fputs(" of site ", stdout);
    printable_write(stdout, answer_text(token, "site_id"));
    putchar('\n');
    return EXIT_STATUS_OK;
}

static int post(struct admin *admin, const char *key_id, const char *reason)
{
    char path[ADMIN_PATH_MAX];
    int status = admin_token_path(admin, key_id, "/revoke", path);
    if (status != EXIT_STATUS_OK)
        return status;
    struct body body;
    body_init(&body);
    body_add_text(&body, "reason", reason);
    json_t *json = NULL, *token = NULL;
    status = body_finish(&body, admin, &json);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "POST", path, json, &token);
    if (status == EXIT_STATUS_OK)
        status = print(admin, token);
    json_decref(token);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL, *reason = NULL;
    const struct argument options[] = {
        {"reason", ARGUMENT_TEXT, false, {.text = &reason}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&revoke_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    return post(admin, key_id, reason);
}

const struct verb verb_revoke = {"revoke", NULL, &revoke_usage, run};
