#include "daemon/admin/act.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/body.h"
#include "daemon/admin/printable.h"
#include "daemon/commands.h"

int act_call(struct admin *admin, const struct act *what, json_t **ret)
{
    char path[ADMIN_PATH_MAX];
    json_t *json = NULL;
    int status = admin_path(admin, &what->place, path);
    if (status == EXIT_STATUS_OK && what->value) {
        struct body body;
        body_init(&body);
        body_add_text(&body, what->member, what->value);
        status = body_finish(&body, admin, &json);
    }
    return status == EXIT_STATUS_OK ? admin_call(admin, what->method, path, json, ret) : status;
}

void act_write_done(const char *done, const json_t *token)
{
    printf("%s ", done);
    printable_write(stdout, answer_text(token, "key_id"));
    fputs(" of site ", stdout);
    printable_write(stdout, answer_text(token, "site_id"));
}

void act_reach(const json_t *answer, char ret[static ACT_REACH_MAX])
{
    uint64_t attached = answer_number(answer, "attached");
    ret[0] = '\0';
    if (!json_is_integer(json_object_get(answer, "attached")))
        return;
    if (attached == 0)
        snprintf(ret, ACT_REACH_MAX,
                 ": in force for whoever asks the daemon; no process is attached");
    else
        snprintf(ret, ACT_REACH_MAX,
                 ": in force in %" PRIu64 " attached process%s, and for whoever asks the daemon",
                 attached, attached == 1 ? "" : "es");
}

int act_run(struct admin *admin, const struct act *what)
{
    json_t *token = NULL;
    int status = act_call(admin, what, &token);
    if (status == EXIT_STATUS_OK && admin->json) {
        status = admin_print_json(admin, token);
    } else if (status == EXIT_STATUS_OK) {
        char reach[ACT_REACH_MAX];
        act_reach(token, reach);
        act_write_done(what->done, token);
        puts(reach);
    }
    json_decref(token);
    return status;
}
