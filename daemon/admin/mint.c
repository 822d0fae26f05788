#include "daemon/admin/admin.h"
#include "daemon/admin/body.h"
#include "daemon/admin/reveal.h"
#include "daemon/commands.h"

static const struct usage mint_usage = {
    .name = "admin mint",
    .synopsis = "--site ID --name TEXT [OPTION]...",
    .help =
        "Issue a new storefront access token. It is printed once, and kept nowhere: alone on\n"
        "its line when standard output is no terminal, with the rest on standard error.\n"
        "\n"
        "Options:\n"
        "      --site ID              the merchant's site, to which the token belongs\n"
        "      --name TEXT            what it is for, for people\n"
        "      --scope LIST           what it may do; may be repeated (default: catalog:read,\n"
        "                             cart:write, checkout:create, customer:auth)\n"
        "      --origin ORIGIN        https://shop.example that may use it; may be repeated\n"
        "                             (default: any)\n"
        "      --missing-origin RULE  with --origin, a call without an Origin: deny (default)\n"
        "                             or allow, for servers\n"
        "      --limit N              requests per window (default 60)\n"
        "      --window SPAN          length of the window (default 60s)\n"
        "      --burst N              requests at once (default: as --limit)\n"
        "      --expires TIME|SPAN    when it ends: 2027-01-31T12:00:00Z or 90d (default never)\n"
        "      --test                 a stk_test_ token\n"
        "      --strict               spend its limit in the daemon only\n" ADMIN_OPTIONS_HELP "\n"
        "Examples:\n"
        "  TOKEN=$(stkgate admin mint --site kasa --name production)\n"
        "  stkgate admin mint --site kasa --name browser --origin https://kasa.example \\\n"
        "      --scope catalog:read,cart:write --limit 600 --burst 50\n"};

struct mint_options {
    struct body_grant grant;
    const char *missing_origin;
    struct argument_when expires;
    bool test, strict;
};

static int post(struct admin *admin, const struct mint_options *options)
{
    struct body body;
    body_init(&body);
    body_add_grant(&body, &options->grant);
    body_add_text(&body, "missing_origin", options->missing_origin);
    body_add_when(&body, "expires_at", &options->expires, admin->now_s);
    body_add_flag(&body, "test", options->test);
    body_add_flag(&body, "strict", options->strict);
    json_t *json = NULL, *token = NULL;
    int status = body_finish(&body, admin, &json);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "POST", "/v1/tokens", json, &token);
    if (status == EXIT_STATUS_OK)
        status = reveal_token(admin, token, NULL);
    json_decref(token);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    struct mint_options o = {0};
    const struct argument options[] = {
        {"site", ARGUMENT_TEXT, true, {.text = &o.grant.site}},
        {"name", ARGUMENT_TEXT, true, {.text = &o.grant.name}},
        {"scope", ARGUMENT_TEXTS, false, {.texts = &o.grant.scopes}},
        {"origin", ARGUMENT_TEXTS, false, {.texts = &o.grant.origins}},
        {"missing-origin", ARGUMENT_RULE, false, {.text = &o.missing_origin}},
        {"limit", ARGUMENT_COUNT, false, {.count = &o.grant.limit}},
        {"window", ARGUMENT_WINDOW, false, {.text = &o.grant.window}},
        {"burst", ARGUMENT_COUNT, false, {.count = &o.grant.burst}},
        {"expires", ARGUMENT_WHEN, false, {.when = &o.expires}},
        {"test", ARGUMENT_FLAG, false, {.flag = &o.test}},
        {"strict", ARGUMENT_FLAG, false, {.flag = &o.strict}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&mint_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    return post(admin, &o);
}

const struct verb verb_mint = {"mint", NULL, &mint_usage, run};
