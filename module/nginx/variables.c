#include "module/nginx/variables.h"

#include <ngx_http.h>

#include "module/face/kind.h"
#include "module/nginx/kept.h"

enum what { KEY_ID, SITE, SCOPES, KIND, REASON, REMAINING };

#define NUMBER_MAX 20 /* digits */

/* Its text, in the request's pool or static; NULL: no memory. */
static const char *text_of(ngx_http_request_t *r, const struct kept *kept, enum what what)
{
    const struct stkgate_verdict *verdict = &kept->verdict;
    char *text;
    size_t len;

    switch (what) {
    case KEY_ID: return verdict->key_id;
    case SITE: return verdict->site;
    case KIND: return face_kind_name(verdict->kind);
    case REASON: return stkgate_reason_string(verdict->reason);
    case SCOPES:
        text = ngx_pnalloc(r->pool, STKGATE_SCOPES_MAX);
        if (text == NULL ||
            stkgate_scope_names(kept->gate, verdict->scopes, text, STKGATE_SCOPES_MAX, &len) < 0)
            return NULL;
        return text;
    case REMAINING:
        if (verdict->limit == 0)
            return "";
        text = ngx_pnalloc(r->pool, NUMBER_MAX + 1);
        if (text != NULL)
            *ngx_sprintf((u_char *)text, "%uL", verdict->remaining) = '\0';
        return text;
    }
    return "";
}

static ngx_int_t get(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t what)
{
    const struct kept *kept = kept_find(r);
    const char *text = "";

    if (kept != NULL && kept->outcome != OUTCOME_NONE)
        text = text_of(r, kept, (enum what)what);
    if (text == NULL)
        return NGX_ERROR;
    *value = (ngx_http_variable_value_t){.not_found = *text == '\0'};
    if (value->not_found)
        return NGX_OK;
    value->data = (u_char *)(uintptr_t)text;
    value->len = (unsigned)strlen(text) & 0xfffffff;
    value->valid = 1;
    return NGX_OK;
}

ngx_int_t variables_init(ngx_conf_t *cf)
{
    static const struct {
        ngx_str_t name;
        enum what what;
    } known[] = {
        {ngx_string("stkgate_key_id"), KEY_ID}, {ngx_string("stkgate_site"), SITE},
        {ngx_string("stkgate_scopes"), SCOPES}, {ngx_string("stkgate_kind"), KIND},
        {ngx_string("stkgate_reason"), REASON}, {ngx_string("stkgate_remaining"), REMAINING},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ngx_str_t name = known[i].name;
        /* A redirect to another location may change them. */
        ngx_http_variable_t *variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (variable == NULL)
            return NGX_ERROR;
        variable->get_handler = get;
        variable->data = known[i].what;
    }
    return NGX_OK;
}
