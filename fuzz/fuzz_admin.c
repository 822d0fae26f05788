/* fuzz_admin.c - bodies sent to admin.sock: a letter that says which, and the JSON
 *
 * What is taken can be stored, and no message tells anything of a value. For that the same body is
 * read twice, with another character in each place where the input has a tilde: the messages must
 * be the same.
 */
#include <errno.h>
#include <string.h>

#include "daemon/admin_body.h"
#include "fuzz/target.h"

FUZZ_TARGET("admin");

/* 2026-01-01T00:00:00Z */
#define NOW        INT64_C(1767225600)
#define REGISTERED (SCOPE_ALL_BUILTIN | UINT64_C(0x10))

static struct scope_registry registry;

static struct record record_of(const struct mint *mint)
{
    struct record record = {
        .kind = mint->kind,
        .site = mint->site,
        .name = mint->name,
        .scopes = mint->scopes,
        .origins = mint->origins,
        .missing_origin_allowed = mint->missing_origin_allowed,
        .strict = mint->strict,
        .limit = mint->limit,
        .expires_at = mint->expires_at,
        .deprecation_at = mint->deprecation_at,
        .sunset_at = mint->sunset_at,
        .link = mint->link,
        .key_id = TEXT("key_0123456789abcdef"),
        .created_at = NOW,
    };
    if (mint->kind != KIND_LEGACY)
        record.secret_prefix =
            mint->kind == KIND_LIVE ? TEXT("stk_live_abcd") : TEXT("stk_test_abcd");
    return record;
}

static bool can_be_stored(const struct record *record)
{
    static uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;
    return record_encode(record, bytes, &len) == 0;
}

static int read_minting(char which, struct text body, char *detail)
{
    static struct admin_mint mint;

    int r = which == 'm' ? admin_body_mint(body, &registry, NOW, &mint, detail)
                         : admin_body_legacy(body, &registry, NOW, &mint, detail);
    if (r < 0)
        return r;
    struct record record = record_of(&mint.mint);
    DEMAND(can_be_stored(&record));
    DEMAND(which == 'm' || legacy_is_valid(mint.mint.legacy_key));
    DEMAND(record_state_at(&record, NOW) == RECORD_ACTIVE || record.sunset_at != 0);
    DEMAND(record.scopes != 0 && (record.scopes & ~REGISTERED) == 0);
    admin_body_deinit(&mint);
    return 0;
}

/* On a legacy key with whatever is new: what the table has to say is of ranges across members. */
static int read_edit(struct text body, char *detail)
{
    static struct admin_edit wanted;
    struct mint mint = {.kind = KIND_LEGACY,
                        .site = TEXT("kasa"),
                        .name = TEXT("n"),
                        .scopes = 1,
                        .limit = {60, UINT64_C(60000000000), 60}};

    int r = admin_body_edit(body, &registry, NOW, &wanted, detail);
    if (r < 0)
        return r;
    const struct edit *edit = &wanted.edit;
    DEMAND(edit->fields != 0);
    if (edit->fields & EDIT_NAME)
        mint.name = edit->name;
    if (edit->fields & EDIT_SCOPES)
        mint.scopes = edit->scopes;
    if (edit->fields & EDIT_ORIGINS)
        mint.origins = edit->origins;
    if (edit->fields & EDIT_EXPIRES)
        mint.expires_at = edit->expires_at;
    if (edit->fields & EDIT_LINK)
        mint.link = edit->link;
    struct record record = record_of(&mint);
    DEMAND(can_be_stored(&record));
    DEMAND(record.scopes != 0 && (record.scopes & ~REGISTERED) == 0);
    admin_body_edit_deinit(&wanted);
    return 0;
}

static int read_grace(char which, struct text body, char *detail)
{
    uint64_t grace_s = 0;

    int r = which == 'o' ? admin_body_rotate(body, &grace_s, detail)
                         : admin_body_shorten(body, &grace_s, detail);
    DEMAND(r < 0 || grace_s <= UINT64_C(366) * 86400);
    DEMAND(r < 0 || which == 'o' || grace_s > 0);
    return r;
}

static int read_text(char which, struct text body, char *detail)
{
    char reason[REASON_MAX + 1] = "", name[SCOPE_NAME_MAX + 1] = "";

    int r = which == 'r' ? admin_body_reason(body, reason, detail)
                         : admin_body_scope(body, name, detail);
    struct text taken = text_of(which == 'r' ? reason : name);
    DEMAND(r < 0 || (text_is_printable(taken) && !token_is_within(taken)));
    DEMAND(r < 0 || which == 'r' || scope_name_is_valid(taken));
    return r;
}

static int read_body(char which, struct text body, char *detail)
{
    switch (which) {
    case 'm':                                           /* mint */
    case 'l': return read_minting(which, body, detail); /* legacy */
    case 'e': return read_edit(body, detail);
    case 'o':                                         /* rotate */
    case 'h': return read_grace(which, body, detail); /* shorten */
    case 'r':                                         /* revoke, suspend */
    case 's': return read_text(which, body, detail);  /* scope */
    default: return admin_body_none(body, detail);
    }
}

static int read_with(char filling, char which, const uint8_t *bytes, size_t len, char *detail)
{
    char *copy = malloc(len > 0 ? len : 1);

    DEMAND(copy);
    for (size_t i = 0; i < len; i++)
        copy[i] = bytes[i] == '~'                      ? filling
                  : bytes[i] == '!' || bytes[i] == '$' ? '.'
                                                       : (char)bytes[i];
    memset(detail, 0, ADMIN_DETAIL_MAX);
    int r = read_body(which, (struct text){copy, len}, detail);
    free(copy);
    DEMAND(r == 0 || r == -EINVAL);
    /* One sentence: it goes into a header section, a terminal and a log. */
    if (r < 0)
        DEMAND(detail[0] != '\0' && text_is_printable(text_of(detail)));
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char first[ADMIN_DETAIL_MAX], second[ADMIN_DETAIL_MAX];
    unsigned bit;

    if (len == 0)
        return 0;
    scope_registry_init(&registry);
    DEMAND(scope_registry_add(&registry, TEXT("wish:read"), &bit) == 0);
    /* Both are printable, and of no use in names, numbers, origins and site ids. The input's own
     * ones are taken out, or two names could be the same in one of the two bodies alone. */
    int r = read_with('!', (char)bytes[0], bytes + 1, len - 1, first);
    DEMAND(read_with('$', (char)bytes[0], bytes + 1, len - 1, second) == r);
    if (r < 0)
        DEMAND(strcmp(first, second) == 0);
    return 0;
}
