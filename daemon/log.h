/* log.h - what the daemon tells its operator
 *
 * To the journal with structured fields when stderr is connected to it, else one line on stderr.
 * Whatever goes out is searched for token text first and masked: no caller can leak one by mistake.
 * Thread-safe.
 */
#ifndef STKGATE_DAEMON_LOG_H
#define STKGATE_DAEMON_LOG_H

#include <syslog.h>

#include "lib/core/decide.h"

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG. Drops what is above max. */
void log_set_max_priority(int priority);

void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A refusal: key_id, site and reason; never more than so many a second (the rest are counted and
 * the count is told). now_ns: CLOCK_MONOTONIC. */
void log_refusal(const struct verdict *verdict, const char *service, uint64_t now_ns);

/* A committed change: verb, key_id, site, uid of who asked. */
struct log_change {
    const char *verb;
    const char *key_id;
    const char *site;
    const char *reason;
    unsigned uid;
    long pid;
};
void log_change(const struct log_change *change);

/* Overwrite with '*' what follows stk_live_ or stk_test_ plus four characters. In place. */
void log_mask(char *line);

#endif
