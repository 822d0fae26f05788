#include "tests/faces/request.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

static void put(struct request *request, const char *bytes, size_t len)
{
    if (len > REQUEST_MAX - request->len)
        errx(EXIT_FAILURE, "a request of more than %d bytes", REQUEST_MAX);
    memcpy(request->bytes + request->len, bytes, len);
    request->len += len;
}

static void put_text(struct request *request, const char *text)
{
    put(request, text, strlen(text));
}

/* Behind a backslash; returns what follows. */
static const char *put_escape(struct request *request, const char *at, const struct row *row)
{
    static const char letters[] = "0nrt\\{", bytes[] = "\0\n\r\t\\{";
    const char *letter = *at ? strchr(letters, *at) : NULL;

    if (letter) {
        put(request, &bytes[letter - letters], 1);
        return at + 1;
    }
    if (at[0] == 'x' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
        const char digits[] = {at[1], at[2], '\0'};
        char byte = (char)strtoul(digits, NULL, 16);
        put(request, &byte, 1);
        return at + 3;
    }
    errx(EXIT_FAILURE, "row \"%s\": no such escape", row->name);
}

/* Another last character, so that the checksum is wrong; without it; or in capitals. */
static void change(char *value, const char *how, size_t how_len)
{
    size_t len = strlen(value);

    if (how_len == 4 && memcmp(how, "typo", 4) == 0) {
        value[len - 1] = value[len - 1] == 'a' ? 'b' : 'a';
    } else if (how_len == 3 && memcmp(how, "cut", 3) == 0) {
        value[len - 1] = '\0';
    } else if (how_len == 5 && memcmp(how, "upper", 5) == 0) {
        for (size_t i = 0; i < len; i++)
            value[i] = (char)toupper((unsigned char)value[i]);
    } else {
        errx(EXIT_FAILURE, "nothing can be done to a value by \"%.*s\"", (int)how_len, how);
    }
}

/* What stands between braces. */
static void put_braces(struct request *request, const char *text, size_t len, const struct row *row,
                       struct purse *purse)
{
    char value[PURSE_VALUE_MAX];
    const char *star = memchr(text, '*', len), *bar = memchr(text, '|', len);

    if (star && star + 2 == text + len) {
        for (unsigned long n = strtoul(text, NULL, 10); n > 0; n--)
            put(request, star + 1, 1);
        return;
    }
    size_t name_len = bar ? (size_t)(bar - text) : len;
    const struct credential_spec *spec = table_credential(purse->table, text, name_len);
    if (!spec)
        errx(EXIT_FAILURE, "row \"%s\": no credential \"%.*s\"", row->name, (int)len, text);
    snprintf(value, sizeof value, "%s", purse_value(purse, spec));
    if (bar)
        change(value, bar + 1, len - name_len - 1);
    put_text(request, value);
}

static void put_expanded(struct request *request, const char *line, const struct row *row,
                         struct purse *purse)
{
    while (*line != '\0') {
        if (*line == '\\') {
            line = put_escape(request, line + 1, row);
        } else if (*line == '{') {
            const char *end = strchr(line, '}');
            if (!end)
                errx(EXIT_FAILURE, "row \"%s\": a brace is not closed", row->name);
            put_braces(request, line + 1, (size_t)(end - line - 1), row, purse);
            line = end + 1;
        } else {
            put(request, line++, 1);
        }
    }
}

static void put_start(struct request *request, const struct row *row, const char *target,
                      bool is_last)
{
    char start[512];

    snprintf(start, sizeof start, "%s %s HTTP/%s\r\nHost: shop.example\r\n%s", row->method, target,
             row->version, is_last ? "Connection: close\r\n" : "");
    put_text(request, start);
}

static void put_lines(struct request *request, const char *const *lines, size_t count,
                      const struct row *row, struct purse *purse)
{
    for (size_t i = 0; i < count; i++) {
        put_expanded(request, lines[i], row, purse);
        put_text(request, "\r\n");
    }
}

void request_make(const struct row *row, const char *target, struct purse *purse,
                  struct request *ret)
{
    static struct request body; /* too large for a stack */
    char fields[128];

    ret->len = 0;
    if (row->first_count > 0) {
        put_start(ret, row, target, false);
        put_lines(ret, row->first, row->first_count, row, purse);
        put_text(ret, "\r\n");
    }
    put_start(ret, row, target, true);
    put_lines(ret, row->lines, row->line_count, row, purse);
    body.len = 0;
    if (row->body)
        put_expanded(&body, row->body, row, purse);
    if (row->body || strcmp(row->method, "POST") == 0) {
        snprintf(fields, sizeof fields,
                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
                 body.len);
        put_text(ret, fields);
    }
    put_text(ret, "\r\n");
    put(ret, body.bytes, body.len);
}
