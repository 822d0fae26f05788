#include "module/apache/call.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <string.h>
#include <strings.h>

#include "module/apache/answer.h"
#include "module/apache/gates.h"
#include "module/apache/scopes.h"
#include "module/apache/table.h"
#include "module/face/kind.h"

APLOG_USE_MODULE(stkgate);

static request_rec *first_of(request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return r;
}

/* NULL: none was made. */
static struct call *call_seen(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &stkgate_module);
}

/* What is not cleared, stkgate_check() sets. */
static void begin(struct stkgate_verdict *verdict)
{
    verdict->size = sizeof *verdict;
    verdict->status = HTTP_SERVICE_UNAVAILABLE;
    verdict->reason = STKGATE_UNAVAILABLE;
}

struct call *call_of(request_rec *r)
{
    struct call *call = call_seen(r);
    if (!call) {
        /* A sub-request's own pool ends before the request that it is charged for. */
        call = apr_pcalloc(first_of(r)->pool, sizeof *call);
        begin(&call->verdict);
        ap_set_module_config(r->request_config, &stkgate_module, call);
    }
    return call;
}

struct call *call_first(request_rec *r)
{
    return call_of(first_of(r));
}

bool call_is_ours(request_rec *r)
{
    const char *type;
    switch (settings_of(r)->auth_type) {
    case AUTH_TYPE_OURS: return true;
    case AUTH_TYPE_EXPRESSION:
        type = ap_auth_type(r);
        return type && strcasecmp(type, SETTINGS_AUTH_TYPE) == 0;
    case AUTH_TYPE_UNSET:
    case AUTH_TYPE_ANOTHER: break;
    }
    return false;
}

void call_take_fields(request_rec *r)
{
    request_rec *first_r = first_of(r);
    struct call *first = call_of(first_r);
    if (!first->fields.secrets) {
        fields_take(first_r->pool, r->headers_in, &first->fields);
        first->hidden_in = r->headers_in == first_r->headers_in ? r->headers_in : NULL;
    }
}

/* The table of a sub-request may be another one: a copy, which goes with it, and of which nothing
 * is remembered, since the next one's may come to lie in its place. */
static void hide_from(request_rec *first_r, struct call *first, apr_table_t *headers)
{
    bool is_first = headers == first_r->headers_in;
    if (!is_first || first->hidden_in != headers)
        fields_hide(&first->fields, headers);
    if (is_first)
        first->hidden_in = headers;
}

static void hide_or_show(request_rec *r, bool is_ours)
{
    request_rec *first_r = first_of(r);
    struct call *first = call_of(first_r);
    if (is_ours && settings_of(r)->passes_token != TOGGLE_ON) {
        hide_from(first_r, first, r->headers_in);
        if (r->main || r->prev)
            fields_hide_variables(r->subprocess_env);
    } else {
        first->hidden_in = NULL;
        fields_show(&first->fields, r->headers_in);
    }
}

void call_hide_fields(request_rec *r)
{
    hide_or_show(r, call_is_ours(r));
}

/* ---- who are you --------------------------------------------------------------------------- */

static bool is_preflight(const request_rec *r)
{
    const char *method = apr_table_get(r->headers_in, "Access-Control-Request-Method");
    return r->method_number == M_OPTIONS && method && method[0] != '\0';
}

/* What the library is asked, but for scopes and cost. 0; or -1: the site's expression failed, which
 * was logged. */
static int fill_request(request_rec *r, struct stkgate_request *request)
{
    const struct settings *settings = settings_of(r);
    const char *wrong = NULL;

    *request = call_first(r)->fields.request;
    if (!settings->site)
        return 0;
    const char *site = ap_expr_str_exec(r, settings->site, &wrong);
    if (wrong) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "stkgate: StkgateSite: %s", wrong);
        return -1;
    }
    field_set(request, FIELD_SITE, stkgate_text(site));
    return 0;
}

/* Whether the look told whose token it is: what is left to refuse for depends on what the call
 * needs. */
static bool is_known(const struct stkgate_verdict *verdict)
{
    return verdict->key_id[0] != '\0' &&
           (verdict->reason == STKGATE_OK || verdict->reason == STKGATE_INSUFFICIENT_SCOPE ||
            verdict->reason == STKGATE_COST_EXCEEDS_BURST ||
            verdict->reason == STKGATE_RATE_LIMITED);
}

static int admit(request_rec *r, struct call *call, enum call_stage stage, char *user)
{
    static char type[] = SETTINGS_AUTH_TYPE;
    call->stage = stage;
    r->user = user;
    r->ap_auth_type = type;
    return OK;
}

/* The last answer was a look, which the daemon counts for nothing; so that it counts the refusal,
 * ask in earnest. Who wants every scope there may be, is refused and spends nothing, whatever has
 * changed since. */
COLD static void have_it_counted(request_rec *r, const struct call *call)
{
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    if (call->verdict.key_id[0] == '\0' || fill_request(r, &request) < 0)
        return;
    request.scopes = UINT64_MAX;
    (void)stkgate_check(call->gate, &request, &verdict);
}

int call_authenticate(request_rec *r)
{
    static char nobody[] = "";
    if (!call_is_ours(r))
        return DECLINED;

    const struct settings *settings = settings_of(r);
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    struct call *call = call_of(r);
    call_take_fields(r);
    hide_or_show(r, true);
    if (settings->passes_preflight == TOGGLE_ON && is_preflight(r))
        return admit(r, call, CALL_PREFLIGHT, nobody);

    const char *service = settings->service ? settings->service : GATES_SERVICE;
    call->gate = gates_find(service, settings->runtime);
    if (!call->gate || fill_request(r, &request) < 0)
        return answer_refusal(r, call, 0);
    request.flags = STKGATE_PEEK;
    int error = stkgate_check(call->gate, &request, &call->verdict);
    if (error < 0 || !is_known(&call->verdict)) {
        have_it_counted(r, call);
        return answer_refusal(r, call, error);
    }
    return admit(r, call, CALL_KNOWN, call->verdict.key_id);
}

/* ---- may you ------------------------------------------------------------------------------- */

/* All the Require lines agree. What is asked for here is final, whatever the look has said. */
static int charge(request_rec *r, struct call *call)
{
    struct call *first = call_first(r);
    struct stkgate_request request = STKGATE_REQUEST_INIT;
    bool was_spent = first->spent != NULL;

    begin(&call->verdict);
    if (fill_request(r, &request) < 0)
        return answer_refusal(r, call, 0);
    request.scopes = call->granted;
    request.cost = settings_of(r)->cost;
    request.flags = was_spent ? STKGATE_PEEK : 0;
    int error = stkgate_check(call->gate, &request, &call->verdict);
    /* What is left in the bucket is no matter to who has paid. */
    bool has_paid = was_spent && (call->verdict.reason == STKGATE_RATE_LIMITED ||
                                  call->verdict.reason == STKGATE_COST_EXCEEDS_BURST);
    if (error < 0 || (call->verdict.status != HTTP_OK && !has_paid))
        return answer_refusal(r, call, error);

    call->stage = CALL_PASSED;
    if (!was_spent) {
        first->spent = call;
        answer_fields(r, call);
    }
    return OK;
}

/* Some Require line does not agree. The row of the policy's table that comes first, is why. */
COLD static int refuse(request_rec *r, struct call *call, int status)
{
    struct stkgate_verdict *verdict = &call->verdict;

    if (call->is_unanswered) {
        *verdict = (struct stkgate_verdict)STKGATE_VERDICT_INIT;
    } else if (call->is_other_site) {
        verdict->status = HTTP_UNAUTHORIZED;
        verdict->reason = STKGATE_SITE_MISMATCH;
    } else if (call->missing != 0) {
        verdict->status = HTTP_FORBIDDEN;
        verdict->reason = STKGATE_INSUFFICIENT_SCOPE;
        verdict->needed |= call->granted | call->missing;
    } else {
        /* A line that is not ours. With another token it may pass, but this one is no wrong one;
         * and nobody may decline, or another hook would be asked. */
        call->stage = CALL_REFUSED;
        return status == HTTP_UNAUTHORIZED ? HTTP_FORBIDDEN
               : status == DECLINED        ? HTTP_INTERNAL_SERVER_ERROR
                                           : status;
    }
    have_it_counted(r, call);
    return answer_refusal(r, call, 0);
}

int call_authorize(request_rec *r)
{
    struct call *call = call_seen(r);
    if (!call || call->is_within || (call->stage != CALL_KNOWN && call->stage != CALL_PREFLIGHT))
        return DECLINED;

    call->is_within = true;
    int status = ap_run_auth_checker(r);
    call->is_within = false;
    if (status != OK)
        return refuse(r, call, status);
    if (call->stage == CALL_PREFLIGHT) {
        r->user = NULL;
        r->ap_auth_type = NULL;
        return OK;
    }
    return charge(r, call);
}

/* ---- what is behind ------------------------------------------------------------------------ */

/* Not STKGATE_RUNTIME, which an operator may have set for a program behind. */
static bool is_ours(const char *name, const char *value)
{
    static const char prefix[] = "STKGATE_";
    static const char *const names[] = {"KEY_ID", "SITE", "SCOPES", "KIND", "REMAINING"};
    if (strncasecmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name + sizeof prefix - 1, names[i]) == 0)
            return true;
    return false;
}

/* What is there is of an earlier request_rec, or of somebody who would like to be believed. Added,
 * and not set: their names begin alike, and each would be compared with all before it. */
static void set_environment(request_rec *r, const struct call *spent)
{
    const struct stkgate_verdict *verdict = &spent->verdict;
    apr_table_t *env = r->subprocess_env;

    table_unset_where(env, is_ours);
    apr_table_addn(env, "STKGATE_KEY_ID", verdict->key_id);
    apr_table_addn(env, "STKGATE_SITE", verdict->site);
    apr_table_addn(env, "STKGATE_SCOPES", scopes_names(r->pool, spent->gate, verdict->scopes));
    apr_table_addn(env, "STKGATE_KIND", face_kind_name(verdict->kind));
    apr_table_addn(env, "STKGATE_REMAINING", apr_off_t_toa(r->pool, (apr_off_t)verdict->remaining));
}

int call_fixup(request_rec *r)
{
    const struct call *call = call_seen(r);
    if (call && (call->stage == CALL_KNOWN || call->stage == CALL_REFUSED)) {
        ap_log_rerror(APLOG_MARK, APLOG_CRIT, 0, r,
                      "stkgate: another module let a request pass that was not charged: %s",
                      r->uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!(call && call->stage != CALL_NEW) && !call_is_ours(r))
        return DECLINED;
    hide_or_show(r, true);
    /* mod_cache answers before anybody is asked: what it stored for one caller, it would give to
     * all. */
    apr_table_setn(r->subprocess_env, "no-cache", "1");
    /* With the configuration of the request that it comes of, httpd asks for a redirect or
     * sub-request no more, but hands its user on. */
    const struct call *spent = call_first(r)->spent;
    if (spent && r->ap_auth_type && strcmp(r->ap_auth_type, SETTINGS_AUTH_TYPE) == 0)
        set_environment(r, spent);
    return OK;
}
