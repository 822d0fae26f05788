/* credential.c - see credential.h */
#include "lib/core/credential.h"

/* Whether t (trimmed) is of the scheme Bearer, whose name is compared without regard to case
 * (RFC 9110 section 11.1); *ret_value is what follows it. */
static bool authorization_is_bearer(struct text t, struct text *ret_value)
{
    static const char bearer[] = "bearer";
    const size_t len = sizeof bearer - 1;
    if (t.len < len || (t.len > len && !text_is_blank(t.data[len])))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((t.data[i] | 0x20) != bearer[i])
            return false;
    *ret_value = text_trim((struct text){t.data + len, t.len - len});
    return true;
}

static const struct credential malformed = {.form = CREDENTIAL_MALFORMED, .kind = KIND_NONE};

static struct credential credential_of_token(struct text value)
{
    enum kind kind = token_parse(value);
    if (kind == KIND_NONE)
        return malformed;
    return (struct credential){CREDENTIAL_TOKEN, kind, value};
}

struct credential credential_choose(struct text token, struct text authorization,
                                    struct text api_key)
{
    token = text_trim(token);
    if (token.len > 0)
        return credential_of_token(token);

    struct text bearer;
    api_key = text_trim(api_key);
    if (authorization_is_bearer(text_trim(authorization), &bearer) &&
        (api_key.len == 0 || text_begins(bearer, TEXT("stk_"))))
        return credential_of_token(bearer);

    if (api_key.len == 0)
        return (struct credential){.form = CREDENTIAL_MISSING, .kind = KIND_NONE};
    if (!legacy_is_valid(api_key))
        return malformed;
    return (struct credential){CREDENTIAL_LEGACY, KIND_LEGACY, api_key};
}
