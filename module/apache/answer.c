#include "module/apache/answer.h"

#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mod_core.h>
#include <string.h>
#include <util_filter.h>

#include "module/apache/gates.h"

APLOG_USE_MODULE(stkgate);

#define PROBLEM_MAX 1024 /* bytes, as stkgate.h says */

static ap_filter_rec_t *problem_filter;

static int set_field(const char *name, const char *value, void *table)
{
    apr_table_setn(table, name, apr_pstrdup(apr_table_elts(table)->pool, value));
    return 0;
}

/* Their names begin alike, and each would be compared with those before it. */
static int add_field(const char *name, const char *value, void *table)
{
    apr_table_addn(table, name, apr_pstrdup(apr_table_elts(table)->pool, value));
    return 0;
}

/* The fields of err_headers_out are sent whatever becomes of the request: a program behind may
 * fail. */
void answer_fields(request_rec *r, const struct call *call)
{
    while (r->main)
        r = r->main;
    apr_table_t *fields = r->err_headers_out;
    (void)stkgate_verdict_headers(call->gate, &call->verdict,
                                  apr_is_empty_table(fields) ? add_field : set_field, fields);
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static void log_refusal(request_rec *r, const struct call *call, int error)
{
    const struct settings *settings = settings_of(r);
    const struct stkgate_verdict *verdict = &call->verdict;
    if (error < 0)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "stkgate: the daemon could not be asked as service %s at %s: %s",
                      settings->service ? settings->service : GATES_SERVICE,
                      settings->runtime ? settings->runtime : "its usual place", strerror(-error));
    else
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "stkgate: refused: %s key_id=%s site=%s",
                      stkgate_reason_string(verdict->reason), or_dash(verdict->key_id),
                      or_dash(verdict->site));
}

int answer_refusal(request_rec *r, struct call *call, int error)
{
    char problem[PROBLEM_MAX];
    size_t len;

    call->stage = CALL_REFUSED;
    if (call->verdict.status == HTTP_OK)
        call->verdict = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    log_refusal(r, call, error);
    if (call->gate) {
        (void)stkgate_verdict_headers(call->gate, &call->verdict, set_field, r->err_headers_out);
        if (stkgate_verdict_problem(call->gate, &call->verdict, problem, sizeof problem, &len) == 0)
            call->problem = apr_pstrmemdup(r->pool, problem, len);
    }
    return (int)call->verdict.status;
}

/* ---- the body ------------------------------------------------------------------------------ */

/* APR's macro reckons from a bucket at no address. */
__attribute__((no_sanitize("undefined"))) static void append(apr_bucket_brigade *brigade,
                                                             apr_bucket *bucket)
{
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

/* Whatever comes from httpd's own page, goes: in its place the problem, once. */
static apr_status_t send_problem(ap_filter_t *filter, apr_bucket_brigade *page)
{
    struct call *call = filter->ctx;
    request_rec *r = filter->r;
    size_t len = strlen(call->problem);

    apr_brigade_cleanup(page);
    if (call->has_told)
        return APR_SUCCESS;
    call->has_told = true;
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)len);
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    append(page, apr_bucket_pool_create(call->problem, len, r->pool, alloc));
    append(page, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(filter->next, page);
}

void answer_register(void)
{
    problem_filter =
        ap_register_output_filter("STKGATE_PROBLEM", send_problem, NULL, AP_FTYPE_CONTENT_SET);
}

void answer_insert(request_rec *r)
{
    struct call *call = ap_get_module_config(r->request_config, &stkgate_module);
    if (!call || call->stage != CALL_REFUSED || !call->problem ||
        r->status != (int)call->verdict.status)
        return;
    if (!ap_response_code_string(r, ap_index_of_response(r->status)))
        ap_add_output_filter_handle(problem_filter, call, r, r->connection);
}
