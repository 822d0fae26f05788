#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/body.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"

static const struct usage list_usage = {.name = "admin scope list",
                                        .synopsis = "[OPTION]...",
                                        .help =
                                            "List the scopes that tokens can have, one on a line.\n"
                                            "\n"
                                            "Options:\n" ADMIN_OPTIONS_HELP};

static const struct usage add_usage = {
    .name = "admin scope add",
    .synopsis = "NAME [OPTION]...",
    .operand = "NAME",
    .help =
        "Register a further scope. It is for ever: there are 64 in all, four of them built in.\n"
        "\n"
        "Options:\n" ADMIN_OPTIONS_HELP "\n"
        "Example:\n"
        "  stkgate admin scope add orders:read\n"};

static int print(const struct admin *admin, const json_t *answer)
{
    const json_t *scopes = json_object_get(answer, "scopes");
    size_t i;
    json_t *name;
    if (admin->json)
        return admin_print_json(admin, scopes ? scopes : answer);
    json_array_foreach(scopes, i, name)
    {
        printable_write(stdout, json_is_string(name) ? json_string_value(name) : "");
        putchar('\n');
    }
    return EXIT_STATUS_OK;
}

static int run_list(struct admin *admin, int argc, char *argv[])
{
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&list_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    json_t *answer = NULL;
    status = admin_call(admin, "GET", "/v1/scopes", NULL, &answer);
    if (status == EXIT_STATUS_OK)
        status = print(admin, answer);
    json_decref(answer);
    return status;
}

static int run_add(struct admin *admin, int argc, char *argv[])
{
    const char *name = NULL;
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&add_usage, options, sizeof options / sizeof options[0],
                                        &name};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    struct body body;
    body_init(&body);
    body_add_text(&body, "name", name);
    json_t *json = NULL, *answer = NULL;
    status = body_finish(&body, admin, &json);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "POST", "/v1/scopes", json, &answer);
    if (status == EXIT_STATUS_OK && admin->json)
        status = admin_print_json(admin, answer);
    else if (status == EXIT_STATUS_OK)
        printf("registered %s\n", name);
    json_decref(answer);
    return status;
}

const struct verb verb_scope_list = {"scope", "list", &list_usage, run_list};
const struct verb verb_scope_add = {"scope", "add", &add_usage, run_add};
