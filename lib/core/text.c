/* text.c - see text.h */
#include "lib/core/text.h"

#include <errno.h>

bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool text_begins(struct text a, struct text b)
{
    return a.len >= b.len && (b.len == 0 || memcmp(a.data, b.data, b.len) == 0);
}

/* The code point that begins at bytes[0], and its length in *ret_len; 0xFFFFFFFF when the bytes are
 * not UTF-8. The table of RFC 3629 section 4 rules out overlong forms and surrogates by the range
 * of the second byte. */
static uint32_t utf8_decode(const uint8_t *bytes, size_t left, size_t *ret_len)
{
    uint8_t lead = bytes[0];
    if (lead < 0x80) {
        *ret_len = 1;
        return lead;
    }
    size_t len;
    uint8_t low = 0x80, high = 0xbf;
    uint32_t point;
    if (lead >= 0xc2 && lead <= 0xdf) {
        len = 2;
        point = lead & 0x1fu;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        len = 3;
        point = lead & 0x0fu;
        low = lead == 0xe0 ? 0xa0 : low;
        high = lead == 0xed ? 0x9f : high;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        len = 4;
        point = lead & 0x07u;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;
    } else {
        return UINT32_MAX;
    }
    if (left < len || bytes[1] < low || bytes[1] > high)
        return UINT32_MAX;
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return UINT32_MAX;
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    *ret_len = len;
    return point;
}

bool text_is_printable(struct text t)
{
    const uint8_t *bytes = (const uint8_t *)t.data;
    for (size_t i = 0; i < t.len;) {
        size_t len = 1;
        uint32_t point = utf8_decode(bytes + i, t.len - i, &len);
        if (point == UINT32_MAX || point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
            point == 0x2028 || point == 0x2029)
            return false;
        i += len;
    }
    return true;
}

bool text_copy(struct text t, char *out, size_t capacity)
{
    if (t.len >= capacity) {
        out[0] = '\0';
        return false;
    }
    if (t.len > 0)
        memcpy(out, t.data, t.len);
    out[t.len] = '\0';
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_site(struct text t)
{
    if (t.len < 1 || t.len > SITE_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool text_is_service(struct text t)
{
    if (t.len < 1 || t.len > SERVICE_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (!is_lower(c) && !is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool text_is_name(struct text t)
{
    return t.len >= 1 && t.len <= NAME_MAX_LEN && text_is_printable(t);
}

bool text_is_link(struct text t)
{
    if (t.len > LINK_MAX_LEN)
        return false;
    size_t scheme_len = text_begins(t, TEXT("https://"))  ? sizeof "https://" - 1
                        : text_begins(t, TEXT("http://")) ? sizeof "http://" - 1
                                                          : 0;
    if (scheme_len == 0 || t.len == scheme_len || t.data[scheme_len] == '/')
        return false;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (c <= 0x20 || c >= 0x7f || strchr("<>\"\\^`{|}", c))
            return false;
    }
    return true;
}

/* ---- packed lists -------------------------------------------------------------------------- */

bool textlist_is_valid(struct textlist list)
{
    size_t at = 0;
    while (at < list.len) {
        size_t len = list.data[at];
        if (len == 0 || len > list.len - at - 1)
            return false;
        at += 1 + len;
    }
    return true;
}

size_t textlist_count(struct textlist list)
{
    size_t count = 0;
    for (size_t at = 0; at < list.len; at += 1u + list.data[at])
        count++;
    return count;
}

bool textlist_contains(struct textlist list, struct text t)
{
    struct text each;
    for (size_t at = 0; textlist_next(list, &at, &each);)
        if (text_equal(each, t))
            return true;
    return false;
}

bool textlist_next(struct textlist list, size_t *at, struct text *ret)
{
    if (*at >= list.len)
        return false;
    size_t len = list.data[*at];
    if (len > list.len - *at - 1) /* not a valid list: end, rather than read beyond it */
        return false;
    *ret = (struct text){(const char *)list.data + *at + 1, len};
    *at += 1 + len;
    return true;
}

int textlist_append(uint8_t *buffer, size_t capacity, size_t *len, struct text t)
{
    if (t.len < 1 || t.len > UINT8_MAX)
        return -EINVAL;
    if (*len > capacity || capacity - *len < 1 + t.len)
        return -ENOSPC;
    buffer[*len] = (uint8_t)t.len;
    memcpy(buffer + *len + 1, t.data, t.len);
    *len += 1 + t.len;
    return 0;
}
