/* admin_body.h - what the admin face is sent: JSON bodies -> changes
 *
 * All or nothing, unknown members are mistakes, and each mistake is told with the member's name,
 * what is wrong, and what to write. The message never quotes a value: it may be a secret that was
 * put in the wrong place. Pure, but for the memory of jansson.
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

/* now_s: wall clock, Unix seconds. Each returns 0, or -EINVAL with detail filled; then there is
 * nothing to deinit. */
int admin_body_mint(struct text body, const struct scope_registry *registry, int64_t now_s,
                    struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);
int admin_body_legacy(struct text body, const struct scope_registry *registry, int64_t now_s,
                      struct admin_mint *ret, char detail[static ADMIN_DETAIL_MAX]);
void admin_body_deinit(struct admin_mint *mint);

/* {"grace"}; an empty body is {}. */
int admin_body_rotate(struct text body, uint64_t *ret_grace_s,
                      char detail[static ADMIN_DETAIL_MAX]);
/* {"reason"}; an empty body is {}. */
int admin_body_revoke(struct text body, char ret_reason[static REASON_MAX + 1],
                      char detail[static ADMIN_DETAIL_MAX]);
/* {"name"} */
int admin_body_scope(struct text body, char ret_name[static SCOPE_NAME_MAX + 1],
                     char detail[static ADMIN_DETAIL_MAX]);

#endif
