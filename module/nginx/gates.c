#include "module/nginx/gates.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct gate {
    struct gate_key key;
    stkgate *handle;
};

int gates_init(ngx_array_t *ret, ngx_conf_t *cf)
{
    return ngx_array_init(ret, cf->pool, 4, sizeof(struct gate)) == NGX_OK ? 0 : -ENOMEM;
}

static bool is_same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool is_for(const struct gate *gate, const struct gate_key *key)
{
    return is_same(&gate->key.service, &key->service) &&
           is_same(&gate->key.runtime, &key->runtime) && gate->key.timeout_ms == key->timeout_ms;
}

static void close_gate(void *data)
{
    stkgate_close(data);
}

static stkgate *open_gate(ngx_conf_t *cf, const struct gate_key *key)
{
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    stkgate *handle;

    if (key->runtime.len > 0)
        options.runtime = (const char *)key->runtime.data;
    options.deadline_ms = key->timeout_ms;
    int r = stkgate_open(&handle, (const char *)key->service.data, &options);
    if (r == -EINVAL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"stkgate\": \"%V\" is no service name: 1 to 64 of a-z, 0-9, "
                           "\"-\" and \"_\", or \"off\"",
                           &key->service);
        return NULL;
    }
    if (r < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, -r, "\"stkgate\": service \"%V\" can't be opened",
                           &key->service);
        return NULL;
    }
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL)
        return stkgate_close(handle);
    cleanup->handler = close_gate;
    cleanup->data = handle;
    return handle;
}

stkgate *gates_get(ngx_array_t *gates, ngx_conf_t *cf, const struct gate_key *key)
{
    struct gate *known = gates->elts;
    for (ngx_uint_t i = 0; i < gates->nelts; i++)
        if (is_for(&known[i], key))
            return known[i].handle;

    stkgate *handle = open_gate(cf, key);
    struct gate *added = handle == NULL ? NULL : ngx_array_push(gates);
    if (added == NULL)
        return NULL;
    *added = (struct gate){*key, handle};
    return handle;
}
