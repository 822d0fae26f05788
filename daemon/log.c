#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/core/rate.h"

#define LINE_MAX_BYTES 1024

/* Refusals told per second. A flood of bad calls must not become a flood of the journal. */
#define REFUSALS_PER_SECOND 50

static _Atomic int max_priority = LOG_INFO;

void log_set_max_priority(int priority)
{
    atomic_store_explicit(&max_priority, priority, memory_order_relaxed);
}

static bool is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void log_mask(char *line)
{
    for (char *at = line; (at = strstr(at, "stk_")) != NULL;) {
        at += strlen("stk_");
        if (strncmp(at, "live_", 5) != 0 && strncmp(at, "test_", 5) != 0)
            continue;
        at += 5;
        for (int shown = 0; is_base62(*at); at++)
            if (++shown > SECRET_PREFIX_LEN - TOKEN_PREFIX_LEN)
                *at = '*';
    }
}

/* systemd tells a service which device and inode its journal stream has; a stderr that was
 * redirected since is somebody else's. */
static bool stderr_is_journal(void)
{
    const char *stream = secure_getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* fields: further "NAME=value" strings for the journal, up to the first NULL. */
static void emit(int priority, char *message, char *const fields[])
{
    log_mask(message);
    if (!stderr_is_journal()) {
        /* One write per line: lines of threads don't mix. */
        char line[LINE_MAX_BYTES + 16];
        int len = snprintf(line, sizeof line, "stkgate: %s\n", message);
        if (len > 0)
            (void)!write(STDERR_FILENO, line, (size_t)len);
        return;
    }
    char text[LINE_MAX_BYTES + 16];
    char level[16];
    struct iovec iov[12];
    int count = 0;
    snprintf(text, sizeof text, "MESSAGE=%s", message);
    snprintf(level, sizeof level, "PRIORITY=%d", priority);
    iov[count++] = (struct iovec){text, strlen(text)};
    iov[count++] = (struct iovec){level, strlen(level)};
    for (; fields && *fields && count < 12; fields++) {
        log_mask(*fields);
        iov[count++] = (struct iovec){*fields, strlen(*fields)};
    }
    (void)sd_journal_sendv(iov, count);
}

void log_line(int priority, const char *format, ...)
{
    char message[LINE_MAX_BYTES];
    va_list args;

    if (priority > atomic_load_explicit(&max_priority, memory_order_relaxed))
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    emit(priority, message, NULL);
}

/* How many refusals were not told since the last one that was; -1: this one isn't told either. */
static long refusal_quota(uint64_t now_ns)
{
    static const struct rate rate = {UINT64_C(1000000000) / REFUSALS_PER_SECOND,
                                     REFUSALS_PER_SECOND, UINT64_C(1000000000)};
    static _Atomic uint64_t tat;
    static _Atomic long dropped;

    struct rate_result result = rate_spend(&rate, atomic_load(&tat), now_ns, 1);
    if (!result.allowed) {
        atomic_fetch_add(&dropped, 1);
        return -1;
    }
    atomic_store(&tat, result.tat_ns);
    return atomic_exchange(&dropped, 0);
}

void log_refusal(const struct verdict *verdict, const char *service, uint64_t now_ns)
{
    char message[LINE_MAX_BYTES];
    char key_id[64], site[96], reason[64], name[96];

    if (LOG_INFO > atomic_load_explicit(&max_priority, memory_order_relaxed))
        return;
    long untold = refusal_quota(now_ns);
    if (untold < 0)
        return;
    if (untold > 0)
        log_line(LOG_NOTICE, "%ld more refusals were not logged: too many at once", untold);

    snprintf(message, sizeof message, "refused reason=%s key_id=%s site=%s service=%s",
             reason_name(verdict->reason), verdict->key_id[0] ? verdict->key_id : "-",
             verdict->site[0] ? verdict->site : "-", service);
    snprintf(reason, sizeof reason, "STKGATE_REASON=%s", reason_name(verdict->reason));
    snprintf(key_id, sizeof key_id, "STKGATE_KEY_ID=%s", verdict->key_id);
    snprintf(site, sizeof site, "STKGATE_SITE=%s", verdict->site);
    snprintf(name, sizeof name, "STKGATE_SERVICE=%s", service);
    emit(LOG_INFO, message, (char *const[]){reason, name, key_id, site, NULL});
}

void log_change(const struct log_change *change)
{
    char message[LINE_MAX_BYTES];
    char verb[64], key_id[64], site[96], reason[REASON_MAX + 32], uid[64];

    if (LOG_NOTICE > atomic_load_explicit(&max_priority, memory_order_relaxed))
        return;
    snprintf(message, sizeof message, "%s key_id=%s site=%s by uid=%u pid=%ld%s%s", change->verb,
             change->key_id[0] ? change->key_id : "-", change->site[0] ? change->site : "-",
             change->uid, change->pid, change->reason[0] ? " reason=" : "", change->reason);
    snprintf(verb, sizeof verb, "STKGATE_VERB=%s", change->verb);
    snprintf(key_id, sizeof key_id, "STKGATE_KEY_ID=%s", change->key_id);
    snprintf(site, sizeof site, "STKGATE_SITE=%s", change->site);
    snprintf(reason, sizeof reason, "STKGATE_REASON=%s", change->reason);
    snprintf(uid, sizeof uid, "STKGATE_ADMIN_UID=%u", change->uid);
    emit(LOG_NOTICE, message, (char *const[]){verb, key_id, site, reason, uid, NULL});
}
