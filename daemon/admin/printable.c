#include "daemon/admin/printable.h"

#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

void printable_init(void)
{
    /* wcwidth() knows characters beyond ASCII in a UTF-8 locale only; this one is always there. */
    setlocale(LC_CTYPE, "C.UTF-8");
}

/* The next character of a NUL-terminated text and its length in bytes; -1 and 1 for a byte that is
 * no part of valid UTF-8. */
static int32_t next_character(const char *text, size_t *ret_len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    *ret_len = 1;
    if (len == 1)
        return p[0];
    if (len == 0 || p[0] > 0xf4)
        return -1;
    int32_t c = p[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (p[i] & 0x3f);
    }
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return -1;
    *ret_len = len;
    return c;
}

static bool is_harmful(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void write_text(FILE *out, const char *text, bool is_json)
{
    for (size_t len; *text; text += len) {
        int32_t c = next_character(text, &len);
        if (c < 0)
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else if (is_harmful(c) && !(is_json && c == '\n'))
            fprintf(out, "\\u%04x", (unsigned)c);
        else
            fwrite(text, 1, len, out);
    }
}

void printable_write(FILE *out, const char *text)
{
    write_text(out, text, false);
}

void printable_write_json(FILE *out, const char *json)
{
    write_text(out, json, true);
}

size_t printable_fit(const char *text, unsigned columns, unsigned *ret_columns)
{
    size_t at = 0;
    unsigned used = 0;
    for (size_t len; text[at]; at += len) {
        int32_t c = next_character(text + at, &len);
        int width = c < 0 ? 1 : wcwidth((wchar_t)c);
        unsigned wanted = width < 0 ? 1 : (unsigned)width;
        if (wanted > columns - used)
            break;
        used += wanted;
    }
    *ret_columns = used;
    return at;
}

unsigned printable_width(const char *text)
{
    unsigned columns;
    printable_fit(text, UINT_MAX, &columns);
    return columns;
}
