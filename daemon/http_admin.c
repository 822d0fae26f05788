#include "daemon/http_admin.h"

#include <errno.h>

#include "daemon/http_admin_verbs.h"

#define ALLOW_MAX 64

static const struct route {
    const char *path;
    const char *verb; /* what follows after the KEY_ID behind path; NULL: path has none */
    http_admin_fn get, post, patch, delete;
} routes[] = {
    {"/v1/tokens", NULL, .get = http_admin_tokens, .post = http_admin_mint},
    {"/v1/tokens/", "", .get = http_admin_show, .patch = http_admin_edit},
    {"/v1/tokens/", "/suspend", .post = http_admin_suspend},
    {"/v1/tokens/", "/resume", .post = http_admin_resume},
    {"/v1/tokens/", "/revoke", .post = http_admin_revoke},
    {"/v1/tokens/", "/rotate", .post = http_admin_rotate},
    {"/v1/tokens/", "/rotate/finish", .post = http_admin_rotate_finish},
    {"/v1/tokens/", "/rotate/cancel", .post = http_admin_rotate_cancel},
    {"/v1/tokens/", "/rotate/shorten", .post = http_admin_rotate_shorten},
    {"/v1/legacy", NULL, .get = http_admin_legacy, .post = http_admin_legacy_add},
    {"/v1/legacy/", "", .delete = http_admin_legacy_remove},
    {"/v1/sites", NULL, .get = http_admin_sites},
    {"/v1/scopes", NULL, .get = http_admin_scopes, .post = http_admin_scope_add},
    {"/v1/audit", NULL, .get = http_admin_audit},
    {"/v1/status", NULL, .get = http_admin_status},
};

static bool matches(const struct route *route, struct text path, struct text *ret_key_id)
{
    struct text prefix = text_of(route->path);

    if (!route->verb)
        return text_equal(path, prefix);
    if (!text_begins(path, prefix))
        return false;
    struct text rest = {path.data + prefix.len, path.len - prefix.len};
    const char *slash = memchr(rest.data, '/', rest.len);
    size_t len = slash ? (size_t)(slash - rest.data) : rest.len;
    *ret_key_id = (struct text){rest.data, len};
    return text_equal((struct text){rest.data + len, rest.len - len}, text_of(route->verb));
}

static http_admin_fn method_of(const struct route *route, const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return route->get;
    if (strcmp(method, "POST") == 0)
        return route->post;
    if (strcmp(method, "PATCH") == 0)
        return route->patch;
    return strcmp(method, "DELETE") == 0 ? route->delete : NULL;
}

static void answer_wrong_method(struct http_request *request, const struct route *route)
{
    const char *const names[] = {
        route->get ? "GET, HEAD" : NULL,
        route->post ? "POST" : NULL,
        route->patch ? "PATCH" : NULL,
        route->delete ? "DELETE" : NULL,
    };
    char allowed[ALLOW_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i])
            len += (size_t)snprintf(allowed + len, sizeof allowed - len, "%s%s",
                                    len > 0 ? ", " : "", names[i]);
    http_add_field(request, "Allow", allowed);
    http_answer_problem(request, 405, "here it is one of: %s", allowed);
}

static void run_route(struct http_request *request, struct service *service)
{
    struct text path = http_path(request), key_id = {NULL, 0};
    const struct route *route = NULL;

    for (size_t i = 0; !route && i < sizeof routes / sizeof routes[0]; i++)
        if (matches(&routes[i], path, &key_id))
            route = &routes[i];
    if (!route) {
        http_answer_problem(request, 404,
                            "there is nothing here: /v1/tokens, /v1/legacy, /v1/sites, /v1/scopes, "
                            "/v1/audit and /v1/status are what this socket knows");
        return;
    }
    if (route->verb && !key_id_is_valid(key_id)) {
        http_admin_answer_error(request, 0, -ENOENT);
        return;
    }
    http_admin_fn run = method_of(route, http_method(request));
    if (run)
        run(request, service, key_id);
    else
        answer_wrong_method(request, route);
}

void http_admin_handle(struct http_request *request, void *userdata)
{
    struct service *service = userdata;

    admin_json_own_memory();
    if (!authz_may_admin(&service_config_of(service)->admins, http_peer(request)))
        http_answer_problem(request, 403,
                            "this user may not manage tokens: root, the daemon's own user, and "
                            "who is named by 'admins' in stkgate.conf may (by default the members "
                            "of group stkgate-admin)");
    else
        run_route(request, service);
}
