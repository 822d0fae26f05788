#include "module/apache/fields.h"

#include <apr_strings.h>
#include <string.h>

#include "module/apache/table.h"

struct hidden {
    const char *name, *value;
};

/* httpd has joined values of a field that came more than once; but much depends on it. */
static void add_value(apr_pool_t *pool, const char *value, const char **ret)
{
    *ret = *ret ? apr_pstrcat(pool, *ret, ", ", value, NULL) : value;
}

void fields_take(apr_pool_t *pool, apr_table_t *headers, struct fields *ret)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)all->elts;
    const char *values[FIELD_COUNT] = {NULL};

    ret->request = (struct stkgate_request)STKGATE_REQUEST_INIT;
    ret->secrets = apr_array_make(pool, 2, sizeof(struct hidden));
    for (int i = 0; i < all->nelts; i++) {
        const char *name = entries[i].key, *value = entries[i].val;
        if (!name || !value)
            continue;
        size_t len = strlen(name);
        if (len > FIELD_NAME_MAX)
            continue;
        enum field field = field_of_name(name, len);
        if (field != FIELD_COUNT)
            add_value(pool, value, &values[field]);
        else if ((field = field_of_lookalike(name, len)) == FIELD_COUNT)
            continue;
        if (field_is_secret(field, stkgate_text(value)))
            *(struct hidden *)apr_array_push(ret->secrets) = (struct hidden){name, value};
    }
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        if (values[field])
            field_set(&ret->request, (enum field)field, stkgate_text(values[field]));
    fields_hide(ret, headers);
}

void fields_hide(const struct fields *fields, apr_table_t *headers)
{
    for (int i = 0; fields->secrets && i < fields->secrets->nelts; i++)
        apr_table_unset(headers, ((const struct hidden *)fields->secrets->elts)[i].name);
}

void fields_show(const struct fields *fields, apr_table_t *headers)
{
    fields_hide(fields, headers);
    for (int i = 0; fields->secrets && i < fields->secrets->nelts; i++) {
        const struct hidden *hidden = (const struct hidden *)fields->secrets->elts + i;
        apr_table_addn(headers, hidden->name, hidden->value);
    }
}

/* Which field's variable it is, behind any number of redirects. */
static enum field variable_of(const char *name)
{
    static const char redirected[] = "REDIRECT_";
    unsigned field = 0;
    while (strncmp(name, redirected, sizeof redirected - 1) == 0)
        name += sizeof redirected - 1;
    while (field < FIELD_COUNT && strcmp(field_variable((enum field)field), name) != 0)
        field++;
    return (enum field)field;
}

static bool is_secret_variable(const char *name, const char *value)
{
    return field_is_secret(variable_of(name), stkgate_text(value));
}

void fields_hide_variables(apr_table_t *environment)
{
    table_unset_where(environment, is_secret_variable);
}

void fields_drop(apr_pool_t *pool, apr_table_t *headers)
{
    struct fields fields;
    fields_take(pool, headers, &fields);
}
