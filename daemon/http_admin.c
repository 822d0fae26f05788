#include "daemon/http_admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <config.h>

#include "daemon/admin_body.h"
#include "daemon/admin_json.h"
#include "lib/core/secret.h"

#define LIST_DEFAULT 100
#define LIST_MAX     500
/* Records looked at for one answer, when a filter leaves out most: checks wait meanwhile. */
#define SCAN_MAX 2000

/* ---- answers -----------------------------------------------------------------------------------
 */

/* Takes object, which may be NULL: memory is short then. */
static void answer_json(struct http_request *request, unsigned status, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (!text) {
        http_answer_problem(request, 503, "memory is short");
        return;
    }
    http_add_field(request, "Content-Type", "application/json");
    http_add_field(request, "Cache-Control", "no-store");
    http_answer(request, status, text_of(text), true);
    secret_free(&text);
}

struct change_error {
    int error;
    unsigned status;
    const char *detail;
};

static const struct change_error change_errors[] = {
    {ENOENT, 404, "there is no token with this key_id"},
    {EEXIST, 409, "it is in the table already"},
    {EALREADY, 409, "it is revoked already"},
    {EINPROGRESS, 409,
     "it was rotated already and lives on until its grace is over: rotate the new one, or revoke "
     "this one"},
    {EPERM, 409, "it is revoked or expired and can't be rotated: mint a new one"},
    {EOPNOTSUPP, 409, "a legacy key can't be rotated: mint a token for its site, and revoke it"},
    {EINVAL, 400, "a value is out of its range"},
    {ENOSPC, 507,
     "the table, or the registry of scopes, is full: raise map_size in stkgate.conf and restart"},
    {EAGAIN, 503, "too many changes are waiting for the disk: try again in a moment"},
    {ESHUTDOWN, 503, "no change is taken any more: the daemon is ending"},
    {EIO, 500,
     "the outcome is unknown: the disk failed while the change was written. The daemon restarts; "
     "list the tokens to see whether it took effect"},
    {EBADMSG, 500, "the change is not complete: a record is damaged; the journal says which"},
};

static void answer_error(struct http_request *request, int error)
{
    static const struct change_error other = {0, 500, "it failed; the journal may say why"};
    const struct change_error *found = &other;

    for (size_t i = 0; i < sizeof change_errors / sizeof change_errors[0]; i++)
        if (change_errors[i].error == -error)
            found = &change_errors[i];
    if (found->error == EAGAIN)
        http_add_field(request, "Retry-After", "1");
    http_answer_problem(request, found->status, "%s", found->detail);
}

static void answer_not_found(struct http_request *request)
{
    http_answer_problem(request, 404,
                        "there is nothing here: /v1/tokens, /v1/legacy, /v1/scopes, /v1/audit and "
                        "/v1/status are what this socket knows");
}

/* ---- changes -----------------------------------------------------------------------------------
 */

/* One that is on its way to the disk. */
struct task {
    struct http_request *request;
    struct service *service;
    unsigned status; /* of the answer when it is committed */
};

static struct task *task_new(struct http_request *request, struct service *service, unsigned status)
{
    struct task *task = malloc(sizeof *task);

    if (task)
        *task = (struct task){request, service, status};
    else
        http_answer_problem(request, 503, "memory is short");
    return task;
}

static void on_outcome(const struct outcome *outcome, void *userdata)
{
    struct task task = *(struct task *)userdata;

    free(userdata);
    if (outcome->error < 0) {
        answer_error(task.request, outcome->error);
        return;
    }
    json_t *object = outcome->listing
                         ? admin_json_token(outcome->listing, service_scopes(task.service))
                         : json_pack("{s:o}", "scopes",
                                     admin_json_scopes(service_scopes(task.service), UINT64_MAX));
    if (object && outcome->secret &&
        json_object_set_new(object, "secret", json_string(outcome->secret)) < 0) {
        json_decref(object);
        object = NULL;
    }
    answer_json(task.request, task.status, object);
}

/* r: what the service said when it was given the task. */
static void submitted(struct task *task, int r)
{
    if (r == 0)
        return;
    answer_error(task->request, r);
    free(task);
}

static struct actor actor_of(const struct http_request *request)
{
    const struct peer *peer = http_peer(request);

    return (struct actor){peer->uid, peer->gid, peer->pid};
}

typedef int (*read_mint_fn)(struct text body, const struct scope_registry *registry, int64_t now_s,
                            struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);

static void mint(struct http_request *request, struct service *service, read_mint_fn read)
{
    char detail[ADMIN_DETAIL_MAX];
    struct admin_mint wanted;

    if (read(http_body(request), service_scopes(service), time(NULL), &wanted, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, 201);
    if (task)
        submitted(task, service_mint(service, &wanted.mint, actor_of(request), on_outcome, task));
    admin_body_deinit(&wanted);
}

static void post_tokens(struct http_request *request, struct service *service)
{
    mint(request, service, admin_body_mint);
}

static void post_legacy(struct http_request *request, struct service *service)
{
    mint(request, service, admin_body_legacy);
}

static void post_rotate(struct http_request *request, struct service *service, struct text key_id)
{
    char detail[ADMIN_DETAIL_MAX];
    uint64_t grace_s;

    if (admin_body_rotate(http_body(request), &grace_s, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, 201);
    if (task)
        submitted(task,
                  service_rotate(service, key_id, grace_s, actor_of(request), on_outcome, task));
}

static void post_revoke(struct http_request *request, struct service *service, struct text key_id)
{
    char detail[ADMIN_DETAIL_MAX], reason[REASON_MAX + 1];

    if (admin_body_reason(http_body(request), reason, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, 200);
    if (task)
        submitted(task, service_revoke(service, key_id, text_of(reason), actor_of(request),
                                       on_outcome, task));
}

static void post_scopes(struct http_request *request, struct service *service)
{
    char detail[ADMIN_DETAIL_MAX], name[SCOPE_NAME_MAX + 1];

    if (admin_body_scope(http_body(request), name, detail) < 0) {
        http_answer_problem(request, 400, "%s", detail);
        return;
    }
    struct task *task = task_new(request, service, 201);
    if (task)
        submitted(task,
                  service_scope_add(service, text_of(name), actor_of(request), on_outcome, task));
}

/* ---- lists -------------------------------------------------------------------------------------
 */

/* A whole number from min to max, digits alone. Absent: *ret stays. False: answered already. */
static bool read_number(struct http_request *request, const char *name, uint64_t min, uint64_t max,
                        uint64_t *ret)
{
    struct text t = http_argument(request, name);
    uint64_t value = 0;
    bool valid = t.len >= 1 && t.len <= 18;

    if (!t.data)
        return true;
    for (size_t i = 0; valid && i < t.len; i++) {
        valid = t.data[i] >= '0' && t.data[i] <= '9';
        value = value * 10 + (uint64_t)(t.data[i] - '0');
    }
    if (!valid || value < min || value > max) {
        http_answer_problem(request, 400, "%s: must be a whole number from %llu to %llu", name,
                            (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *ret = value;
    return true;
}

struct list {
    const struct scope_registry *registry;
    struct text state; /* wanted; empty: any */
    uint64_t limit;
    json_t *tokens;
    unsigned scanned;
    char position[2 * ADMIN_POSITION_MAX + 1]; /* of the last one scanned */
    bool more;
};

static int on_listing(const struct listing *listing, struct text position, void *userdata)
{
    struct list *list = userdata;

    if (json_array_size(list->tokens) == list->limit || list->scanned == SCAN_MAX) {
        list->more = true;
        return 1;
    }
    list->scanned++;
    if (!admin_json_position_format(position, list->position))
        return -EBADMSG;
    if (list->state.len > 0 && !text_equal(list->state, text_of(record_state_name(listing->state))))
        return 0;
    return json_array_append_new(list->tokens, admin_json_token(listing, list->registry)) < 0
               ? -ENOMEM
               : 0;
}

static bool state_is_known(struct text name)
{
    for (int state = RECORD_ACTIVE; state <= RECORD_EXPIRED; state++)
        if (text_equal(name, text_of(record_state_name((enum record_state)state))))
            return true;
    return false;
}

static void run_list(struct http_request *request, struct service *service, struct text site,
                     struct text after, struct list *list)
{
    int r = service_list(service, site, after, on_listing, list);

    if (r < 0) {
        json_decref(list->tokens);
        answer_error(request, r);
    } else if (site.len > 0 && after.len == 0 && list->scanned == 0) {
        json_decref(list->tokens);
        http_answer_problem(request, 404, "site %.*s has no token: check its spelling",
                            (int)site.len, site.data);
    } else {
        answer_json(request, 200,
                    json_pack("{s:o,s:o}", "tokens", list->tokens, "next",
                              list->more ? json_string(list->position) : json_null()));
    }
}

static void get_tokens(struct http_request *request, struct service *service)
{
    struct text site = http_argument(request, "site");
    struct text digits = http_argument(request, "after");
    char after[ADMIN_POSITION_MAX];
    size_t after_len = 0;
    struct list list = {
        .registry = service_scopes(service),
        .state = http_argument(request, "state"),
        .limit = LIST_DEFAULT,
    };

    if (site.data && !text_is_site(site))
        http_answer_problem(request, 400, "site: must be 1 to %d characters of A-Z a-z 0-9 . _ -",
                            SITE_MAX);
    else if (list.state.data && !state_is_known(list.state))
        http_answer_problem(request, 400, "state: must be active, suspended, revoked or expired");
    else if (digits.data && !admin_json_position_parse(digits, after, &after_len))
        http_answer_problem(request, 400, "after: must be what an earlier answer gave as next");
    else if (read_number(request, "limit", 1, LIST_MAX, &list.limit)) {
        list.tokens = json_array();
        run_list(request, service, site, (struct text){after, after_len}, &list);
    }
}

struct show {
    const struct scope_registry *registry;
    json_t *token;
};

static int on_shown(const struct listing *listing, struct text position, void *userdata)
{
    struct show *show = userdata;

    show->token = admin_json_token(listing, show->registry);
    return 0;
}

static void get_token(struct http_request *request, struct service *service, struct text key_id)
{
    struct show show = {service_scopes(service), NULL};

    int r = service_show(service, key_id, on_shown, &show);
    if (r < 0)
        answer_error(request, r);
    else
        answer_json(request, 200, show.token);
}

static void get_scopes(struct http_request *request, struct service *service)
{
    answer_json(
        request, 200,
        json_pack("{s:o}", "scopes", admin_json_scopes(service_scopes(service), UINT64_MAX)));
}

struct trail {
    uint64_t limit;
    json_t *entries;
};

static int on_entry(const struct audit_entry *entry, void *userdata)
{
    struct trail *trail = userdata;

    if (json_array_size(trail->entries) == trail->limit)
        return 1;
    return json_array_append_new(trail->entries, admin_json_audit(entry)) < 0 ? -ENOMEM : 0;
}

static void get_audit(struct http_request *request, struct service *service)
{
    struct trail trail = {.limit = LIST_DEFAULT};
    struct audit_query query = {.before = 0};
    uint64_t next;

    if (!read_number(request, "limit", 1, LIST_MAX, &trail.limit) ||
        !read_number(request, "before", 1, INT64_MAX, &query.before))
        return;
    trail.entries = json_array();
    int r = service_audit(service, &query, on_entry, &trail, &next);
    if (r < 0) {
        json_decref(trail.entries);
        answer_error(request, r);
        return;
    }
    answer_json(request, 200,
                json_pack("{s:o,s:o}", "entries", trail.entries, "next",
                          next > 0 ? json_integer((json_int_t)next) : json_null()));
}

static void get_status(struct http_request *request, struct service *service)
{
    struct admin_status status = {
        .version = PACKAGE_VERSION,
        .uptime_s = service_uptime_ns(service) / UINT64_C(1000000000),
        .config = service_config_of(service),
    };

    int r = service_stats(service, &status.stats);
    if (r < 0)
        answer_error(request, r);
    else
        answer_json(request, 200, admin_json_status(&status));
}

/* ---- routes ------------------------------------------------------------------------------------
 */

typedef void (*plain_fn)(struct http_request *request, struct service *service);
typedef void (*token_fn)(struct http_request *request, struct service *service, struct text key_id);

static const struct plain_route {
    const char *path;
    plain_fn get, post;
} plain_routes[] = {
    {"/v1/tokens", get_tokens, post_tokens}, {"/v1/legacy", NULL, post_legacy}, /* */
    {"/v1/scopes", get_scopes, post_scopes}, {"/v1/audit", get_audit, NULL},    /* */
    {"/v1/status", get_status, NULL},                                           /* */
};

static bool is_method(const struct http_request *request, const char *method)
{
    return strcmp(http_method(request), method) == 0;
}

static bool is_get(const struct http_request *request)
{
    return is_method(request, "GET") || is_method(request, "HEAD");
}

static void answer_wrong_method(struct http_request *request, bool get, bool post)
{
    const char *allowed = get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";

    http_add_field(request, "Allow", allowed);
    http_answer_problem(request, 405, "here it is one of: %s", allowed);
}

/* path: what follows /v1/tokens/. */
static void route_token(struct http_request *request, struct service *service, struct text path)
{
    const char *slash = memchr(path.data, '/', path.len);
    struct text key_id = {path.data, slash ? (size_t)(slash - path.data) : path.len};
    struct text verb = {path.data + key_id.len, path.len - key_id.len};
    token_fn get = NULL, post = NULL;

    if (verb.len == 0)
        get = get_token;
    else if (text_equal(verb, TEXT("/rotate")))
        post = post_rotate;
    else if (text_equal(verb, TEXT("/revoke")))
        post = post_revoke;
    if (!get && !post)
        answer_not_found(request);
    else if (!key_id_is_valid(key_id))
        answer_error(request, -ENOENT);
    else if (get && is_get(request))
        get(request, service, key_id);
    else if (post && is_method(request, "POST"))
        post(request, service, key_id);
    else
        answer_wrong_method(request, get, post);
}

static void route(struct http_request *request, struct service *service)
{
    static const size_t prefix_len = sizeof "/v1/tokens/" - 1;
    struct text path = http_path(request);

    if (text_begins(path, TEXT("/v1/tokens/"))) {
        route_token(request, service, (struct text){path.data + prefix_len, path.len - prefix_len});
        return;
    }
    for (size_t i = 0; i < sizeof plain_routes / sizeof plain_routes[0]; i++) {
        const struct plain_route *at = &plain_routes[i];
        if (!text_equal(path, text_of(at->path)))
            continue;
        if (at->get && is_get(request))
            at->get(request, service);
        else if (at->post && is_method(request, "POST"))
            at->post(request, service);
        else
            answer_wrong_method(request, at->get, at->post);
        return;
    }
    answer_not_found(request);
}

void http_admin_handle(struct http_request *request, void *userdata)
{
    struct service *service = userdata;

    admin_json_wipe_always();
    if (!authz_may_admin(&service_config_of(service)->admins, http_peer(request)))
        http_answer_problem(request, 403,
                            "this user may not manage tokens: root, the daemon's own user, and "
                            "who is named by 'admins' in stkgate.conf may (by default the members "
                            "of group stkgate-admin)");
    else
        route(request, service);
}
