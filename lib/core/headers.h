/* headers.h - a verdict as HTTP: header fields, and the body of a refusal
 *
 * What a remote caller may see of a verdict is decided here, for every face of stkgate: a
 * site_mismatch reads, byte for byte, as an unknown token. Sources: RFC 9110 (Retry-After,
 * WWW-Authenticate), RFC 6750 (Bearer), RFC 6585 (429), draft-ietf-httpapi-ratelimit-headers-06
 * (three fields) and -10 (ietf form), RFC 9745 (Deprecation), RFC 8594 (Sunset), RFC 9457 (problem
 * details). Pure.
 */
#ifndef STKGATE_CORE_HEADERS_H
#define STKGATE_CORE_HEADERS_H

#include "lib/core/decide.h"
#include "lib/core/scope.h"

/* Room for the longest value, with its NUL. */
#define HEADER_VALUE_MAX (SCOPE_TEXT_MAX + 256)
/* Room for the longest body, with its NUL. */
#define PROBLEM_MAX 1024

/* Strings live until the callback returns; non-zero stops the walk and is returned. */
typedef int (*header_fn)(const char *name, const char *value, void *userdata);

/* Calls fn for each field: RateLimit fields on 200 and 429; Retry-After on 429 and 503;
 * WWW-Authenticate on 401 and on a 403 for a scope; Deprecation, Sunset and Link on every answer
 * about a legacy key that is in the table and of the right site; Cache-Control: no-store on each
 * refusal. */
int headers_each(const struct verdict *verdict, const struct policy *policy,
                 const struct scope_registry *registry, header_fn fn, void *userdata);

/* What that comes to for an allowed call about which nothing else is to be said, where the policy
 * has three fields: nearly every call's. */
int headers_three(uint64_t limit, uint64_t remaining, uint64_t reset_ns, header_fn fn,
                  void *userdata);

/* application/problem+json, NUL-terminated; returns its length, 0 for an allowed call. */
size_t headers_problem(const struct verdict *verdict, char ret[static PROBLEM_MAX]);

#endif
