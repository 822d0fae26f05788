#include "module/nginx/access.h"

#include "module/face/cold.h"
#include "module/nginx/answer.h"
#include "module/nginx/credentials.h"
#include "module/nginx/kept.h"
#include "module/nginx/module.h"
#include "module/nginx/settings.h"

/* ---- the terms ---------------------------------------------------------------------------------
 */

static ngx_int_t site_of(ngx_http_request_t *r, const struct settings *settings,
                         const struct kept *kept, struct stkgate_text *ret)
{
    struct stkgate_request trimmed = STKGATE_REQUEST_INIT;
    ngx_str_t value;

    *ret = kept->request.site;
    if (settings->site == NULL)
        return NGX_OK;
    if (ngx_http_complex_value(r, settings->site, &value) != NGX_OK)
        return NGX_ERROR;
    field_set(&trimmed, FIELD_SITE, (struct stkgate_text){(const char *)value.data, value.len});
    *ret = trimmed.site;
    return NGX_OK;
}

static bool is_same_site(struct stkgate_text a, struct stkgate_text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool is_covered(const struct kept *kept, const struct settings *settings,
                       struct stkgate_text site)
{
    return kept->gate == settings->gate && is_same_site(kept->site, site) &&
           (settings->scopes & ~kept->scopes) == 0;
}

static void agree(struct kept *kept, const struct settings *settings, struct stkgate_text site)
{
    bool is_more = kept->gate == settings->gate && is_same_site(kept->site, site);
    kept->scopes = settings->scopes | (is_more ? kept->scopes : 0);
    kept->gate = settings->gate;
    kept->site = site;
}

/* ---- the check ---------------------------------------------------------------------------------
 */

static void check(ngx_http_request_t *r, const struct settings *settings, const struct kept *kept,
                  struct stkgate_text site, ngx_int_t cost, struct stkgate_verdict *ret)
{
    struct stkgate_request request = kept->request;

    request.site = site;
    request.scopes = settings->scopes;
    if (cost > 0)
        request.cost = (uint64_t)cost;
    else if (cost == 0)
        request.flags = STKGATE_PEEK;
    int error = stkgate_check(settings->gate, &request, ret);
    if (error < 0)
        ngx_log_error(NGX_LOG_ERR, r->connection->log, -error,
                      "stkgate: no verdict could be had from the daemon, service \"%V\"",
                      &settings->service);
}

/* The first check of a request, or one after checks that spent nothing. */
static bool is_allowed_first(ngx_http_request_t *r, const struct settings *settings,
                             struct kept *kept, struct stkgate_text site)
{
    kept->outcome = OUTCOME_REFUSED;
    kept->scopes = 0;
    check(r, settings, kept, site, settings->cost, &kept->verdict);
    agree(kept, settings, site);
    if (kept->verdict.status != NGX_HTTP_OK)
        return false;
    kept->charged = settings->cost != 0;
    kept->outcome = OUTCOME_ALLOWED;
    return true;
}

/* It was charged elsewhere, and has come to a location with other terms: they must be met, too, but
 * for the bucket, from which its units were taken already. */
COLD static bool is_allowed_again(ngx_http_request_t *r, const struct settings *settings,
                                  struct kept *kept, struct stkgate_text site)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;

    check(r, settings, kept, site, 0, &verdict);
    if (verdict.status == NGX_HTTP_OK || verdict.status == NGX_HTTP_TOO_MANY_REQUESTS) {
        agree(kept, settings, site);
        return true;
    }
    kept->outcome = OUTCOME_REFUSED;
    kept->gate = settings->gate;
    kept->verdict = verdict;
    return false;
}

/* Refused once is refused everywhere. */
static bool is_allowed(ngx_http_request_t *r, const struct settings *settings, struct kept *kept,
                       struct stkgate_text site)
{
    switch (kept->outcome) {
    case OUTCOME_ALLOWED:
        if (!kept->charged && settings->cost != 0)
            return is_allowed_first(r, settings, kept, site);
        return is_covered(kept, settings, site) || is_allowed_again(r, settings, kept, site);
    case OUTCOME_NONE: return is_allowed_first(r, settings, kept, site);
    case OUTCOME_REFUSED: break;
    }
    return false;
}

/* ---- refusing ----------------------------------------------------------------------------------
 */

/* Whether another access handler comes after this one, as the phases stand. */
static bool is_last(const ngx_http_request_t *r)
{
    const ngx_http_core_main_conf_t *core = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    return core->phase_engine.handlers[r->phase_handler + 1].checker != ngx_http_core_access_phase;
}

/* With satisfy any, a handler after this one may let the request pass yet: 401 and 403 nginx keeps
 * for the end by itself; any other status it would answer with at once. */
static ngx_int_t refuse_for_now(ngx_http_request_t *r, struct kept *kept)
{
    ngx_int_t status = (ngx_int_t)kept->verdict.status;

    kept->may_change = true;
    if (status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_FORBIDDEN)
        return status;
    r->access_code = (ngx_uint_t)status;
    return NGX_DECLINED;
}

static const char *or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

COLD static ngx_int_t refuse(ngx_http_request_t *r, struct kept *kept)
{
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    const struct stkgate_verdict *verdict = &kept->verdict;

    ngx_log_error(
        NGX_LOG_INFO, r->connection->log, 0, "stkgate: refused reason=%s key_id=%s site=%s",
        stkgate_reason_string(verdict->reason), or_dash(verdict->key_id), or_dash(verdict->site));
    if (core->satisfy == NGX_HTTP_SATISFY_ANY) {
        if (!is_last(r))
            return refuse_for_now(r, kept);
        r->access_code = 0;
    }
    return answer_refusal(r, kept);
}

/* ---- the handlers ------------------------------------------------------------------------------
 */

COLD static bool is_preflight(const ngx_http_request_t *r)
{
    static const char name[] = "Access-Control-Request-Method";

    if (r->method != NGX_HTTP_OPTIONS)
        return false;
    for (const ngx_list_part_t *part = &r->headers_in.headers.part; part; part = part->next) {
        const ngx_table_elt_t *element = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++)
            if (element[i].key.len == sizeof name - 1 && element[i].value.len > 0 &&
                ngx_strncasecmp(element[i].key.data, (u_char *)name, sizeof name - 1) == 0)
                return true;
    }
    return false;
}

static ngx_int_t handle_access(ngx_http_request_t *r)
{
    const struct settings *settings = ngx_http_get_module_loc_conf(r, ngx_http_stkgate_module);
    struct stkgate_text site;

    if (settings->gate == NULL)
        return NGX_DECLINED;
    if (settings->preflight && is_preflight(r))
        return NGX_OK;
    struct kept *kept = kept_get(r);
    if (kept == NULL || credentials_take(r, kept, false) != NGX_OK ||
        site_of(r, settings, kept, &site) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return is_allowed(r, settings, kept, site) ? NGX_OK : refuse(r, kept);
}

/* Sub-requests come here, too: they hand the header on as their main request would. */
static ngx_int_t handle_preaccess(ngx_http_request_t *r)
{
    const struct settings *settings = ngx_http_get_module_loc_conf(r, ngx_http_stkgate_module);

    if (settings->gate == NULL)
        return NGX_DECLINED;
    struct kept *kept = kept_get(r);
    if (kept == NULL || credentials_take(r, kept, !settings->pass_token) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return NGX_DECLINED;
}

static ngx_int_t hang(ngx_conf_t *cf, ngx_uint_t phase, ngx_http_handler_pt handler)
{
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_handler_pt *place = ngx_array_push(&core->phases[phase].handlers);
    if (place == NULL)
        return NGX_ERROR;
    *place = handler;
    return NGX_OK;
}

ngx_int_t access_init(ngx_conf_t *cf)
{
    if (hang(cf, NGX_HTTP_PREACCESS_PHASE, handle_preaccess) != NGX_OK)
        return NGX_ERROR;
    return hang(cf, NGX_HTTP_ACCESS_PHASE, handle_access);
}
