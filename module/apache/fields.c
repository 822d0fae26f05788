#include "module/apache/fields.h"

#include <apr_strings.h>
#include <string.h>

#define NAME_MAX_LEN 15 /* bytes, of the longest that counts */

struct hidden {
    const char *name, *value;
};

/* Which field a name is, or would be with hyphens: X_Stella_Token is no token, but holds one. */
static enum field looks_like(const char *name)
{
    char hyphens[NAME_MAX_LEN + 1];
    size_t len = strnlen(name, sizeof hyphens);

    if (len == sizeof hyphens)
        return FIELD_COUNT;
    memcpy(hyphens, name, len);
    for (size_t i = 0; i < len; i++)
        if (hyphens[i] == '_')
            hyphens[i] = '-';
    return field_of_name(hyphens, len);
}

void fields_take(apr_pool_t *pool, apr_table_t *headers, struct fields *ret)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)all->elts;
    struct fields fields = {{NULL}, apr_array_make(pool, 2, sizeof(struct hidden))};

    for (int i = 0; i < all->nelts; i++) {
        const char *name = entries[i].key, *value = entries[i].val;
        enum field field = name && value ? looks_like(name) : FIELD_COUNT;
        if (field == FIELD_COUNT)
            continue;
        /* httpd has joined those that were repeated; but much depends on it. */
        const char **joined = &fields.value[field];
        if (field_of_name(name, strlen(name)) == field)
            *joined = *joined ? apr_pstrcat(pool, *joined, ", ", value, NULL) : value;
        if (field_is_secret(field, stkgate_text(value))) {
            struct hidden *hidden = apr_array_push(fields.secrets);
            *hidden = (struct hidden){name, value};
        }
    }
    *ret = fields;
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

/* What is taken out of a table moves what is behind it: from the end, then. */
void fields_hide_variables(apr_table_t *environment)
{
    const apr_array_header_t *all = apr_table_elts(environment);
    for (int i = all->nelts - 1; i >= 0; i = i < all->nelts ? i - 1 : all->nelts - 1) {
        const apr_table_entry_t *entry = (const apr_table_entry_t *)all->elts + i;
        if (entry->key && entry->val &&
            field_is_secret(variable_of(entry->key), stkgate_text(entry->val)))
            apr_table_unset(environment, entry->key);
    }
}

void fields_drop(apr_pool_t *pool, apr_table_t *headers)
{
    struct fields fields;
    fields_take(pool, headers, &fields);
}

void fields_request(const struct fields *fields, struct stkgate_request *request)
{
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        field_set(request, (enum field)field, stkgate_text(fields->value[field]));
}
