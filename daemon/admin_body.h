/* admin_body.h - what the admin face is sent: JSON bodies -> changes
 *
 * All or nothing, unknown members are mistakes, and each mistake is told with the member's name,
 * what is wrong, and what to write. The message never quotes a value: it may be a secret that was
 * put in the wrong place. Pure, but for the memory of jansson.
 *
 * Each returns 0, or -EINVAL with detail filled; then ret means nothing (a number or text is
 * untouched), and there is nothing to deinit. now_s: wall clock, Unix seconds.
 */
#ifndef STKGATE_DAEMON_ADMIN_BODY_H
#define STKGATE_DAEMON_ADMIN_BODY_H

#include <jansson.h>

#include "daemon/service.h"

#define ADMIN_DETAIL_MAX 512

/* What a POST /v1/tokens or /v1/legacy asks for. mint's texts point into root and origins. */
struct admin_mint {
    struct mint mint;
    json_t *root;
    uint8_t origins[ORIGINS_BYTES_MAX];
};
int admin_body_mint(struct text body, const struct scope_registry *registry, int64_t now_s,
                    struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);
int admin_body_legacy(struct text body, const struct scope_registry *registry, int64_t now_s,
                      struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);
void admin_body_deinit(struct admin_mint *mint);

/* What a PATCH asks for: at least one member. Whether the values fit those that the record keeps is
 * the table's to say. edit's texts point into root and origins. */
struct admin_edit {
    struct edit edit;
    json_t *root;
    uint8_t origins[ORIGINS_BYTES_MAX];
};
int admin_body_edit(struct text body, const struct scope_registry *registry, int64_t now_s,
                    struct admin_edit *ret, char detail[static ADMIN_DETAIL_MAX]);
void admin_body_edit_deinit(struct admin_edit *edit);

/* {"grace"}; an empty body is {}. */
int admin_body_rotate(struct text body, uint64_t *ret_grace_s,
                      char detail[static ADMIN_DETAIL_MAX]);
/* {"grace"}, which must be there, and 1 s at least. */
int admin_body_shorten(struct text body, uint64_t *ret_grace_s,
                       char detail[static ADMIN_DETAIL_MAX]);
/* {"reason"}, of a revocation or suspension; an empty body is {}. */
int admin_body_reason(struct text body, char ret_reason[static REASON_MAX + 1],
                      char detail[static ADMIN_DETAIL_MAX]);
/* {"name"} */
int admin_body_scope(struct text body, char ret_name[static SCOPE_NAME_MAX + 1],
                     char detail[static ADMIN_DETAIL_MAX]);
/* {}, or no body. */
int admin_body_none(struct text body, char detail[static ADMIN_DETAIL_MAX]);

#endif
