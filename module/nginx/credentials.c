#include "module/nginx/credentials.h"

#include <string.h>

#include "module/face/cold.h"

#define VARIABLES 3
#define ROOM      8 /* header fields that may come to a request that has none left */

/* Of variables that nginx evaluates once for a request and keeps. */
static ngx_int_t variables[VARIABLES];

/* The names, as nginx has hashed each name of a request already. */
static struct name {
    u_char lower[FIELD_NAME_MAX];
    size_t len;
    ngx_uint_t hash;
    size_t offset; /* of its value in a request */
} known[FIELD_COUNT];
/* A name's length tells most others from ours. */
static enum field first_of_length[FIELD_NAME_MAX + 1];

static void learn_names(void)
{
    struct stkgate_request request;

    for (size_t len = 0; len <= FIELD_NAME_MAX; len++)
        first_of_length[len] = FIELD_COUNT;
    for (unsigned field = FIELD_COUNT; field-- > 0;) {
        struct name *name = &known[field];
        u_char *text = (u_char *)(uintptr_t)field_name((enum field)field);
        name->len = ngx_strlen(text);
        name->hash = ngx_hash_strlow(name->lower, text, name->len);
        name->offset = (size_t)((char *)field_in(&request, (enum field)field) - (char *)&request);
        first_of_length[name->len] = (enum field)field;
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

/* Of 4 to 16 bytes, as all names of ours are. Their first and their last bytes are compared, which
 * may overlap: nothing is called for it. */
static bool is_same_name(const u_char *a, const u_char *b, size_t len)
{
    uint64_t first[2], last[2];
    uint32_t few[4];

    if (len >= sizeof(uint64_t)) {
        memcpy(&first[0], a, 8);
        memcpy(&first[1], b, 8);
        memcpy(&last[0], a + len - 8, 8);
        memcpy(&last[1], b + len - 8, 8);
        return first[0] == first[1] && last[0] == last[1];
    }
    memcpy(&few[0], a, 4);
    memcpy(&few[1], b, 4);
    memcpy(&few[2], a + len - 4, 4);
    memcpy(&few[3], b + len - 4, 4);
    return few[0] == few[1] && few[2] == few[3];
}

/* Which one a name is; or would be if its underscores were hyphens: then it is not exact. */
static enum field field_like(const ngx_table_elt_t *element, bool *ret_is_exact)
{
    size_t len = element->key.len;

    *ret_is_exact = true;
    if (len > FIELD_NAME_MAX || first_of_length[len] == FIELD_COUNT)
        return FIELD_COUNT;
    for (unsigned field = first_of_length[len]; field < FIELD_COUNT; field++)
        if (element->hash == known[field].hash && len == known[field].len &&
            is_same_name(element->lowcase_key, known[field].lower, len))
            return (enum field)field;
    *ret_is_exact = false;
    return field_of_lookalike((const char *)element->key.data, len);
}

/* Another value of the same field, in the request's pool. */
COLD static ngx_int_t join(ngx_pool_t *pool, struct stkgate_text *value, struct stkgate_text more)
{
    size_t len = value->length + 2 + more.length;
    char *joined = ngx_pnalloc(pool, len);
    if (joined == NULL)
        return NGX_ERROR;
    u_char *end = ngx_cpymem(joined, value->data, value->length);
    end = ngx_cpymem(end, ", ", 2);
    ngx_memcpy(end, more.data, more.length);
    *value = (struct stkgate_text){joined, len};
    return NGX_OK;
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

/* ---- one walk over the header ------------------------------------------------------------------
 */

struct walk {
    ngx_http_request_t *r;
    struct stkgate_request *request; /* to be filled; NULL: it is */
    bool hides, found_secret;
    struct rebuilt rebuilt;
};

/* nginx has taken the spaces off, but no tabs. */
static bool has_blanks(struct stkgate_text value)
{
    return value.length > 0 && (value.data[0] <= ' ' || value.data[value.length - 1] <= ' ');
}

static ngx_int_t gather(struct walk *walk, enum field field, struct stkgate_text value)
{
    struct stkgate_text *place =
        (struct stkgate_text *)((char *)walk->request + known[field].offset);

    if (place->data != NULL)
        return join(walk->r->pool, place, value);
    if (has_blanks(value))
        field_set(walk->request, field, value);
    else
        *place = value;
    return NGX_OK;
}

static ngx_int_t visit(struct walk *walk, const ngx_table_elt_t *element, bool *ret_is_secret)
{
    bool is_exact;
    enum field field = field_like(element, &is_exact);

    *ret_is_secret = false;
    if (field == FIELD_COUNT)
        return NGX_OK;
    struct stkgate_text value = {(const char *)element->value.data, element->value.len};
    *ret_is_secret = walk->hides && field_is_secret(field, value);
    return walk->request != NULL && is_exact ? gather(walk, field, value) : NGX_OK;
}

/* Others have pointers to the elements: each stays where it is, and only the parts are new. Those
 * of before stay as they are, too: a sub-request has its own list, but shares them. */
static ngx_int_t visit_part(struct walk *walk, const ngx_list_part_t *part)
{
    ngx_http_headers_in_t *in = &walk->r->headers_in;
    ngx_table_elt_t *element = part->elts;
    ngx_uint_t begin = 0;
    bool is_secret;

    for (ngx_uint_t i = 0; i < part->nelts; i++) {
        if (visit(walk, &element[i], &is_secret) != NGX_OK)
            return NGX_ERROR;
        if (!is_secret)
            continue;
        walk->found_secret = true;
        if (&element[i] == in->authorization)
            in->authorization = NULL;
        if (add_run(&walk->rebuilt, element + begin, i - begin) != NGX_OK)
            return NGX_ERROR;
        begin = i + 1;
    }
    return add_run(&walk->rebuilt, element + begin, part->nelts - begin);
}

static void forget_variables(ngx_http_request_t *r)
{
    for (size_t i = 0; i < VARIABLES; i++) {
        r->variables[variables[i]].valid = 0;
        r->variables[variables[i]].not_found = 0;
    }
}

ngx_int_t credentials_take(ngx_http_request_t *r, struct kept *kept, bool hides)
{
    struct walk walk = {.r = r,
                        .request = kept->gathered ? NULL : &kept->request,
                        .hides = hides,
                        .rebuilt = {.list = &r->headers_in.headers}};

    if (kept->gathered && !hides)
        return NGX_OK;
    for (const ngx_list_part_t *part = &r->headers_in.headers.part; part; part = part->next)
        if (visit_part(&walk, part) != NGX_OK)
            return NGX_ERROR;
    kept->gathered = true;
    if (!walk.found_secret)
        return NGX_OK;
    forget_variables(r);
    return finish(&walk.rebuilt);
}
