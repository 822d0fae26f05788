#include "daemon/admin/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"

static void ask(const struct confirm *question, const json_t *token)
{
    fprintf(stderr, "%s%s (", question->before, question->key_id);
    printable_write(stderr, answer_text(token, "name"));
    fputs(" of ", stderr);
    printable_write(stderr, answer_text(token, "site_id"));
    fprintf(stderr, ")%s [y/N] ", question->behind);
    (void)fflush(stderr);
}

/* Anything but y or yes is a no: also the end of the file. */
static bool is_answered_yes(void)
{
    char line[16];
    if (!fgets(line, sizeof line, stdin))
        return false;
    return strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0;
}

int confirm_token(struct admin *admin, const struct confirm *question, bool is_assumed)
{
    const struct admin_place place = {"", question->key_id, ""};
    char path[ADMIN_PATH_MAX];
    int status = admin_path(admin, &place, path);
    if (status != EXIT_STATUS_OK || is_assumed)
        return status;
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return arguments_fail(admin->usage, "this can't be undone, and there is no terminal to ask "
                                            "on: say --yes if it is meant");
    json_t *token = NULL;
    status = admin_get_token(admin, question->key_id, &token);
    if (status == EXIT_STATUS_OK) {
        ask(question, token);
        if (!is_answered_yes())
            status = admin_fail(admin, "not confirmed: nothing was changed");
    }
    json_decref(token);
    return status;
}
