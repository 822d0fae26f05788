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

/* The same for a process that is about to end: never one entry with fields. Whose those are the
 * journal finds out from /proc, and it may read it too late; of a line on stderr it knows. */
void log_last_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What an operator may want to find, to count or to be woken by. Each has a priority and a
 * MESSAGE_ID of its own, by which systemd/stkgate.catalog explains it to `journalctl -x`. */
enum log_event {
    LOG_EVENT_READY,            /* the daemon answers from now on */
    LOG_EVENT_STOPPING,         /* it was told to end */
    LOG_EVENT_FAILED,           /* it can't start, or can't go on */
    LOG_EVENT_CONFIG_RELOADED,  /* a new configuration is in force */
    LOG_EVENT_CONFIG_REFUSED,   /* a new one has a mistake: the old one stays */
    LOG_EVENT_SCOPE_UNKNOWN,    /* a service needs a scope that is not registered */
    LOG_EVENT_REFUSED,          /* a call was refused; by log_refusal() alone */
    LOG_EVENT_REFUSALS_UNTOLD,  /* more were than are told; by log_refusal() alone */
    LOG_EVENT_TABLE_UNREADABLE, /* a look-up failed: the disk, or a damaged record */
    LOG_EVENT_COMMIT_UNKNOWN,   /* the disk failed: a change may or may not be there */
    LOG_EVENT_OUT_OF_ROOM,      /* descriptors or memory are used up */
    LOG_EVENT_SHARE_USED_UP,    /* a user has as many connections as one may have */
    LOG_EVENT_CLOCK_WENT_BACK,  /* the wall clock, by more than an adjustment */
    LOG_EVENT_COUNT,
};

/* LOG_EVENT_FAILED is told twice where stderr is the journal: an entry with its MESSAGE_ID, and a
 * last line (above), since `journalctl -u` may not find the entry.
 * What others can provoke at will (a table that can't be read, no room, a share used up, the
 * clock) is told once a second at most; how often it came in between is told with the next one. */
void log_event(enum log_event event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many refusals are told in a second, 50 unless set: 1 to 1,000,000. */
#define LOG_REFUSAL_RATE_DEFAULT 50
#define LOG_REFUSAL_RATE_MAX     1000000
void log_set_refusal_rate(unsigned per_second);

/* A refusal: key_id, site and reason; never more than so many a second (the rest are counted and
 * the count is told). now_ns: CLOCK_MONOTONIC. */
void log_refusal(const struct verdict *verdict, const char *service, uint64_t now_ns);

/* A committed change: verb, key_id, site, uid of who asked. Each verb has a MESSAGE_ID of its own,
 * too. */
struct log_change {
    const char *verb; /* as change_verb_name() has it */
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
