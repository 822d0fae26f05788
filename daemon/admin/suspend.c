#include "daemon/admin/act.h"
#include "daemon/commands.h"

static const struct usage suspend_usage = {
    .name = "admin suspend",
    .synopsis = "KEY_ID [--reason TEXT] [OPTION]...",
    .operand = "KEY_ID",
    .help = "Make a token or a legacy key refuse every call until it is resumed. When the command\n"
            "has returned, no check that begins afterwards passes.\n"
            "\n"
            "Options:\n"
            "      --reason TEXT          why; shown with the token, and in the audit "
            "trail\n" ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin suspend key_4tGvQ2mZx8LrB1sN --reason 'bill not paid'\n"};

static const struct usage resume_usage = {
    .name = "admin resume",
    .synopsis = "KEY_ID [OPTION]...",
    .operand = "KEY_ID",
    .help = "Let a token or a legacy key that is suspended work again.\n"
            "\n"
            "Options:\n" ADMIN_OPTIONS_HELP "\n"
            "Example:\n"
            "  stkgate admin resume key_4tGvQ2mZx8LrB1sN\n"};

static int run_suspend(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL, *reason = NULL;
    const struct argument options[] = {
        {"reason", ARGUMENT_TEXT, false, {.text = &reason}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&suspend_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    const struct act suspend = {
        "POST", {"/v1/tokens/", key_id, "/suspend"}, "reason", reason, "suspended"};
    return act_run(admin, &suspend);
}

static int run_resume(struct admin *admin, int argc, char *argv[])
{
    const char *key_id = NULL;
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&resume_usage, options, sizeof options / sizeof options[0],
                                        &key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    const struct act resume = {"POST", {"/v1/tokens/", key_id, "/resume"}, NULL, NULL, "resumed"};
    return act_run(admin, &resume);
}

const struct verb verb_suspend = {"suspend", NULL, &suspend_usage, run_suspend};
const struct verb verb_resume = {"resume", NULL, &resume_usage, run_resume};
