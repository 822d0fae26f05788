/* admin_object.h - a JSON object of a request, and its members by type; for admin_body*.c alone
 *
 * The first mistake sticks, as in struct reader: read all members, then look at failed. Messages
 * name the member, say what is wrong and what to write, and never quote a value.
 */
#ifndef STKGATE_DAEMON_ADMIN_OBJECT_H
#define STKGATE_DAEMON_ADMIN_OBJECT_H

#include "daemon/admin_body.h"

struct admin_object {
    json_t *json;       /* NULL when failed; of an outermost one, its owner gives it back */
    const char *prefix; /* of its members' names in messages: "limit." */
    char *detail;       /* ADMIN_DETAIL_MAX bytes */
    bool failed;
};

__attribute__((format(printf, 2, 3))) void admin_object_fail(struct admin_object *object,
                                                             const char *format, ...);

/* Text -> object. Its depth is bounded before jansson, which recurses, sees it. known: the names of
 * members that it may have, each with a space after it; any other is a mistake. */
void admin_object_open(struct admin_object *object, struct text text, const char *known,
                       char *detail);
/* The same; an empty text is {}. */
void admin_object_open_optional(struct admin_object *object, struct text text, const char *known,
                                char *detail);

/* The object in the place of a member; prefix is its name and a dot. Absent or null: returns false
 * and ret is not to be used. Its mistakes are the outer one's after admin_object_leave(). */
bool admin_object_enter(struct admin_object *outer, const char *name, const char *prefix,
                        const char *known, const char *example, struct admin_object *ret);
void admin_object_leave(struct admin_object *outer, const struct admin_object *inner);

/* Whether the member is there, null or not. */
bool admin_object_has(const struct admin_object *object, const char *name);
/* Null is a mistake but for these members, named as in known. */
void admin_object_refuse_null(struct admin_object *object, const char *but);

/* ---- members: NULL, or nothing in ret, when absent or null ------------------------------------
 */

json_t *admin_object_member(struct admin_object *object, const char *name);
/* Borrowed from the object. Text that holds a token is a mistake: it would be stored. */
struct text admin_object_text(struct admin_object *object, const char *name);
bool admin_object_bool(struct admin_object *object, const char *name);
/* From 1 to INT64_MAX. */
void admin_object_count(struct admin_object *object, const char *name, uint64_t *ret);
void admin_object_time(struct admin_object *object, const char *name, int64_t *ret);
void admin_object_span(struct admin_object *object, const char *name, uint64_t *ret_ns);
/* How many elements; absent: 0, and *ret is NULL. */
size_t admin_object_array(struct admin_object *object, const char *name, json_t **ret);
/* Element i of such an array, which must be text. */
struct text admin_object_element(struct admin_object *object, const char *name, json_t *array,
                                 size_t i);

#endif
