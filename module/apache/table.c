#include "module/apache/table.h"

/* What is taken out moves what is behind it: from the end, then. */
void table_unset_where(apr_table_t *table, bool (*is_one)(const char *name, const char *value))
{
    const apr_array_header_t *all = apr_table_elts(table);
    for (int i = all->nelts - 1; i >= 0; i = i < all->nelts ? i - 1 : all->nelts - 1) {
        const apr_table_entry_t *entry = (const apr_table_entry_t *)all->elts + i;
        if (entry->key && entry->val && is_one(entry->key, entry->val))
            apr_table_unset(table, entry->key);
    }
}
