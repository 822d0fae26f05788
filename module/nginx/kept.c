#include "module/nginx/kept.h"

#include "module/nginx/module.h"

/* It does nothing: it is what the place in the pool is known by. */
static void keep(void *data)
{
}

struct kept *kept_find(ngx_http_request_t *r)
{
    struct kept *kept = ngx_http_get_module_ctx(r, ngx_http_stkgate_module);
    /* A context was forgotten only if there was a redirect, or is the main request's. */
    if (kept != NULL || !(r->internal || r != r->main || r->filter_finalize))
        return kept;
    for (ngx_pool_cleanup_t *place = r->pool->cleanup; place != NULL; place = place->next)
        if (place->handler == keep) {
            ngx_http_set_ctx(r, place->data, ngx_http_stkgate_module);
            return place->data;
        }
    return NULL;
}

struct kept *kept_get(ngx_http_request_t *r)
{
    struct kept *kept = kept_find(r);
    if (kept != NULL)
        return kept;
    ngx_pool_cleanup_t *place = ngx_pool_cleanup_add(r->pool, sizeof *kept);
    if (place == NULL)
        return NULL;
    place->handler = keep;
    kept = place->data;
    /* It is on the way of each request: what stkgate_check() clears anyhow is left to that. */
    ngx_memzero(kept, offsetof(struct kept, values));
    kept->request = (struct stkgate_request)STKGATE_REQUEST_INIT;
    kept->verdict.size = sizeof kept->verdict;
    kept->verdict.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    kept->verdict.reason = STKGATE_UNAVAILABLE;
    ngx_http_set_ctx(r, kept, ngx_http_stkgate_module);
    return kept;
}
