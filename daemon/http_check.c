#include "daemon/http_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/core/headers.h"

#define METRICS_MAX 8192

static int add_field(const char *name, const char *value, void *userdata)
{
    http_add_field(userdata, name, value);
    return 0;
}

/* ---- what the call asks for --------------------------------------------------------------------
 */

/* False: answered already. A '+' that was sent as %2B separates names as well. */
static bool read_scopes(struct http_request *request, const struct service *service, uint64_t *ret)
{
    struct text names = http_argument(request, "scope");
    struct text bad = {NULL, 0};
    char buffer[SCOPE_TEXT_MAX];

    if (!text_copy(names, buffer, sizeof buffer)) {
        http_answer_problem(request, 400, "scope: the list has more than %d bytes",
                            SCOPE_TEXT_MAX - 1);
        return false;
    }
    for (char *c = buffer; *c; c++)
        if (*c == '+')
            *c = ' ';
    int r = scope_parse(service_scopes(service), text_of(buffer), ret, &bad);
    if (r == 0)
        return true;
    if (r == -ENOENT && bad.len <= SCOPE_NAME_MAX && !token_is_within(bad))
        http_answer_problem(request, 400,
                            "scope: no scope %.*s is registered; GET /v1/scopes on the admin "
                            "socket lists those that are",
                            (int)bad.len, bad.data);
    else
        http_answer_problem(request, 400,
                            "scope: not a list of names such as catalog:read,cart:write");
    return false;
}

/* Behind "/v1/check/SERVICE" proxies put their client's path and query: whoever wrote that query
 * may make the check stricter, and nothing else. */
static bool is_query_of_client(struct text path)
{
    static const size_t prefix_len = sizeof "/v1/check/" - 1;

    return path.len > prefix_len && memchr(path.data + prefix_len, '/', path.len - prefix_len);
}

/* False: answered already. */
static bool read_cost(struct http_request *request, uint64_t policy_cost, uint64_t *ret_cost,
                      bool *ret_peek)
{
    struct text cost = http_argument(request, "cost");
    uint64_t value = 0;
    bool valid = !cost.data || (cost.len >= 1 && cost.len <= 19);

    for (size_t i = 0; valid && cost.data && i < cost.len; i++) {
        valid = cost.data[i] >= '0' && cost.data[i] <= '9';
        value = value * 10 + (uint64_t)(cost.data[i] - '0');
    }
    if (!valid) {
        http_answer_problem(request, 400,
                            "cost: must be a whole number, once; 0 looks without spending");
        return false;
    }
    if (is_query_of_client(http_path(request))) {
        *ret_cost = value > policy_cost ? value : 0;
        *ret_peek = false;
        return true;
    }
    *ret_cost = value;
    *ret_peek = (cost.data && value == 0) || http_argument(request, "peek").data;
    return true;
}

/* "/v1/check/SERVICE/anything" -> SERVICE. */
static struct text service_name(struct text path)
{
    static const size_t prefix_len = sizeof "/v1/check/" - 1;

    if (path.len <= prefix_len)
        return TEXT("default");
    struct text name = {path.data + prefix_len, path.len - prefix_len};
    const char *slash = memchr(name.data, '/', name.len);
    if (slash)
        name.len = (size_t)(slash - name.data);
    return name;
}

/* ---- the check ---------------------------------------------------------------------------------
 */

/* For the proxy in front, which may hand them on to what it protects. */
static void add_identity(struct http_request *request, const struct verdict *verdict,
                         const struct scope_registry *registry)
{
    char scopes[SCOPE_TEXT_MAX];

    scope_format(registry, verdict->scopes, scopes);
    http_add_field(request, "Stkgate-Key-Id", verdict->key_id);
    http_add_field(request, "Stkgate-Site", verdict->site);
    http_add_field(request, "Stkgate-Scopes", scopes);
}

/* A proxy that makes the answer to its client itself has no use for the body. A foreign site's
 * token reads as an unknown one here, too: some proxies pass all fields on. */
static void add_reason(struct http_request *request, const struct verdict *verdict)
{
    enum reason reason =
        verdict->reason == REASON_SITE_MISMATCH ? REASON_UNKNOWN_TOKEN : verdict->reason;

    http_add_field(request, "Stkgate-Reason", reason_name(reason));
}

static void answer_verdict(struct http_request *request, const struct service *service,
                           const struct service_config *as, const struct verdict *verdict)
{
    const struct scope_registry *registry = service_scopes(service);
    char problem[PROBLEM_MAX];

    headers_each(verdict, &as->policy, registry, add_field, request);
    add_reason(request, verdict);
    if (verdict->reason == REASON_OK) {
        add_identity(request, verdict, registry);
        http_answer(request, 200, (struct text){NULL, 0}, false);
        return;
    }
    size_t len = headers_problem(verdict, problem);
    http_add_field(request, "Content-Type", "application/problem+json");
    http_answer(request, reason_status(verdict->reason), (struct text){problem, len}, false);
}

static void answer_check(struct http_request *request, struct service *service)
{
    const struct service_config *as =
        config_service(service_config_of(service), service_name(http_path(request)));
    struct text_query query = {0};
    struct verdict verdict;

    if (!principals_have(&as->callers, http_peer(request))) {
        http_answer_problem(request, 403,
                            "this user may not ask as the service %s: its file does not name it "
                            "among the callers",
                            as->name);
        return;
    }
    if (!read_scopes(request, service, &query.scopes) ||
        !read_cost(request, as->policy.cost, &query.cost, &query.peek))
        return;
    query.token = http_field(request, "X-Stella-Token");
    query.authorization = http_field(request, "Authorization");
    query.api_key = http_field(request, "X-API-Key");
    query.site = http_field(request, "X-Site-ID");
    query.origin = http_field(request, "Origin");
    /* A failure leaves the verdict a refusal. */
    service_check_text(service, as, &query, &verdict);
    answer_verdict(request, service, as, &verdict);
}

/* ---- metrics -----------------------------------------------------------------------------------
 */

struct page {
    char text[METRICS_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void page_add(struct page *page, const char *format,
                                                           ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(page->text + page->len, sizeof page->text - page->len, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof page->text - page->len)
        page->len += (size_t)n;
}

static void page_add_metric(struct page *page, const char *name, const char *type, const char *help)
{
    page_add(page, "# HELP stkgate_%s %s\n# TYPE stkgate_%s %s\n", name, help, name, type);
}

static void page_add_gauge(struct page *page, const char *name, const char *help, uint64_t value)
{
    page_add_metric(page, name, "gauge", help);
    page_add(page, "stkgate_%s %" PRIu64 "\n", name, value);
}

static void answer_metrics(struct http_request *request, struct service *service)
{
    struct page page = {.len = 0};
    struct store_stats stats;
    struct view_stats view;

    if (service_stats(service, &stats) < 0) {
        http_answer_problem(request, 503, "the table could not be read");
        return;
    }
    page_add_metric(&page, "checks_total", "counter", "Checks decided, by reason.");
    for (unsigned reason = 0; reason < REASON_COUNT; reason++)
        page_add(&page, "stkgate_checks_total{reason=\"%s\"} %" PRIu64 "\n", reason_name(reason),
                 service_reason_count(service, (enum reason)reason));
    page_add_gauge(&page, "credentials", "Credentials in the table.", stats.credentials);
    page_add_gauge(&page, "seq", "Number of the last committed change.", stats.seq);
    page_add_gauge(&page, "table_used_bytes", "Bytes of the table in use.", stats.used_bytes);
    page_add_gauge(&page, "table_size_bytes", "Bytes that the table may have.", stats.map_bytes);
    service_view_stats(service, &view);
    page_add_gauge(&page, "view_slots", "Credentials that the view has room for.", view.slots);
    page_add_gauge(&page, "view_used_slots",
                   "Slots of the view in use, earlier versions of credentials among them.",
                   view.used);
    page_add_gauge(&page, "view_attached_processes", "Processes that were given the view.",
                   attached_count(service_attached(service)));
    page_add_gauge(&page, "uptime_seconds", "Seconds since the daemon started.",
                   service_uptime_ns(service) / UINT64_C(1000000000));
    http_add_field(request, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    http_answer(request, 200, (struct text){page.text, page.len}, false);
}

/* ---- routes ------------------------------------------------------------------------------------
 */

static bool is_get(const struct http_request *request)
{
    struct text method = text_of(http_method(request));

    return text_equal(method, TEXT("GET")) || text_equal(method, TEXT("HEAD"));
}

void http_check_handle(struct http_request *request, void *userdata)
{
    struct service *service = userdata;
    struct text path = http_path(request);

    if (text_equal(path, TEXT("/v1/check")) || text_begins(path, TEXT("/v1/check/"))) {
        answer_check(request, service);
    } else if (text_equal(path, TEXT("/healthz")) && is_get(request)) {
        http_add_field(request, "Content-Type", "text/plain; charset=utf-8");
        http_answer(request, 200, TEXT("ok\n"), false);
    } else if (text_equal(path, TEXT("/metrics")) && is_get(request)) {
        answer_metrics(request, service);
    } else {
        http_answer_problem(request, 404,
                            "there is nothing here: /v1/check, /healthz and /metrics are what "
                            "this socket knows");
    }
}
