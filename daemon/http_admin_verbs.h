/* http_admin_verbs.h - what the files of the admin face share; for http_admin*.c alone
 */
#ifndef STKGATE_DAEMON_HTTP_ADMIN_VERBS_H
#define STKGATE_DAEMON_HTTP_ADMIN_VERBS_H

#include "daemon/admin_json.h"
#include "daemon/http_admin.h"

/* Answers a request of a peer who may, now or when its change is committed. key_id: of the path, of
 * valid form; empty where the path has none. */
typedef void (*http_admin_fn)(struct http_request *request, struct service *service,
                              struct text key_id);

/* ---- http_admin_answer.c -----------------------------------------------------------------------
 */

/* Takes object; NULL: memory is short. */
void http_admin_answer_json(struct http_request *request, unsigned status, json_t *object);
/* error: -errno as service.h and change.h have it. What it means, and what to do, depends on the
 * verb; 0: of a request that only reads. */
void http_admin_answer_error(struct http_request *request, enum change_verb verb, int error);

/* ---- http_admin_argument.c: query arguments ----------------------------------------------------
 *
 * False: it is not as it must be, and the request is answered. Absent: true, and ret is untouched.
 */

/* A whole number from min to max, digits alone. */
bool http_admin_argument_number(struct http_request *request, const char *name, uint64_t min,
                                uint64_t max, uint64_t *ret);
/* "site"; valid until the request is answered. */
bool http_admin_argument_site(struct http_request *request, struct text *ret);
/* "state", one that record_state_name() knows. */
bool http_admin_argument_state(struct http_request *request, struct text *ret);
/* "after": a position that an earlier answer gave. */
struct http_admin_position {
    char bytes[ADMIN_POSITION_MAX];
    size_t len; /* 0: at the start */
};
bool http_admin_argument_after(struct http_request *request, struct http_admin_position *ret);
/* "key_id" */
bool http_admin_argument_key_id(struct http_request *request, struct text *ret);
/* "since", a point in time. */
bool http_admin_argument_since(struct http_request *request, int64_t *ret_unix_s);

/* ---- http_admin_change.c: each is an http_admin_fn ---------------------------------------------
 */

void http_admin_mint(struct http_request *request, struct service *service, struct text none);
void http_admin_legacy_add(struct http_request *request, struct service *service, struct text none);
void http_admin_scope_add(struct http_request *request, struct service *service, struct text none);
void http_admin_edit(struct http_request *request, struct service *service, struct text key_id);
void http_admin_suspend(struct http_request *request, struct service *service, struct text key_id);
void http_admin_resume(struct http_request *request, struct service *service, struct text key_id);
void http_admin_revoke(struct http_request *request, struct service *service, struct text key_id);
void http_admin_rotate(struct http_request *request, struct service *service, struct text key_id);
void http_admin_rotate_finish(struct http_request *request, struct service *service,
                              struct text key_id);
void http_admin_rotate_cancel(struct http_request *request, struct service *service,
                              struct text key_id);
void http_admin_rotate_shorten(struct http_request *request, struct service *service,
                               struct text key_id);
void http_admin_legacy_remove(struct http_request *request, struct service *service,
                              struct text key_id);

/* ---- http_admin_list.c: the same --------------------------------------------------------------
 */

void http_admin_tokens(struct http_request *request, struct service *service, struct text none);
void http_admin_legacy(struct http_request *request, struct service *service, struct text none);
void http_admin_show(struct http_request *request, struct service *service, struct text key_id);
void http_admin_sites(struct http_request *request, struct service *service, struct text none);
void http_admin_scopes(struct http_request *request, struct service *service, struct text none);
void http_admin_audit(struct http_request *request, struct service *service, struct text none);

/* ---- http_admin_status.c -----------------------------------------------------------------------
 */

void http_admin_status(struct http_request *request, struct service *service, struct text none);

#endif
