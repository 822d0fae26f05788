#include <stdio.h>

#include "daemon/admin/act.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/confirm.h"
#include "daemon/admin/printable.h"
#include "daemon/admin/reveal.h"
#include "daemon/commands.h"

static const struct usage rotate_usage = {
    .name = "admin rotate",
    .synopsis = "KEY_ID [--grace SPAN] [OPTION]...\n"
                "       stkgate admin rotate KEY_ID --finish|--cancel|--shorten=SPAN [OPTION]...",
    .operand = "KEY_ID",
    .help =
        "Issue a token that takes the place of another one: it has the same name, scopes,\n"
        "origins and limit, and what the old one has spent stays spent. The old one is revoked\n"
        "in the same instant, or lives on for the grace. The new one is printed as by mint.\n"
        "\n"
        "Options:\n"
        "      --grace SPAN           let the old token work on for so long, such as 15m\n"
        "\n"
        "Of a grace that is running, with the old token's KEY_ID:\n"
        "      --finish               end it now: the old token is revoked\n"
        "      --cancel               take it back: the new token is revoked, the old one goes on\n"
        "      --shorten SPAN         let it end so long from now\n"
        "\n" CONFIRM_HELP ADMIN_OPTIONS_HELP "\n"
        "Examples:\n"
        "  TOKEN=$(stkgate admin rotate key_4tGvQ2mZx8LrB1sN --grace 15m)\n"
        "  stkgate admin rotate key_4tGvQ2mZx8LrB1sN --finish\n"};

struct rotate_options {
    const char *key_id, *grace, *shorten;
    bool finish, cancel, is_assumed;
};

static int issue(struct admin *admin, const struct rotate_options *o)
{
    const struct act rotate = {
        "POST", {"/v1/tokens/", o->key_id, "/rotate"}, "grace", o->grace, NULL};
    json_t *token = NULL;
    int status = act_call(admin, &rotate, &token);
    if (status == EXIT_STATUS_OK) {
        char reach[ACT_REACH_MAX], fate[ACT_REACH_MAX + 16];
        act_reach(token, reach);
        snprintf(fate, sizeof fate, "is revoked%s", reach);
        if (o->grace)
            snprintf(fate, sizeof fate, "works for another %.32s", o->grace);
        status = reveal_token(admin, token, fate);
    }
    json_decref(token);
    return status;
}

static int finish(struct admin *admin, const struct rotate_options *o)
{
    const struct confirm question = {"Revoke ", o->key_id, " now, before its grace is over?"};
    int status = confirm_token(admin, &question, o->is_assumed);
    if (status != EXIT_STATUS_OK)
        return status;
    const struct act finish = {
        "POST", {"/v1/tokens/", o->key_id, "/rotate/finish"}, NULL, NULL, "revoked"};
    return act_run(admin, &finish);
}

/* The successor can't be had back: it is asked for, too. */
static int cancel(struct admin *admin, const struct rotate_options *o)
{
    const struct confirm question = {"Revoke the successor of ", o->key_id,
                                     ", which goes on in its place?"};
    int status = confirm_token(admin, &question, o->is_assumed);
    if (status != EXIT_STATUS_OK)
        return status;
    const struct act cancel = {"POST",
                               {"/v1/tokens/", o->key_id, "/rotate/cancel"},
                               NULL,
                               NULL,
                               "cancelled the rotation of"};
    return act_run(admin, &cancel);
}

static int shorten(struct admin *admin, const struct rotate_options *o)
{
    const struct act shorten = {
        "POST", {"/v1/tokens/", o->key_id, "/rotate/shorten"}, "grace", o->shorten, NULL};
    json_t *token = NULL;
    int status = act_call(admin, &shorten, &token);
    if (status == EXIT_STATUS_OK && admin->json) {
        status = admin_print_json(admin, token);
    } else if (status == EXIT_STATUS_OK) {
        act_write_done("shortened the grace of", token);
        fputs(": it works until ", stdout);
        printable_write(stdout, answer_text(token, "grace_until"));
        putchar('\n');
    }
    json_decref(token);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    struct rotate_options o = {0};
    const struct argument options[] = {
        {"grace", ARGUMENT_SPAN, false, {.text = &o.grace}},
        {"finish", ARGUMENT_FLAG, false, {.flag = &o.finish}},
        {"cancel", ARGUMENT_FLAG, false, {.flag = &o.cancel}},
        {"shorten", ARGUMENT_WINDOW, false, {.text = &o.shorten}},
        {"yes", ARGUMENT_FLAG, false, {.flag = &o.is_assumed}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&rotate_usage, options, sizeof options / sizeof options[0],
                                        &o.key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    if (!!o.grace + o.finish + o.cancel + !!o.shorten > 1)
        return arguments_fail(&rotate_usage,
                              "--grace, --finish, --cancel and --shorten exclude each other");
    return o.finish    ? finish(admin, &o)
           : o.cancel  ? cancel(admin, &o)
           : o.shorten ? shorten(admin, &o)
                       : issue(admin, &o);
}

const struct verb verb_rotate = {"rotate", NULL, &rotate_usage, run};
