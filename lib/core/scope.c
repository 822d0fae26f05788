/* scope.c - see scope.h */
#include "lib/core/scope.h"

#include <errno.h>

static const char *const builtin[SCOPES_BUILTIN] = {"catalog:read", "cart:write", "checkout:create",
                                                    "customer:auth"};

void scope_registry_init(struct scope_registry *registry)
{
    memset(registry, 0, sizeof *registry);
    for (unsigned i = 0; i < SCOPES_BUILTIN; i++)
        text_copy(text_of(builtin[i]), registry->names[i], sizeof registry->names[i]);
    registry->count = SCOPES_BUILTIN;
}

bool scope_name_is_valid(struct text name)
{
    if (name.len < 1 || name.len > SCOPE_NAME_MAX || name.data[0] < 'a' || name.data[0] > 'z')
        return false;
    for (size_t i = 1; i < name.len; i++) {
        char c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
            c != '-' && c != ':')
            return false;
    }
    return true;
}

int scope_registry_add(struct scope_registry *registry, struct text name, unsigned *ret_bit)
{
    if (!scope_name_is_valid(name))
        return -EINVAL;
    if (scope_find(registry, name) != 0)
        return -EEXIST;
    if (registry->count >= SCOPES_MAX)
        return -ENOSPC;
    text_copy(name, registry->names[registry->count], sizeof registry->names[0]);
    *ret_bit = registry->count++;
    return 0;
}

uint64_t scope_find(const struct scope_registry *registry, struct text name)
{
    for (unsigned i = 0; i < registry->count; i++)
        if (text_equal(text_of(registry->names[i]), name))
            return UINT64_C(1) << i;
    return 0;
}

static bool is_separator(char c)
{
    return c == ' ' || c == ',';
}

int scope_parse(const struct scope_registry *registry, struct text names, uint64_t *ret_mask,
                struct text *ret_bad)
{
    uint64_t mask = 0;
    for (size_t at = 0; at < names.len;) {
        if (is_separator(names.data[at])) {
            at++;
            continue;
        }
        size_t end = at;
        while (end < names.len && !is_separator(names.data[end]))
            end++;
        struct text name = {names.data + at, end - at};
        uint64_t bit = scope_find(registry, name);
        if (bit == 0) {
            if (ret_bad)
                *ret_bad = name;
            return scope_name_is_valid(name) ? -ENOENT : -EINVAL;
        }
        mask |= bit;
        at = end;
    }
    *ret_mask = mask;
    return 0;
}

size_t scope_format(const struct scope_registry *registry, uint64_t mask,
                    char ret[static SCOPE_TEXT_MAX])
{
    size_t len = 0;
    for (unsigned i = 0; i < registry->count; i++) {
        if (!(mask >> i & 1))
            continue;
        if (len > 0)
            ret[len++] = ' ';
        size_t name_len = strlen(registry->names[i]);
        memcpy(ret + len, registry->names[i], name_len);
        len += name_len;
    }
    ret[len] = '\0';
    return len;
}

void scope_registry_write(const struct scope_registry *registry, struct writer *w)
{
    writer_u8(w, (uint8_t)registry->count);
    for (unsigned i = 0; i < registry->count; i++)
        writer_text8(w, text_of(registry->names[i]));
}

void scope_registry_read(struct scope_registry *ret, struct reader *r)
{
    memset(ret, 0, sizeof *ret);
    unsigned count = reader_u8(r);
    reader_require(r, count >= SCOPES_BUILTIN && count <= SCOPES_MAX);
    for (unsigned i = 0; i < count && !r->failed; i++) {
        struct text name = reader_text8(r, SCOPE_NAME_MAX);
        unsigned bit;
        reader_require(r, i >= SCOPES_BUILTIN || text_equal(name, text_of(builtin[i])));
        reader_require(r, !r->failed && scope_registry_add(ret, name, &bit) == 0);
    }
    if (r->failed)
        ret->count = 0;
}
