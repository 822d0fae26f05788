#include "module/nginx/answer.h"

#include <strings.h>

#define PROBLEM_MAX 1024 /* as stkgate.h says */
#define FAMILY      "RateLimit"
#define FAMILY_LEN  (sizeof FAMILY - 1)

static ngx_http_output_header_filter_pt next_header_filter;

/* ---- header fields -----------------------------------------------------------------------------
 */

static bool is_name(const ngx_str_t *name, const char *wanted, size_t len)
{
    return name->len == len && (name->data[0] | 0x20) == (wanted[0] | 0x20) &&
           strncasecmp((const char *)name->data, wanted, len) == 0;
}

/* RateLimit, RateLimit-Limit, RateLimit-Policy... */
static bool is_of_family(const char *name, size_t len)
{
    return len >= FAMILY_LEN && memcmp(name, FAMILY, FAMILY_LEN) == 0;
}

/* What a program behind says of the same: there is one RateLimit-Limit, and never a mix of its two
 * forms. */
static void drop(ngx_http_request_t *r, const char *name)
{
    size_t len = strlen(name);
    bool is_family = is_of_family(name, len);

    for (ngx_list_part_t *part = &r->headers_out.headers.part; part != NULL; part = part->next) {
        ngx_table_elt_t *element = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            const ngx_str_t *there = &element[i].key;
            if (is_name(there, name, len) ||
                (is_family && there->len > FAMILY_LEN &&
                 is_name(&(ngx_str_t){FAMILY_LEN, there->data}, FAMILY, FAMILY_LEN)))
                element[i].hash = 0;
        }
    }
}

/* Of these an answer may have several. */
static bool is_list(const char *name)
{
    return strcasecmp(name, "Link") == 0 || strcasecmp(name, "Cache-Control") == 0 ||
           strcasecmp(name, "WWW-Authenticate") == 0;
}

struct adding {
    ngx_http_request_t *r;
    bool has_limit; /* one of ours is there: its family may not be dropped any more */
    char *room;     /* of what is kept, for values: nearly always they are a few digits */
    size_t room_left;
};

static u_char *copy_value(struct adding *adding, const char *value, size_t len)
{
    char *copy = adding->room;
    if (adding->room_left < len) {
        copy = ngx_pnalloc(adding->r->pool, len);
        if (copy == NULL)
            return NULL;
    } else {
        adding->room += len;
        adding->room_left -= len;
    }
    ngx_memcpy(copy, value, len);
    return (u_char *)copy;
}

static int add_field(const char *name, const char *value, void *userdata)
{
    struct adding *adding = userdata;
    ngx_http_request_t *r = adding->r;
    size_t name_len = strlen(name), value_len = strlen(value);
    bool is_limit = is_of_family(name, name_len);

    if (is_limit ? !adding->has_limit : !is_list(name))
        drop(r, name);
    adding->has_limit |= is_limit;
    u_char *copy = copy_value(adding, value, value_len);
    ngx_table_elt_t *element = copy == NULL ? NULL : ngx_list_push(&r->headers_out.headers);
    if (element == NULL)
        return NGX_ERROR;
    *element = (ngx_table_elt_t){
        .hash = 1, .key = {name_len, (u_char *)(uintptr_t)name}, .value = {value_len, copy}};
    return NGX_OK;
}

/* Refused, but nginx had another handler, which may have let it pass. */
static bool was_overruled(const ngx_http_request_t *r, const struct kept *kept)
{
    ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
    return kept->may_change && status != kept->verdict.status;
}

static ngx_int_t add_fields(ngx_http_request_t *r)
{
    struct kept *kept = r == r->main ? kept_find(r) : NULL;

    if (kept != NULL && kept->outcome != OUTCOME_NONE && !was_overruled(r, kept)) {
        struct adding adding = {.r = r, .room = kept->values, .room_left = sizeof kept->values};
        if (stkgate_verdict_headers(kept->gate, &kept->verdict, add_field, &adding) != NGX_OK)
            return NGX_ERROR;
    }
    return next_header_filter(r);
}

ngx_int_t answer_init(ngx_conf_t *cf)
{
    next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = add_fields;
    return NGX_OK;
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

/* As nginx will look for one: not for an error within an error page. */
static bool has_error_page(ngx_http_request_t *r, ngx_int_t status)
{
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (core->error_pages == NULL || r->error_page || r->uri_changes == 0)
        return false;
    const ngx_http_err_page_t *page = core->error_pages->elts;
    for (ngx_uint_t i = 0; i < core->error_pages->nelts; i++)
        if (page[i].status == status)
            return true;
    return false;
}

static ngx_int_t send_problem(ngx_http_request_t *r, const struct kept *kept)
{
    static ngx_str_t type = ngx_string("application/problem+json");
    ngx_http_complex_value_t body = {.value = {0, NULL}};

    body.value.data = ngx_pnalloc(r->pool, PROBLEM_MAX);
    if (body.value.data == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (stkgate_verdict_problem(kept->gate, &kept->verdict, (char *)body.value.data, PROBLEM_MAX,
                                &body.value.len) < 0)
        return (ngx_int_t)kept->verdict.status;
    /* No "100 Continue": what the caller would send is of no use. */
    r->expect_tested = 1;
    r->err_status = 0;
    return ngx_http_send_response(r, kept->verdict.status, &type, &body);
}

ngx_int_t answer_refusal(ngx_http_request_t *r, struct kept *kept)
{
    ngx_int_t status = (ngx_int_t)kept->verdict.status;

    if (has_error_page(r, status))
        return status;
    ngx_http_finalize_request(r, send_problem(r, kept));
    return NGX_DONE;
}
