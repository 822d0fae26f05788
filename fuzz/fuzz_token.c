/* fuzz_token.c - credentials: three header fields, separated by line feeds */
#include <string.h>

#include "fuzz/target.h"
#include "lib/core/credential.h"

FUZZ_TARGET("token");

static struct text take_line(struct text *left)
{
    size_t len = 0;
    while (len < left->len && left->data[len] != '\n')
        len++;
    struct text line = {left->data, len};
    size_t step = len < left->len ? len + 1 : len;
    left->data += step;
    left->len -= step;
    return line;
}

static bool text_lies_in(struct text inner, struct text outer)
{
    return inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len;
}

static void check_token(struct text t)
{
    DEMAND(token_parse_anywhere(t) == token_parse(t));
    if (token_parse(t) == KIND_NONE)
        return;
    DEMAND(t.len == TOKEN_LEN);
    char changed[TOKEN_LEN];
    memcpy(changed, t.data, sizeof changed);
    /* A CRC finds each single error. */
    char *last = changed + TOKEN_LEN - 1;
    *last = *last == '0' ? '1' : '0';
    DEMAND(token_parse((struct text){changed, sizeof changed}) == KIND_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    struct text all = {(const char *)bytes, len}, left = all;
    struct text token = take_line(&left), authorization = take_line(&left);
    struct text api_key = take_line(&left);
    struct credential chosen = credential_choose(token, authorization, api_key);

    switch (chosen.form) {
    case CREDENTIAL_TOKEN:
        DEMAND(chosen.kind == KIND_LIVE || chosen.kind == KIND_TEST);
        DEMAND(token_parse(chosen.value) == chosen.kind);
        DEMAND(text_lies_in(chosen.value, token) || text_lies_in(chosen.value, authorization));
        break;
    case CREDENTIAL_LEGACY:
        DEMAND(chosen.kind == KIND_LEGACY);
        DEMAND(legacy_is_valid(chosen.value));
        DEMAND(text_lies_in(chosen.value, api_key));
        break;
    default:
        DEMAND(chosen.form == CREDENTIAL_MISSING || chosen.form == CREDENTIAL_MALFORMED);
        DEMAND(chosen.kind == KIND_NONE && chosen.value.len == 0);
    }
    if (credential_is_plain(token))
        DEMAND(chosen.form ==
               (token_parse(token) == KIND_NONE ? CREDENTIAL_MALFORMED : CREDENTIAL_TOKEN));
    check_token(token);
    check_token(all);
    DEMAND(!key_id_is_valid(all) || all.len == KEY_ID_LEN);
    return 0;
}
