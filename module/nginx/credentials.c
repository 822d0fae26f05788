#include "module/nginx/credentials.h"

#include <string.h>

#define NAME_MAX_BYTES 14 /* "X-Stella-Token" */
#define VARIABLES      3
#define ROOM           8 /* header fields that may come to a request that has none left */

/* Of variables that nginx evaluates once for a request and keeps. */
static ngx_int_t variables[VARIABLES];

/* The names, as nginx has hashed each name of a request already. */
static struct name {
    u_char lower[NAME_MAX_BYTES];
    size_t len;
    ngx_uint_t hash;
} known[FIELD_COUNT];

static void learn_names(void)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        struct name *name = &known[field];
        u_char *text = (u_char *)(uintptr_t)field_name((enum field)field);
        name->len = ngx_strlen(text);
        name->hash = ngx_hash_strlow(name->lower, text, name->len);
    }
}

ngx_int_t credentials_init(ngx_conf_t *cf)
{
    static ngx_str_t names[VARIABLES] = {ngx_string("http_x_stella_token"),
                                         ngx_string("http_x_api_key"),
                                         ngx_string("http_authorization")};
    for (size_t i = 0; i < VARIABLES; i++) {
        variables[i] = ngx_http_get_variable_index(cf, &names[i]);
        if (variables[i] == NGX_ERROR)
            return NGX_ERROR;
    }
    learn_names();
    return NGX_OK;
}

static enum field field_of(const ngx_table_elt_t *element)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        if (element->hash == known[field].hash && element->key.len == known[field].len &&
            ngx_memcmp(element->lowcase_key, known[field].lower, known[field].len) == 0)
            return (enum field)field;
    return FIELD_COUNT;
}

/* The same of a name that would be one of ours if its underscores were hyphens. */
static enum field field_like(const ngx_table_elt_t *element)
{
    char name[NAME_MAX_BYTES];
    size_t len = element->key.len;

    if (len > NAME_MAX_BYTES || memchr(element->key.data, '_', len) == NULL)
        return field_of(element);
    ngx_memcpy(name, element->key.data, len);
    for (size_t i = 0; i < len; i++)
        if (name[i] == '_')
            name[i] = '-';
    return field_of_name(name, len);
}

static struct stkgate_text text_of(const ngx_str_t *string)
{
    return (struct stkgate_text){(const char *)string->data, string->len};
}

/* ---- gathering ---------------------------------------------------------------------------------
 */

static ngx_int_t add(ngx_http_request_t *r, struct stkgate_text *value, const ngx_str_t *more,
                     bool is_first)
{
    if (is_first) {
        *value = text_of(more);
        return NGX_OK;
    }
    size_t len = value->length + 2 + more->len;
    char *joined = ngx_pnalloc(r->pool, len);
    if (joined == NULL)
        return NGX_ERROR;
    u_char *end = ngx_cpymem(joined, value->data, value->length);
    end = ngx_cpymem(end, ", ", 2);
    ngx_memcpy(end, more->data, more->len);
    *value = (struct stkgate_text){joined, len};
    return NGX_OK;
}

ngx_int_t credentials_gather(ngx_http_request_t *r, struct kept *kept)
{
    bool seen[FIELD_COUNT] = {false};

    if (kept->gathered)
        return NGX_OK;
    for (ngx_list_part_t *part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        ngx_table_elt_t *element = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            enum field field = field_of(&element[i]);
            if (field == FIELD_COUNT)
                continue;
            if (add(r, &kept->values[field], &element[i].value, !seen[field]) != NGX_OK)
                return NGX_ERROR;
            seen[field] = true;
        }
    }
    kept->gathered = true;
    return NGX_OK;
}

/* ---- hiding ------------------------------------------------------------------------------------
 */

static bool is_secret(const ngx_table_elt_t *element)
{
    enum field field = field_like(element);
    return field != FIELD_COUNT && field_is_secret(field, text_of(&element->value));
}

static bool has_secret(const ngx_list_t *list)
{
    for (const ngx_list_part_t *part = &list->part; part != NULL; part = part->next) {
        const ngx_table_elt_t *element = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++)
            if (is_secret(&element[i]))
                return true;
    }
    return false;
}

/* A list that is made anew, of runs of the old one's elements. */
struct rebuilt {
    ngx_list_t *list;
    ngx_list_part_t first, *last; /* last is NULL: no run yet */
};

static ngx_int_t add_run(struct rebuilt *rebuilt, ngx_table_elt_t *elements, ngx_uint_t count)
{
    ngx_list_part_t *part = &rebuilt->first;
    if (count == 0)
        return NGX_OK;
    if (rebuilt->last != NULL) {
        part = ngx_palloc(rebuilt->list->pool, sizeof *part);
        if (part == NULL)
            return NGX_ERROR;
        rebuilt->last->next = part;
    }
    *part = (ngx_list_part_t){elements, count, NULL};
    rebuilt->last = part;
    return NGX_OK;
}

/* Nobody walks over a part that is empty, but for the first; and nobody adds to one that was cut:
 * the last one passes for full. */
static ngx_int_t finish(struct rebuilt *rebuilt)
{
    ngx_list_t *list = rebuilt->list;

    if (rebuilt->last == NULL)
        return ngx_list_init(list, list->pool, ROOM, sizeof(ngx_table_elt_t));
    list->part = rebuilt->first;
    list->last = rebuilt->last == &rebuilt->first ? &list->part : rebuilt->last;
    list->nalloc = list->last->nelts;
    return NGX_OK;
}

/* Others have pointers to the elements: each stays where it is, and only the parts are new. Those
 * of before stay as they are, too: a sub-request has its own list, but shares them. */
static ngx_int_t take_out(ngx_http_request_t *r)
{
    struct rebuilt rebuilt = {.list = &r->headers_in.headers};
    const ngx_list_part_t *part = &r->headers_in.headers.part;
    do {
        ngx_table_elt_t *element = part->elts;
        ngx_uint_t begin = 0;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (!is_secret(&element[i]))
                continue;
            if (&element[i] == r->headers_in.authorization)
                r->headers_in.authorization = NULL;
            if (add_run(&rebuilt, element + begin, i - begin) != NGX_OK)
                return NGX_ERROR;
            begin = i + 1;
        }
        if (add_run(&rebuilt, element + begin, part->nelts - begin) != NGX_OK)
            return NGX_ERROR;
        part = part->next;
    } while (part != NULL);
    return finish(&rebuilt);
}

ngx_int_t credentials_hide(ngx_http_request_t *r)
{
    if (!has_secret(&r->headers_in.headers))
        return NGX_OK;
    if (take_out(r) != NGX_OK)
        return NGX_ERROR;
    for (size_t i = 0; i < VARIABLES; i++) {
        r->variables[variables[i]].valid = 0;
        r->variables[variables[i]].not_found = 0;
    }
    return NGX_OK;
}
