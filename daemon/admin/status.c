#include <stdio.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/printable.h"
#include "daemon/admin/wiping.h"
#include "daemon/commands.h"

static const struct usage status_usage = {
    .name = "admin status",
    .synopsis = "[OPTION]...",
    .help =
        "Show the state of the daemon, one fact on a line. Exit status 0 says that it answers.\n"
        "\n"
        "Options:\n" ADMIN_OPTIONS_HELP};

/* Whatever the daemon tells is shown under the name that it gives it. */
static int print(const struct admin *admin, json_t *answer)
{
    const char *member;
    json_t *value;
    if (admin->json)
        return admin_print_json(admin, answer);
    json_object_foreach(answer, member, value)
    {
        printable_write(stdout, member);
        fputs(": ", stdout);
        if (json_is_string(value)) {
            printable_write(stdout, json_string_value(value));
        } else {
            char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            printable_write(stdout, text ? text : "?");
            wiping_free(text);
        }
        putchar('\n');
    }
    return EXIT_STATUS_OK;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const struct argument options[] = {ADMIN_OPTIONS(admin)};
    const struct arguments arguments = {&status_usage, options, sizeof options / sizeof options[0],
                                        NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    json_t *answer = NULL;
    status = admin_call(admin, "GET", "/v1/status", NULL, &answer);
    if (status == EXIT_STATUS_OK)
        status = print(admin, answer);
    json_decref(answer);
    return status;
}

const struct verb verb_status = {"status", NULL, &status_usage, run};
