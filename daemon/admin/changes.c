#include "daemon/admin/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/facts.h"
#include "daemon/admin/printable.h"

/* How a member reads. */
enum form {
    FORM_TEXT, /* also times, which are RFC 3339 */
    FORM_LIST,
    FORM_LIMIT,
    FORM_FLAG,
};

static const struct member {
    const char *label, *name;
    enum form form;
    const char *instead; /* of nothing */
} members[] = {
    {"Name", "name", FORM_TEXT, ""},
    {"Scopes", "scopes", FORM_LIST, "none"},
    {"Origins", "allowed_origins", FORM_LIST, "any"},
    {"No origin", "missing_origin", FORM_TEXT, ""},
    {"Limit", "limit", FORM_LIMIT, ""},
    {"Expires", "expires_at", FORM_TEXT, "never"},
    {"Strict", "strict", FORM_FLAG, ""},
    {"Deprecation", "deprecation_at", FORM_TEXT, "none"},
    {"Sunset", "sunset_at", FORM_TEXT, "none"},
    {"Link", "link", FORM_TEXT, "none"},
};

static void write_member(FILE *out, const json_t *token, const struct member *member)
{
    char limit[ANSWER_TEXT_MAX];
    const char *text = answer_text(token, member->name);
    switch (member->form) {
    case FORM_TEXT: printable_write(out, *text ? text : member->instead); break;
    case FORM_LIST: answer_write_texts(out, token, member->name, member->instead); break;
    case FORM_LIMIT:
        answer_limit(token, limit);
        printable_write(out, limit);
        break;
    case FORM_FLAG: fputs(answer_flag(token, member->name) ? "yes" : "no", out); break;
    }
}

/* For the caller to free; NULL when there is no memory. */
static char *text_of_member(const json_t *token, const struct member *member)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    write_member(out, token, member);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int changes_print(const json_t *before, const json_t *after)
{
    int count = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0] && count >= 0; i++) {
        char *was = text_of_member(before, &members[i]);
        char *is = text_of_member(after, &members[i]);
        if (!was || !is) {
            count = -ENOMEM;
        } else if (strcmp(was, is) != 0) {
            facts_begin(members[i].label);
            printf("%s -> %s\n", was, is);
            count++;
        }
        free(was);
        free(is);
    }
    return count;
}
