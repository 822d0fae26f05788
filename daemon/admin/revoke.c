#include "daemon/admin/act.h"
#include "daemon/admin/confirm.h"
#include "daemon/commands.h"

static const struct usage revoke_usage = {
    .name = "admin revoke",
    .synopsis = "KEY_ID [--reason TEXT] [--yes] [OPTION]...",
    .operand = "KEY_ID",
    .help = "End a token or a legacy key for good. When the command has returned, no check that\n"
            "begins afterwards passes; it says in how many attached processes that is so, beside\n"
            "those that ask the daemon. 'suspend' is for what may be undone.\n"
            "\n"
            "Options:\n"
            "      --reason TEXT          why; shown with the token, and in the audit "
            "trail\n" CONFIRM_HELP ADMIN_OPTIONS_HELP "\n"
            "Examples:\n"
            "  stkgate admin revoke key_4tGvQ2mZx8LrB1sN --reason 'seen in a public repository'\n"
            "  stkgate admin revoke key_4tGvQ2mZx8LrB1sN --yes </dev/null\n"};

static int run(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL, *reason = NULL;
    bool is_assumed = false;
    const struct argument options[] = {
        {"reason", ARGUMENT_TEXT, false, {.text = &reason}},
        {"yes", ARGUMENT_FLAG, false, {.flag = &is_assumed}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&revoke_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    status = confirm_token(admin, &(struct confirm){"Revoke ", key_id, "?"}, is_assumed);
    if (status != EXIT_STATUS_OK)
        return status;
    const struct act revoke = {
        "POST", {"/v1/tokens/", key_id, "/revoke"}, "reason", reason, "revoked"};
    return act_run(admin, &revoke);
}

const struct verb verb_revoke = {"revoke", NULL, &revoke_usage, run};
