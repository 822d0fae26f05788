#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/answer.h"
#include "daemon/admin/body.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"
#include "lib/core/secret.h"
#include "lib/core/token.h"
#include "module/cli/secretline.h"

static const struct usage legacy_add_usage = {
    .name = "admin legacy add",
    .synopsis = "--site ID [OPTION]... <FILE",
    .help =
        "Let an X-API-Key value of older days work for a site until its sunset. The value is\n"
        "read from standard input, one line; on a terminal it is asked for, and not shown.\n"
        "Its key_id is printed.\n"
        "\n"
        "Options:\n"
        "      --site ID              the merchant's site, to which the key belongs\n"
        "      --name TEXT            what it is for, for people\n"
        "      --scope LIST           what it may do; may be repeated (default: as mint)\n"
        "      --origin ORIGIN        origin that may use it; may be repeated (default: any)\n"
        "      --limit N              requests per window (default 60)\n"
        "      --window SPAN          length of the window (default 60s)\n"
        "      --burst N              requests at once (default: as --limit)\n"
        "      --deprecation TIME     since when it is deprecated: 2026-11-01 or a span from now\n"
        "      --sunset TIME|SPAN     when it ends: 2027-01-31T12:00:00Z, or 90d from now\n"
        "      --link URL             page that explains the deprecation to its "
        "users\n" ADMIN_OPTIONS_HELP "\n"
        "Example:\n"
        "  stkgate admin legacy add --site kasa --sunset 2027-06-30 \\\n"
        "      --link https://example.com/api-keys <old-key.txt\n"};

struct legacy_options {
    struct body_grant grant;
    struct argument_when deprecation, sunset;
    const char *link;
};

/* One more byte than a key can have: the daemon is to say that a key is too long. */
static int read_key(const struct admin *admin, char key[static LEGACY_MAX + 2])
{
    size_t len;
    int r = secretline_read(STDIN_FILENO, "X-API-Key value: ", key, LEGACY_MAX + 2, &len);
    if (r == -EMSGSIZE)
        return arguments_fail(admin->usage, "the value is too long: at most %d characters",
                              LEGACY_MAX);
    if (r < 0)
        return admin_fail(admin, "standard input can't be read: %s", strerror(-r));
    if (len == 0)
        return arguments_fail(admin->usage, "the key's value is missing: give it on standard "
                                            "input");
    if (strlen(key) != len)
        return arguments_fail(admin->usage, "the key's value has a NUL byte");
    return EXIT_STATUS_OK;
}

static int print(const struct admin *admin, const json_t *answer)
{
    if (admin->json)
        return admin_print_json(admin, answer);
    const char *sunset = answer_text(answer, "sunset_at");
    printable_write(stdout, answer_text(answer, "key_id"));
    putchar('\n');
    (void)fflush(stdout);
    fputs("legacy key of site ", stderr);
    printable_write(stderr, answer_text(answer, "site_id"));
    fputs(*sunset ? " works until " : " works; it has no sunset", stderr);
    printable_write(stderr, sunset);
    fputc('\n', stderr);
    return EXIT_STATUS_OK;
}

static int post(struct admin *admin, const struct legacy_options *options)
{
    char key[LEGACY_MAX + 2] = "";
    json_t *json = NULL, *answer = NULL;
    int status = read_key(admin, key);
    if (status == EXIT_STATUS_OK) {
        struct body body;
        body_init(&body);
        body_add_grant(&body, &options->grant);
        body_add_text(&body, "api_key", key);
        body_add_when(&body, "deprecation_at", &options->deprecation, admin->now_s);
        body_add_when(&body, "sunset_at", &options->sunset, admin->now_s);
        body_add_text(&body, "link", options->link);
        status = body_finish(&body, admin, &json);
    }
    secret_wipe(key, sizeof key);
    if (status == EXIT_STATUS_OK)
        status = admin_call(admin, "POST", "/v1/legacy", json, &answer);
    if (status == EXIT_STATUS_OK)
        status = print(admin, answer);
    json_decref(answer);
    return status;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    struct legacy_options o = {0};
    const struct argument options[] = {
        {"site", ARGUMENT_TEXT, true, {.text = &o.grant.site}},
        {"name", ARGUMENT_TEXT, false, {.text = &o.grant.name}},
        {"scope", ARGUMENT_TEXTS, false, {.texts = &o.grant.scopes}},
        {"origin", ARGUMENT_TEXTS, false, {.texts = &o.grant.origins}},
        {"limit", ARGUMENT_COUNT, false, {.count = &o.grant.limit}},
        {"window", ARGUMENT_WINDOW, false, {.text = &o.grant.window}},
        {"burst", ARGUMENT_COUNT, false, {.count = &o.grant.burst}},
        {"deprecation", ARGUMENT_WHEN, false, {.when = &o.deprecation}},
        {"sunset", ARGUMENT_WHEN, false, {.when = &o.sunset}},
        {"link", ARGUMENT_TEXT, false, {.text = &o.link}},
        ADMIN_OPTIONS(admin),
    };
    const struct arguments arguments = {&legacy_add_usage, options,
                                        sizeof options / sizeof options[0], NULL};
    int status;
    if (!arguments_parse(&arguments, argc, argv, &status))
        return status;
    return post(admin, &o);
}

const struct verb verb_legacy_add = {"legacy", "add", &legacy_add_usage, run};
