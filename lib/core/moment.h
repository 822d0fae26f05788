/* moment.h - points and spans of time as text, independent of locale and time zone
 *
 * Pure. RFC 3339 for people and JSON, IMF-fixdate (RFC 9110) for HTTP, "15m" for spans.
 */
#ifndef STKGATE_CORE_MOMENT_H
#define STKGATE_CORE_MOMENT_H

#include "lib/core/text.h"

#define MOMENT_MAX_S    INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MOMENT_TEXT_MAX 32
#define SPAN_TEXT_MAX   32

/* "2026-11-24T03:55:00Z". unix_s from 0 to MOMENT_MAX_S, else "-". */
void moment_rfc3339(int64_t unix_s, char ret[static MOMENT_TEXT_MAX]);

/* "Sun, 30 Jun 2024 23:59:59 GMT". */
void moment_imf(int64_t unix_s, char ret[static MOMENT_TEXT_MAX]);

/* RFC 3339 with 'Z' or an offset, or a date alone (its midnight, UTC), or "@" and Unix seconds.
 * -EINVAL; also for a day or hour that does not exist. */
int moment_parse(struct text t, int64_t *ret_unix_s);

/* A whole number and a unit: ns us ms s m h d w; a bare number is seconds. -EINVAL; -ERANGE above
 * INT64_MAX ns. 0 is allowed. */
int span_parse(struct text t, uint64_t *ret_ns);

/* The largest unit that gives a whole number: "90s", "15m", "36h", "0s". span_parse() reads it
 * back. */
void span_format(uint64_t ns, char ret[static SPAN_TEXT_MAX]);

#endif
