#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/body.h"
#include "daemon/admin/reveal.h"
#include "daemon/commands.h"

static const struct usage rotate_usage = {
    .name = "admin rotate",
    .synopsis = "KEY_ID [--grace SPAN] [OPTION]...",
    .operand = "KEY_ID",
    .help =
        "Issue a token that takes the place of another one: it has the same name, scopes,\n"
        "origins and limit, and what the old one has spent stays spent. The old one is revoked\n"
        "in the same instant, or lives on for the grace. The new one is printed as by mint.\n"
        "\n"
        "Options:\n"
        "      --grace SPAN           let the old token work on for so long, such as "
        "15m\n" ADMIN_OPTIONS_HELP "\n"
        "Example:\n"
        "  TOKEN=$(stkgate admin rotate key_4tGvQ2mZx8LrB1sN --grace 15m)\n"};

static int post(struct admin *admin, const char *key_id, const char *grace)
{
    char path[ADMIN_PATH_MAX];
    int status = admin_token_path(admin, key_id, "/rotate", path);
    if (status != EXIT_STATUS_OK)
        return status;
    struct body body;
    body_init(&body);
    body_add_text(&body, "grace", grace);
    json_t *json = NULL, *token = NULL;
    status = body_finish(&body, admin, &json);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "POST", path, json, &token);
    if (status == EXIT_STATUS_OK) {
        char fate[64] = "is revoked";
        if (grace)
            snprintf(fate, sizeof fate, "works for another %.32s", grace);
        status = reveal_token(admin, token, fate);
    }
    json_decref(token);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL, *grace = NULL;
    const struct argument options[] = {
        {"grace", ARGUMENT_SPAN, false, {.text = &grace}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&rotate_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    return post(admin, key_id, grace);
}

const struct verb verb_rotate = {"rotate", NULL, &rotate_usage, run};
