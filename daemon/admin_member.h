/* admin_member.h - the members that a mint, a legacy key and an edit share; for admin_body*.c alone
 *
 * Each is read only if it is there and not null: ret is untouched else. A value that is out of its
 * range is a mistake of the object (admin_object.h). What a value may be together with others that
 * the table knows is not asked here.
 */
#ifndef STKGATE_DAEMON_ADMIN_MEMBER_H
#define STKGATE_DAEMON_ADMIN_MEMBER_H

#include "daemon/admin_object.h"

/* Texts are borrowed from the object. */
void admin_member_name(struct admin_object *object, struct text *ret);
void admin_member_scopes(struct admin_object *object, const struct scope_registry *registry,
                         uint64_t *ret);
/* In canonical form into storage, each once; *ret points there. */
void admin_member_origins(struct admin_object *object, uint8_t storage[static ORIGINS_BYTES_MAX],
                          struct textlist *ret);
void admin_member_missing_origin(struct admin_object *object, bool *ret_allowed);
/* Into "limit", as admin_object_enter(): to ask more of its parts. */
bool admin_member_enter_limit(struct admin_object *object, struct admin_object *ret);
/* The parts that "limit" names; *ret_parts says which: EDIT_REQUESTS, _WINDOW and _BURST, or-ed. */
void admin_member_limit(struct admin_object *object, struct rate_limit *ret, unsigned *ret_parts);
/* A limit that is whole now. */
void admin_member_require_limit(struct admin_object *object, const struct rate_limit *limit);
/* "expires_at" or "expires_in". */
void admin_member_expiry(struct admin_object *object, int64_t now_s, int64_t *ret);
/* "deprecation_at", "sunset_at" and "link". */
void admin_member_deprecation(struct admin_object *object, int64_t *ret_deprecation_at,
                              int64_t *ret_sunset_at, struct text *ret_link);

#endif
