#include "module/nginx/mask.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define SHOWN 4 /* as in secret_prefix */

/* A line, and how far it was read. */
struct line {
    unsigned char *bytes;
    size_t at, len;
};

static bool skip(struct line *line, const char *word)
{
    size_t len = strlen(word);
    if (line->len - line->at < len ||
        strncasecmp((const char *)line->bytes + line->at, word, len) != 0)
        return false;
    line->at += len;
    return true;
}

static bool skip_one_of(struct line *line, const char *one, const char *other)
{
    return skip(line, one) || skip(line, other);
}

/* In a URL an underscore may be written in two ways. */
static bool skip_prefix(struct line *line)
{
    return skip(line, "stk") && skip_one_of(line, "_", "%5f") &&
           skip_one_of(line, "live", "test") && skip_one_of(line, "_", "%5f");
}

static bool skip_field(struct line *line)
{
    if (!(skip(line, "x") && skip_one_of(line, "-", "_") && skip_one_of(line, "api", "stella") &&
          skip_one_of(line, "-", "_") && skip_one_of(line, "key", "token")))
        return false;
    while (skip_one_of(line, " ", "\t"))
        continue;
    if (!skip(line, ":"))
        return false;
    while (skip_one_of(line, " ", "\t"))
        continue;
    return true;
}

/* What can't stand in a token, not even in one with a typing error. */
static bool ends_token(unsigned char c)
{
    return c <= ' ' || c == 0x7f || strchr("\"'<>,;&", c) != NULL;
}

/* nginx writes "name: value", and a quote may stand within the value. */
static bool ends_value(const struct line *line)
{
    unsigned char c = line->bytes[line->at];
    if (c == '\r' || c == '\n')
        return true;
    if (c != '"')
        return false;
    return line->at + 1 >= line->len || strchr(" ,\r\n", line->bytes[line->at + 1]) != NULL;
}

static void mask_token(struct line *line)
{
    for (size_t i = 0; line->at < line->len && !ends_token(line->bytes[line->at]); i++) {
        if (i >= SHOWN)
            line->bytes[line->at] = '.';
        line->at++;
    }
}

static void mask_value(struct line *line)
{
    for (; line->at < line->len && !ends_value(line); line->at++)
        line->bytes[line->at] = '.';
}

void mask_secrets(unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        struct line line = {bytes, i, len};
        switch (bytes[i]) {
        case 's':
        case 'S':
            if (skip_prefix(&line))
                mask_token(&line);
            else
                line.at = i + 1;
            break;
        case 'x':
        case 'X':
            if (skip_field(&line))
                mask_value(&line);
            else
                line.at = i + 1;
            break;
        default: line.at = i + 1; break;
        }
        i = line.at;
    }
}
