#include <errno.h>
#include <stdlib.h>

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
static struct task *task_new(struct http_request *request, struct service *service,
                             enum change_verb verb, unsigned status)
{
    struct task *task = malloc(sizeof *task);

    if (task)
        *task = (struct task){request, service, verb, status};
    else
        http_admin_answer_error(request, verb, -ENOMEM);
    return task;
}

/* A token, and how many programs decide by themselves that it is so from now on. */
static json_t *object_of(const struct outcome *outcome, struct service *service)
{
    const struct scope_registry *registry = service_scopes(service);
    unsigned attached = attached_count(service_attached(service));

    if (!outcome->listing)
        return json_pack("{s:o}", "scopes", admin_json_scopes(registry, UINT64_MAX));
    json_t *object = admin_json_token(outcome->listing, registry);
    if (object && json_object_set_new(object, "attached", json_integer(attached)) == 0 &&
        (!outcome->secret ||
         json_object_set_new(object, "secret", json_string(outcome->secret)) == 0))
        return object;
    json_decref(object);
    return NULL;
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
        http_admin_answer_json(task.request, task.status, object_of(outcome, task.service));
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

/* The clock that the change will expire by. */
static int64_t now_s(struct service *service)
{
    return (int64_t)(service_wall_ns(service) / UINT64_C(1000000000));
}

/* ---- what makes something new ------------------------------------------------------------------
 */

typedef int (*read_mint_fn)(struct text body, const struct scope_registry *registry, int64_t now_s,
                            struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);

static void mint(struct http_request *request, struct service *service, enum change_verb verb,
                 read_mint_fn read)
{
    char detail[ADMIN_DETAIL_MAX];
    struct admin_mint wanted;

    if (read(http_body(request), service_scopes(service), now_s(service), &wanted, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, verb, 201);
    if (task)
        submitted(task, service_mint(service, &wanted.mint, actor_of(request), on_outcome, task));
    admin_body_deinit(&wanted);
}

void http_admin_mint(struct http_request *request, struct service *service, struct text none)
{
    mint(request, service, CHANGE_MINT, admin_body_mint);
}

void http_admin_legacy_add(struct http_request *request, struct service *service, struct text none)
{
    mint(request, service, CHANGE_LEGACY_ADD, admin_body_legacy);
}

void http_admin_scope_add(struct http_request *request, struct service *service, struct text none)
{
    char detail[ADMIN_DETAIL_MAX], name[SCOPE_NAME_MAX + 1];

    if (admin_body_scope(http_body(request), name, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, CHANGE_SCOPE_ADD, 201);
    if (task)
        submitted(task,
                  service_scope_add(service, text_of(name), actor_of(request), on_outcome, task));
}

/* ---- what changes one --------------------------------------------------------------------------
 */

void http_admin_edit(struct http_request *request, struct service *service, struct text key_id)
{
    char detail[ADMIN_DETAIL_MAX];
    struct admin_edit wanted;

    if (admin_body_edit(http_body(request), service_scopes(service), now_s(service), &wanted,
                        detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, CHANGE_EDIT, 200);
    if (task)
        submitted(task,
                  service_edit(service, key_id, &wanted.edit, actor_of(request), on_outcome, task));
    admin_body_edit_deinit(&wanted);
}

typedef int (*read_grace_fn)(struct text body, uint64_t *ret_grace_s,
                             char detail[static ADMIN_DETAIL_MAX]);
typedef int (*with_grace_fn)(struct service *service, struct text key_id, uint64_t grace_s,
                             struct actor actor, service_done_fn done, void *userdata);
typedef int (*with_reason_fn)(struct service *service, struct text key_id, struct text reason,
                              struct actor actor, service_done_fn done, void *userdata);
typedef int (*bare_fn)(struct service *service, struct text key_id, struct actor actor,
                       service_done_fn done, void *userdata);

/* A verb whose body is a grace, a reason, or nothing, and what to call for it. */
struct verb {
    enum change_verb verb;
    unsigned status;
    read_grace_fn read_grace;
    with_grace_fn with_grace;
    with_reason_fn with_reason;
    bare_fn bare;
};

/* 0; or -EINVAL, and detail. */
static int read_body(struct http_request *request, const struct verb *verb, uint64_t *ret_grace_s,
                     char ret_reason[static REASON_MAX + 1], char detail[static ADMIN_DETAIL_MAX])
{
    if (verb->with_grace)
        return verb->read_grace(http_body(request), ret_grace_s, detail);
    if (verb->with_reason)
        return admin_body_reason(http_body(request), ret_reason, detail);
    return admin_body_none(http_body(request), detail);
}

static void change(struct http_request *request, struct service *service, struct text key_id,
                   const struct verb *verb)
{
    struct actor actor = actor_of(request);
    char detail[ADMIN_DETAIL_MAX], reason[REASON_MAX + 1] = "";
    uint64_t grace_s = 0;

    if (read_body(request, verb, &grace_s, reason, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, verb->verb, verb->status);
    if (!task)
        return;
    if (verb->with_grace)
        submitted(task, verb->with_grace(service, key_id, grace_s, actor, on_outcome, task));
    else if (verb->with_reason)
        submitted(task,
                  verb->with_reason(service, key_id, text_of(reason), actor, on_outcome, task));
    else
        submitted(task, verb->bare(service, key_id, actor, on_outcome, task));
}

void http_admin_suspend(struct http_request *request, struct service *service, struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_SUSPEND, 200, .with_reason = service_suspend});
}

void http_admin_resume(struct http_request *request, struct service *service, struct text key_id)
{
    change(request, service, key_id, &(struct verb){CHANGE_RESUME, 200, .bare = service_resume});
}

void http_admin_revoke(struct http_request *request, struct service *service, struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_REVOKE, 200, .with_reason = service_revoke});
}

void http_admin_rotate(struct http_request *request, struct service *service, struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_ROTATE, 201, .read_grace = admin_body_rotate,
                          .with_grace = service_rotate});
}

void http_admin_rotate_finish(struct http_request *request, struct service *service,
                              struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_ROTATE_FINISH, 200, .bare = service_rotate_finish});
}

void http_admin_rotate_cancel(struct http_request *request, struct service *service,
                              struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_ROTATE_CANCEL, 200, .bare = service_rotate_cancel});
}

void http_admin_rotate_shorten(struct http_request *request, struct service *service,
                               struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_ROTATE_SHORTEN, 200, .read_grace = admin_body_shorten,
                          .with_grace = service_rotate_shorten});
}

void http_admin_legacy_remove(struct http_request *request, struct service *service,
                              struct text key_id)
{
    change(request, service, key_id,
           &(struct verb){CHANGE_LEGACY_REMOVE, 200, .bare = service_legacy_remove});
}
