/* storefront.c - the API of a storefront as a CGI program that asks stkgate about each call
 *
 *     GET  /catalog    needs catalog:read
 *     POST /cart             cart:write
 *     POST /checkout         checkout:create
 *     POST /customer         customer:auth
 *
 * The web server hands it the call by RFC 3875's variables; STKGATE_RUNTIME, when it is set, says
 * where the daemon's sockets are. What a storefront would do with an admitted call is left out: the
 * answer is an empty list.
 *
 * A program that should not know of stkgate has `stkgate cgi` before it (docs/servers/cgi.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <stkgate.h>

struct route {
    const char *method;
    const char *path;
    const char *scope;
};

static const struct route routes[] = {
    {"GET", "/catalog", "catalog:read"},
    {"POST", "/cart", "cart:write"},
    {"POST", "/checkout", "checkout:create"},
    {"POST", "/customer", "customer:auth"},
};

static int is(const char *variable, const char *value)
{
    const char *set = getenv(variable);
    return set != NULL && strcmp(set, value) == 0;
}

/* NULL when there is no such path; *ret_method_is_wrong when it is there for another method. */
static const struct route *find_route(int *ret_method_is_wrong)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (is("PATH_INFO", routes[i].path)) {
            *ret_method_is_wrong = !is("REQUEST_METHOD", routes[i].method);
            return &routes[i];
        }
    }
    return NULL;
}

static int print_field(const char *name, const char *value, void *userdata)
{
    (void)userdata;
    printf("%s: %s\r\n", name, value);
    return 0;
}

static void print_simple(int status, const char *fields, const char *title)
{
    printf("Status: %d %s\r\n%sContent-Type: application/problem+json\r\n\r\n", status, title,
           fields);
    printf("{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n", title, status);
}

/* CGI joins the values of a repeated header field with a comma, which makes a credential malformed:
 * nobody can slip in a second one. The scope's name could be looked up once, in a program that
 * serves more than one call.
 *
 * Whatever fails, the verdict is a refusal: there is nothing to do but to leave a trace. */
static void check(stkgate *gate, const char *scope, struct stkgate_verdict *ret)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    request.token = stkgate_text(getenv("HTTP_X_STELLA_TOKEN"));
    request.authorization = stkgate_text(getenv("HTTP_AUTHORIZATION"));
    request.api_key = stkgate_text(getenv("HTTP_X_API_KEY"));
    request.site = stkgate_text(getenv("HTTP_X_SITE_ID"));
    request.origin = stkgate_text(getenv("HTTP_ORIGIN"));
    int error = stkgate_scope(gate, scope, &request.scopes);
    if (error == 0)
        error = stkgate_check(gate, &request, ret);
    if (error < 0)
        fprintf(stderr, "storefront: no verdict: %s\n", strerror(-error));
}

static void answer(stkgate *gate, const struct stkgate_verdict *verdict)
{
    char body[1024];
    size_t length = 0;

    printf("Status: %u\r\n", verdict->status);
    stkgate_verdict_headers(gate, verdict, print_field, NULL);
    if (verdict->status == 200) {
        printf("Content-Type: application/json\r\n\r\n");
        printf("{\"site\":\"%s\",\"items\":[]}\n", verdict->site);
        return;
    }
    if (stkgate_verdict_problem(gate, verdict, body, sizeof body, &length) < 0)
        length = 0;
    printf("Content-Type: application/problem+json\r\n\r\n");
    printf("%.*s\n", (int)length, body);
}

int main(void)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    int method_is_wrong = 0;
    stkgate *gate;

    const struct route *route = find_route(&method_is_wrong);
    if (route == NULL) {
        print_simple(404, "", "Not Found");
        return 0;
    }
    if (method_is_wrong) {
        char allow[32];
        snprintf(allow, sizeof allow, "Allow: %s\r\n", route->method);
        print_simple(405, allow, "Method Not Allowed");
        return 0;
    }
    /* This process is there for one call, its connection to the daemon is new, and nobody else waits
     * for it: it has more patience than the 50 ms of a server that has other calls to answer. */
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.deadline_ms = 5000;
    if (stkgate_open(&gate, "storefront", &options) < 0) {
        print_simple(500, "", "Internal Server Error");
        return 0;
    }
    check(gate, route->scope, &verdict);
    answer(gate, &verdict);
    stkgate_close(gate);
    return 0;
}
