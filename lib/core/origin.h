/* origin.h - web origins (Fetch standard): canonicalise when configured, compare when checked
 *
 * scheme "://" host [":" port]. Outside a browser an Origin is forged at will: the rule keeps a
 * token that leaked into other sites' pages from working there, no more. Pure.
 */
#ifndef STKGATE_CORE_ORIGIN_H
#define STKGATE_CORE_ORIGIN_H

#include "lib/core/text.h"

#define ORIGIN_MAX        255 /* bytes; no longer one can be configured, so none can match */
#define ORIGINS_MAX       16  /* per token */
#define ORIGINS_BYTES_MAX ((size_t)ORIGINS_MAX * (ORIGIN_MAX + 1))

enum origin_error {
    ORIGIN_OK = 0,
    ORIGIN_EMPTY,
    ORIGIN_TOO_LONG,
    ORIGIN_NO_SCHEME, /* nothing like https:// in front */
    ORIGIN_IS_NULL,   /* "null" can't be told from any other sandboxed page */
    ORIGIN_WILDCARD,
    ORIGIN_HAS_PATH, /* a path, query or fragment */
    ORIGIN_HAS_USER,
    ORIGIN_NOT_ASCII, /* ask for punycode */
    ORIGIN_BAD_HOST,
    ORIGIN_BAD_PORT,
};

/* Lower-case, default port dropped, one trailing slash dropped, IPv6 as RFC 5952 has it. On
 * ORIGIN_OK ret holds the canonical form, NUL-terminated, and *ret_len its length; else untouched.
 * A host of digits and dots must be an IPv4 address in its usual form; a trailing dot of a host
 * is refused. */
enum origin_error origin_canonicalise(struct text t, char ret[static ORIGIN_MAX + 1],
                                      size_t *ret_len);

/* What is wrong and what to write instead, for an operator. Static. */
const char *origin_error_string(enum origin_error error);

/* Whether a request's Origin is, byte for byte, one of the list of canonical ones. Never for an
 * empty one or "null". */
bool origin_matches(struct textlist allowed, struct text origin);

#endif
