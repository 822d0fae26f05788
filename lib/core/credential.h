/* credential.h - which of a request's header fields is the credential
 *
 * X-Stella-Token wins; then a Bearer value in Authorization; then X-API-Key. Another scheme than
 * Bearer is somebody else's business, and so is a Bearer value without "stk_" in front when there
 * is an X-API-Key: storefronts carry their customers' own bearer tokens that way. Pure.
 */
#ifndef STKGATE_CORE_CREDENTIAL_H
#define STKGATE_CORE_CREDENTIAL_H

#include "lib/core/token.h"

enum credential_form {
    CREDENTIAL_MISSING = 0,   /* row 1 of the table */
    CREDENTIAL_MALFORMED = 1, /* row 2: never looked up */
    CREDENTIAL_TOKEN = 2,     /* well-formed: look up digest_token(value) */
    CREDENTIAL_LEGACY = 3,    /* well-formed: look up digest_legacy(value) */
};

struct credential {
    enum credential_form form;
    enum kind kind;    /* of a TOKEN: live or test; of a LEGACY: legacy; else none */
    struct text value; /* of TOKEN and LEGACY, borrowed from the arguments; else empty */
};

/* Each argument: the field's value, empty when absent; values of a repeated field joined with ", "
 * (which makes them malformed). Spaces and tabs around a value are no part of it. */
struct credential credential_choose(struct text token, struct text authorization,
                                    struct text api_key);

/* Whether this is what nearly every request has in X-Stella-Token: as long as a token, and no blank
 * in front. Then it is the credential, or malformed, whatever else there is. */
static inline bool credential_is_plain(struct text token)
{
    return token.len == TOKEN_LEN && !text_is_blank(token.data[0]);
}

#endif
