/* body.h - a request's JSON, put together from arguments
 *
 * Adding is sticky: the first argument that can't stand in JSON (it is not UTF-8), or memory that
 * ran out, is told at the end, by body_finish(). What was not given is left out.
 */
#ifndef STKGATE_ADMIN_BODY_H
#define STKGATE_ADMIN_BODY_H

#include "daemon/admin/admin.h"

struct body {
    json_t *json;
    const char *bad; /* the first member that could not be added */
};

/* What a mint, a legacy key and an edit have in common. */
struct body_grant {
    const char *site, *name;
    struct argument_texts scopes, origins; /* each may be a list by itself */
    uint64_t limit, burst;
    const char *window;
};

void body_init(struct body *body);
void body_add_text(struct body *body, const char *member, const char *text);
/* Only when it is true. */
void body_add_flag(struct body *body, const char *member, bool flag);
/* true or false; nothing when it is ARGUMENT_UNSAID. */
void body_add_answer(struct body *body, const char *member, enum argument_answer answer);
void body_add_null(struct body *body, const char *member);
/* An empty list. */
void body_add_none(struct body *body, const char *member);
/* Items that are lists themselves, with spaces or commas between, are taken apart. */
void body_add_texts(struct body *body, const char *member, const struct argument_texts *texts);
/* RFC 3339; a span is counted from now_s on; never is null. */
void body_add_when(struct body *body, const char *member, const struct argument_when *when,
                   int64_t now_s);
void body_add_grant(struct body *body, const struct body_grant *grant);

/* Nothing was added so far. */
bool body_is_empty(const struct body *body);

/* EXIT_STATUS_OK and *ret, for admin_call(); or the exit status, and the failure is printed. */
int body_finish(struct body *body, const struct admin *admin, json_t **ret);

#endif
