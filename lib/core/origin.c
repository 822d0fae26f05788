/* origin.c - see origin.h */
#include "lib/core/origin.h"

#define HOST_MAX    253 /* bytes, RFC 1035 */
#define LABEL_MAX   63
#define PORT_MAX    65535

#define IPV6_GROUPS 8

/* The canonical form as it grows; room for what is too long, so that one test at the end does. */
struct out {
    char bytes[ORIGIN_MAX + 1];
    size_t len;
    bool full;
};

static void out_char(struct out *out, char c)
{
    if (out->len < ORIGIN_MAX)
        out->bytes[out->len++] = c;
    else
        out->full = true;
}

static char to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    c = to_lower(c);
    return c >= 'a' && c <= 'z';
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct text text_from(struct text t, size_t at)
{
    return (struct text){t.data + at, t.len - at};
}

/* Where one of these characters stands first, or t.len. */
static size_t text_find(struct text t, const char *chars)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] != '\0' && strchr(chars, t.data[i]))
            return i;
    return t.len;
}

/* ---- IPv4 ---------------------------------------------------------------------------------- */

/* Whether the last label makes the host an IPv4 address to a browser (URL standard, "ends in a
 * number"): all digits, or 0x and hexadecimal digits. */
static bool host_ends_in_number(struct text host)
{
    size_t at = host.len;
    while (at > 0 && host.data[at - 1] != '.')
        at--;
    struct text label = text_from(host, at);
    bool hex = label.len >= 2 && label.data[0] == '0' && to_lower(label.data[1]) == 'x';
    for (size_t i = hex ? 2 : 0; i < label.len; i++)
        if (hex ? hex_value(label.data[i]) < 0 : !is_digit(label.data[i]))
            return false;
    return label.len > 0;
}

/* Four decimal numbers without leading zeroes. Browsers read 0x7f.1 as 127.0.0.1, too, but never
 * send it. */
static bool host_is_ipv4(struct text host)
{
    size_t at = 0;
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0 && (at == host.len || host.data[at++] != '.'))
            return false;
        size_t start = at;
        unsigned value = 0;
        while (at < host.len && is_digit(host.data[at]) && at - start < 3)
            value = value * 10 + (unsigned)(host.data[at++] - '0');
        if (at == start || value > 255 || (at - start > 1 && host.data[start] == '0'))
            return false;
    }
    return at == host.len;
}

/* ---- names --------------------------------------------------------------------------------- */

/* Lower-cases into out. Every label 1 to 63 of a-z 0-9 '-' '_': so no trailing dot. */
static bool host_write_name(struct text host, struct out *out)
{
    if (host.len < 1 || host.len > HOST_MAX)
        return false;
    size_t label_len = 0;
    for (size_t i = 0; i < host.len; i++) {
        char c = to_lower(host.data[i]);
        if (c == '.') {
            if (label_len == 0)
                return false;
            label_len = 0;
        } else {
            if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
                return false;
            if (++label_len > LABEL_MAX)
                return false;
        }
        out_char(out, c);
    }
    return label_len > 0 && (!host_ends_in_number(host) || host_is_ipv4(host));
}

/* ---- IPv6 ---------------------------------------------------------------------------------- */

/* One group of 1 to 4 hexadecimal digits at *at. */
static bool ipv6_read_group(struct text t, size_t *at, uint16_t *ret)
{
    size_t start = *at;
    unsigned value = 0;
    while (*at < t.len && *at - start < 4 && hex_value(t.data[*at]) >= 0)
        value = value << 4 | (unsigned)hex_value(t.data[(*at)++]);
    if (*at == start)
        return false;
    *ret = (uint16_t)value;
    return true;
}

/* The text between the brackets -> eight groups. No embedded IPv4, no zone: neither stands in an
 * Origin. */
static bool ipv6_parse(struct text t, uint16_t ret[static IPV6_GROUPS])
{
    uint16_t groups[IPV6_GROUPS] = {0};
    size_t count = 0, at = 0;
    size_t gap = IPV6_GROUPS + 1; /* where "::" stands */

    if (t.len >= 2 && t.data[0] == ':' && t.data[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < t.len) {
        if (count == IPV6_GROUPS || !ipv6_read_group(t, &at, &groups[count]))
            return false;
        count++;
        if (at == t.len)
            break;
        if (t.data[at++] != ':')
            return false;
        if (at < t.len && t.data[at] == ':') {
            if (gap <= IPV6_GROUPS)
                return false;
            gap = count;
            at++;
        } else if (at == t.len) {
            return false; /* a single colon at the end */
        }
    }
    bool has_gap = gap <= IPV6_GROUPS;
    if (has_gap ? count == IPV6_GROUPS : count != IPV6_GROUPS)
        return false;
    size_t tail = has_gap ? count - gap : 0;
    memset(ret, 0, IPV6_GROUPS * sizeof ret[0]);
    memcpy(ret, groups, (count - tail) * sizeof groups[0]);
    memcpy(ret + IPV6_GROUPS - tail, groups + count - tail, tail * sizeof groups[0]);
    return true;
}

static void out_hex(struct out *out, unsigned value)
{
    bool begun = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 0xf;
        begun = begun || digit != 0 || shift == 0;
        if (begun)
            out_char(out, "0123456789abcdef"[digit]);
    }
}

/* RFC 5952: the first of the longest runs of at least two zero groups becomes "::". */
static void host_write_ipv6(const uint16_t groups[static IPV6_GROUPS], struct out *out)
{
    size_t best = IPV6_GROUPS, best_len = 1;
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        size_t len = 0;
        while (i + len < IPV6_GROUPS && groups[i + len] == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
    }
    out_char(out, '[');
    for (size_t i = 0; i < IPV6_GROUPS;) {
        if (i == best) {
            out_char(out, ':');
            out_char(out, ':');
            i += best_len;
            continue;
        }
        if (i > 0 && i != best + best_len)
            out_char(out, ':');
        out_hex(out, groups[i++]);
    }
    out_char(out, ']');
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Writes the host, lower-cased or compressed; *ret_rest is what follows it. */
static bool origin_write_host(struct text authority, struct out *out, struct text *ret_rest)
{
    if (authority.len > 0 && authority.data[0] == '[') {
        size_t end = text_find(authority, "]");
        uint16_t groups[IPV6_GROUPS];
        if (end == authority.len || !ipv6_parse((struct text){authority.data + 1, end - 1}, groups))
            return false;
        host_write_ipv6(groups, out);
        *ret_rest = text_from(authority, end + 1);
        return true;
    }
    size_t end = text_find(authority, ":");
    *ret_rest = text_from(authority, end);
    return host_write_name((struct text){authority.data, end}, out);
}

/* rest is empty or ":" and 1 to 5 digits without leading zero. */
static bool origin_write_port(struct text rest, unsigned default_port, struct out *out)
{
    if (rest.len == 0)
        return true;
    if (rest.len < 2 || rest.len > 6 || rest.data[0] != ':' || rest.data[1] == '0')
        return false;
    unsigned port = 0;
    for (size_t i = 1; i < rest.len; i++) {
        if (!is_digit(rest.data[i]))
            return false;
        port = port * 10 + (unsigned)(rest.data[i] - '0');
    }
    if (port > PORT_MAX)
        return false;
    for (size_t i = 0; port != default_port && i < rest.len; i++)
        out_char(out, rest.data[i]);
    return true;
}

/* Lower-cases scheme and "://" into out; returns where the authority begins, 0 without a scheme. */
static size_t origin_write_scheme(struct text t, struct out *out)
{
    size_t len = text_find(t, ":");
    if (len == 0 || !is_letter(t.data[0]) || !text_begins(text_from(t, len), TEXT("://")))
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = to_lower(t.data[i]);
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '.' && c != '-')
            return 0;
        out_char(out, c);
    }
    for (size_t i = 0; i < 3; i++)
        out_char(out, "://"[i]);
    return len + 3;
}

/* Mistakes that have an advice of their own, whatever else may be wrong. */
static enum origin_error origin_precheck(struct text t)
{
    if (t.len == 0)
        return ORIGIN_EMPTY;
    /* The longest spelling of an origin that fits: a spelled-out IPv6 host, a port, a slash. */
    if (t.len > ORIGIN_MAX + 64)
        return ORIGIN_TOO_LONG;
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.data[i] >= 0x80)
            return ORIGIN_NOT_ASCII;
    if (text_find(t, "*") < t.len)
        return ORIGIN_WILDCARD;
    char lower[4] = {0};
    for (size_t i = 0; i < t.len && i < sizeof lower; i++)
        lower[i] = to_lower(t.data[i]);
    if (t.len == 4 && memcmp(lower, "null", 4) == 0)
        return ORIGIN_IS_NULL;
    return ORIGIN_OK;
}

enum origin_error origin_canonicalise(struct text t, char ret[static ORIGIN_MAX + 1],
                                      size_t *ret_len)
{
    struct out out = {.len = 0};
    enum origin_error error = origin_precheck(t);
    if (error != ORIGIN_OK)
        return error;

    size_t start = origin_write_scheme(t, &out);
    if (start == 0)
        return ORIGIN_NO_SCHEME;
    struct text scheme = {out.bytes, out.len};
    unsigned default_port = text_equal(scheme, TEXT("https://"))  ? 443
                            : text_equal(scheme, TEXT("http://")) ? 80
                                                                  : 0;
    struct text authority = text_from(t, start);
    size_t path = text_find(authority, "/?#\\"); /* to a browser, a backslash is a slash */
    if (path < authority.len && (authority.data[path] != '/' || path + 1 < authority.len))
        return ORIGIN_HAS_PATH;
    authority.len = path;
    if (text_find(authority, "@") < authority.len)
        return ORIGIN_HAS_USER;

    struct text rest;
    if (!origin_write_host(authority, &out, &rest))
        return ORIGIN_BAD_HOST;
    if (!origin_write_port(rest, default_port, &out))
        return ORIGIN_BAD_PORT;
    if (out.full)
        return ORIGIN_TOO_LONG;
    memcpy(ret, out.bytes, out.len);
    ret[out.len] = '\0';
    *ret_len = out.len;
    return ORIGIN_OK;
}

const char *origin_error_string(enum origin_error error)
{
    switch (error) {
    case ORIGIN_OK: return "the origin is in order";
    case ORIGIN_EMPTY: return "an origin is empty: write it like https://shop.example";
    case ORIGIN_TOO_LONG: return "an origin is longer than 255 bytes";
    case ORIGIN_NO_SCHEME:
        return "an origin begins with its scheme: write it like https://shop.example";
    case ORIGIN_IS_NULL:
        return "null stands for any sandboxed page, so it can't be allowed: name the real origin";
    case ORIGIN_WILDCARD: return "an origin has no wildcards: name each one";
    case ORIGIN_HAS_PATH:
        return "an origin has no path, query or fragment: end it after host and port";
    case ORIGIN_HAS_USER: return "an origin has no user or password: leave out all up to the '@'";
    case ORIGIN_NOT_ASCII:
        return "an origin is ASCII: write the host in punycode, like https://xn--bcher-kva.example";
    case ORIGIN_BAD_HOST:
        return "an origin's host is a name without a dot at its end, an IPv4 address like "
               "192.0.2.1, or an IPv6 address in brackets like [2001:db8::1]";
    case ORIGIN_BAD_PORT:
        return "an origin's port is a number from 1 to 65535 without leading zeroes";
    }
    return "not an origin";
}

bool origin_matches(struct textlist allowed, struct text origin)
{
    if (origin.len == 0 || text_equal(origin, TEXT("null")))
        return false;
    return textlist_contains(allowed, origin);
}
