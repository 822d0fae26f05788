#include <stdio.h>

#include "daemon/admin/act.h"
#include "daemon/admin/body.h"
#include "daemon/admin/changes.h"
#include "daemon/commands.h"

static const struct usage edit_usage = {
    .name = "admin edit",
    .synopsis = "KEY_ID [OPTION]...",
    .operand = "KEY_ID",
    .help =
        "Change a token or a legacy key, and show what changed. What no option names stays as\n"
        "it is, and so does what is left of the limit.\n"
        "\n"
        "Options:\n"
        "      --name TEXT            what it is for, for people\n"
        "      --scope LIST           what it may do, and nothing else; may be repeated: all of\n"
        "                             them together replace the scopes that it has\n"
        "      --origin ORIGIN        origin that may use it, and no other; may be repeated: they\n"
        "                             replace the origins that it has\n"
        "      --no-origins           any origin may use it\n"
        "      --missing-origin RULE  with origins, a call without one: deny or allow\n"
        "      --limit N              requests per window\n"
        "      --window SPAN          length of the window\n"
        "      --burst N              requests at once\n"
        "      --expires WHEN         when it ends: 2027-01-31T12:00:00Z, 90d from now, or never\n"
        "      --strict[=yes|no]      spend its limit in the daemon only\n"
        "\n"
        "Of a legacy key alone:\n"
        "      --deprecation WHEN     since when it is deprecated, or never\n"
        "      --sunset WHEN          when it ends, or never\n"
        "      --link URL             page that explains the deprecation to its users\n"
        "      --no-link              no such page\n"
        "\n" ADMIN_OPTIONS_HELP "\n"
        "Examples:\n"
        "  stkgate admin edit key_4tGvQ2mZx8LrB1sN --limit 600 --burst 50\n"
        "  stkgate admin edit key_4tGvQ2mZx8LrB1sN --scope catalog:read,cart:write --expires "
        "90d\n"};

struct edit_options {
    const char *key_id;
    struct body_grant grant;
    bool no_origins, no_link;
    const char *missing_origin, *link;
    enum argument_answer strict;
    struct argument_when expires, deprecation, sunset;
};

/* EXIT_STATUS_OK and *ret, or the exit status. */
static int make_body(const struct admin *admin, const struct edit_options *o, json_t **ret)
{
    struct body body;
    body_init(&body);
    body_add_grant(&body, &o->grant);
    if (o->no_origins)
        body_add_none(&body, "allowed_origins");
    body_add_text(&body, "missing_origin", o->missing_origin);
    body_add_when(&body, "expires_at", &o->expires, admin->now_s);
    body_add_answer(&body, "strict", o->strict);
    body_add_when(&body, "deprecation_at", &o->deprecation, admin->now_s);
    body_add_when(&body, "sunset_at", &o->sunset, admin->now_s);
    body_add_text(&body, "link", o->link);
    if (o->no_link)
        body_add_null(&body, "link");
    bool is_empty = body_is_empty(&body);
    int status = body_finish(&body, admin, ret);
    if (status != EXIT_STATUS_OK || !is_empty)
        return status;
    json_decref(*ret);
    return arguments_fail(admin->usage, "nothing to change: name it with an option, such as --name "
                                        "or --limit; --help lists them");
}

static int print(const struct admin *admin, const json_t *before, const json_t *after)
{
    if (admin->json)
        return admin_print_json(admin, after);
    act_write_done("edited", after);
    putchar('\n');
    int count = changes_print(before, after);
    if (count == 0)
        puts("It was like that already: nothing differs.");
    return count < 0 ? admin_fail(admin, "out of memory; the change is made") : EXIT_STATUS_OK;
}

static int patch(struct admin *admin, const struct edit_options *o)
{
    const struct admin_place place = {"/v1/tokens/", o->key_id, ""};
    char path[ADMIN_PATH_MAX];
    json_t *body = NULL, *before = NULL, *after = NULL;
    int status = admin_path(admin, &place, path);
    if (status == EXIT_STATUS_OK)
        status = make_body(admin, o, &body);
    if (status != EXIT_STATUS_OK)
        return status;
    /* For the comparison alone: another change may come in between, and would show as ours. */
    if (!admin->json)
        status = admin_get_token(admin, o->key_id, &before);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "PATCH", path, body, &after);
    else
        json_decref(body);
    if (status == EXIT_STATUS_OK)
        status = print(admin, before, after);
    json_decref(before);
    json_decref(after);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    struct edit_options o = {0};
    const struct argument options[] = {
        {"name", ARGUMENT_TEXT, false, {.text = &o.grant.name}},
        {"scope", ARGUMENT_TEXTS, false, {.texts = &o.grant.scopes}},
        {"origin", ARGUMENT_TEXTS, false, {.texts = &o.grant.origins}},
        {"no-origins", ARGUMENT_FLAG, false, {.flag = &o.no_origins}},
        {"missing-origin", ARGUMENT_RULE, false, {.text = &o.missing_origin}},
        {"limit", ARGUMENT_COUNT, false, {.count = &o.grant.limit}},
        {"window", ARGUMENT_WINDOW, false, {.text = &o.grant.window}},
        {"burst", ARGUMENT_COUNT, false, {.count = &o.grant.burst}},
        {"expires", ARGUMENT_WHEN_OR_NEVER, false, {.when = &o.expires}},
        {"strict", ARGUMENT_YES_NO, false, {.answer = &o.strict}},
        {"deprecation", ARGUMENT_WHEN_OR_NEVER, false, {.when = &o.deprecation}},
        {"sunset", ARGUMENT_WHEN_OR_NEVER, false, {.when = &o.sunset}},
        {"link", ARGUMENT_TEXT, false, {.text = &o.link}},
        {"no-link", ARGUMENT_FLAG, false, {.flag = &o.no_link}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&edit_usage, options, sizeof options / sizeof options[0],
                                        &o.key_id};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    if (o.no_origins && o.grant.origins.count > 0)
        return arguments_fail(&edit_usage, "--origin and --no-origins exclude each other");
    if (o.no_link && o.link)
        return arguments_fail(&edit_usage, "--link and --no-link exclude each other");
    return patch(admin, &o);
}

const struct verb verb_edit = {"edit", NULL, &edit_usage, run};
