/* scope.h - scope names and sets of them
 *
 * A registry gives each name one of 64 bits. The first four are fixed: catalog:read, cart:write,
 * checkout:create, customer:auth. Names are only ever added, so a bit keeps its meaning. Pure; a
 * registry may be read by many threads while none adds to it.
 */
#ifndef STKGATE_CORE_SCOPE_H
#define STKGATE_CORE_SCOPE_H

#include "lib/core/cursor.h"

#define SCOPES_MAX        64
#define SCOPE_NAME_MAX    32 /* bytes */
#define SCOPES_BUILTIN    4
#define SCOPE_ALL_BUILTIN UINT64_C(0xf) /* what a token minted without --scope gets */
/* All names with a space between, and a NUL. */
#define SCOPE_TEXT_MAX (SCOPES_MAX * (SCOPE_NAME_MAX + 1))

struct scope_registry {
    unsigned count;
    char names[SCOPES_MAX][SCOPE_NAME_MAX + 1];
};

/* The four built-in names. */
void scope_registry_init(struct scope_registry *registry);

/* 1 to SCOPE_NAME_MAX bytes of a-z 0-9 '.' '_' '-' ':', beginning with a letter. */
bool scope_name_is_valid(struct text name);

/* Adds a name and sets *ret_bit (0 to 63). -EINVAL, -EEXIST, -ENOSPC. */
int scope_registry_add(struct scope_registry *registry, struct text name, unsigned *ret_bit);

/* The mask with this one bit; 0 when there is no such name. */
uint64_t scope_find(const struct scope_registry *registry, struct text name);

/* Names separated by spaces or commas -> mask. An empty list is 0. -EINVAL: not a name; -ENOENT: a
 * name not registered. *ret_bad, when not NULL, is then the offending name (borrowed from names).
 */
int scope_parse(const struct scope_registry *registry, struct text names, uint64_t *ret_mask,
                struct text *ret_bad);

/* The names of a mask's bits in order of bit, separated by a space, NUL-terminated; bits without a
 * name are left out. Returns the length. */
size_t scope_format(const struct scope_registry *registry, uint64_t mask,
                    char ret[static SCOPE_TEXT_MAX]);

/* On the wire and in the table: a count byte, then text8 each. read fails on names that
 * scope_registry_add() would refuse. */
void scope_registry_write(const struct scope_registry *registry, struct writer *w);
void scope_registry_read(struct scope_registry *ret, struct reader *r);

#endif
