#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/admin_body.h"
#include "daemon/http_admin_verbs.h"

/* A change that is on its way to the disk. */
struct task {
    struct http_request *request;
    struct service *service;
    enum change_verb verb;
    unsigned status; /* of the answer when it is committed */
};

/* NULL: answered already. */
static struct task *task_new(struct http_request *request, const struct http_admin *admin,
                             enum change_verb verb, unsigned status)
{
    struct task *task = malloc(sizeof *task);

    if (task)
        *task = (struct task){request, admin->service, verb, status};
    else
        http_admin_answer_error(request, verb, -ENOMEM);
    return task;
}

static json_t *object_of(const struct outcome *outcome, const struct scope_registry *registry)
{
    json_t *object = outcome->listing
                         ? admin_json_token(outcome->listing, registry)
                         : json_pack("{s:o}", "scopes", admin_json_scopes(registry, UINT64_MAX));

    if (object && outcome->secret &&
        json_object_set_new(object, "secret", json_string(outcome->secret)) < 0) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

static void on_outcome(const struct outcome *outcome, void *userdata)
{
    struct task task = *(struct task *)userdata;

    free(userdata);
    if (outcome->error < 0 && outcome->seq > 0)
        http_answer_problem(task.request, 500,
                            "the change is committed, but could not be read back: GET the token; "
                            "the journal says why");
    else if (outcome->error < 0)
        http_admin_answer_error(task.request, task.verb, outcome->error);
    else
        http_admin_answer_json(task.request, task.status,
                               object_of(outcome, service_scopes(task.service)));
}

/* r: what the service said when it was given the task. */
static void submitted(struct task *task, int r)
{
    if (r == 0)
        return;
    http_admin_answer_error(task->request, task->verb, r);
    free(task);
}

static struct actor actor_of(const struct http_request *request)
{
    const struct peer *peer = http_peer(request);

    return (struct actor){peer->uid, peer->gid, peer->pid};
}

/* ---- what makes something new ------------------------------------------------------------------
 */

typedef int (*read_mint_fn)(struct text body, const struct scope_registry *registry, int64_t now_s,
                            struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);

static void mint(struct http_request *request, const struct http_admin *admin,
                 enum change_verb verb, read_mint_fn read)
{
    struct service *service = admin->service;
    char detail[ADMIN_DETAIL_MAX];
    struct admin_mint wanted;

    if (read(http_body(request), service_scopes(service), time(NULL), &wanted, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, admin, verb, 201);
    if (task)
        submitted(task, service_mint(service, &wanted.mint, actor_of(request), on_outcome, task));
    admin_body_deinit(&wanted);
}

void http_admin_mint(struct http_request *request, const struct http_admin *admin, struct text none)
{
    mint(request, admin, CHANGE_MINT, admin_body_mint);
}

void http_admin_legacy_add(struct http_request *request, const struct http_admin *admin,
                           struct text none)
{
    mint(request, admin, CHANGE_LEGACY_ADD, admin_body_legacy);
}

void http_admin_scope_add(struct http_request *request, const struct http_admin *admin,
                          struct text none)
{
    char detail[ADMIN_DETAIL_MAX], name[SCOPE_NAME_MAX + 1];

    if (admin_body_scope(http_body(request), name, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, admin, CHANGE_SCOPE_ADD, 201);
    if (task)
        submitted(task, service_scope_add(admin->service, text_of(name), actor_of(request),
                                          on_outcome, task));
}

/* ---- what changes one --------------------------------------------------------------------------
 */

void http_admin_rotate(struct http_request *request, const struct http_admin *admin,
                       struct text key_id)
{
    char detail[ADMIN_DETAIL_MAX];
    uint64_t grace_s;

    if (admin_body_rotate(http_body(request), &grace_s, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, admin, CHANGE_ROTATE, 201);
    if (task)
        submitted(task, service_rotate(admin->service, key_id, grace_s, actor_of(request),
                                       on_outcome, task));
}

typedef int (*with_reason_fn)(struct service *service, struct text key_id, struct text reason,
                              struct actor actor, service_done_fn done, void *userdata);

static void change_with_reason(struct http_request *request, const struct http_admin *admin,
                               struct text key_id, enum change_verb verb, with_reason_fn change)
{
    char detail[ADMIN_DETAIL_MAX], reason[REASON_MAX + 1];

    if (admin_body_reason(http_body(request), reason, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, admin, verb, 200);
    if (task)
        submitted(task, change(admin->service, key_id, text_of(reason), actor_of(request),
                               on_outcome, task));
}

void http_admin_revoke(struct http_request *request, const struct http_admin *admin,
                       struct text key_id)
{
    change_with_reason(request, admin, key_id, CHANGE_REVOKE, service_revoke);
}
