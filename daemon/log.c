/* Where in this file an entry was sent from tells nobody anything. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/rate.h"

#define LINE_MAX_BYTES   1024
#define BEFORE_MAX_BYTES 32 /* what write_line() begins with */

#define FIELDS_MAX       8 /* MESSAGE and PRIORITY among them */
#define NS_PER_S         UINT64_C(1000000000)

enum occasion {
    AT_TIMES,
    AT_WILL, /* of others: there may be a flood of it */
    AT_LAST, /* the process ends after it */
};

/* Made once with systemd-id128(1), and never given to anything else: people have rules for them. */
static const struct {
    const char *id;
    int priority;
    enum occasion occasion;
} events[LOG_EVENT_COUNT] = {
    [LOG_EVENT_READY] = {"MESSAGE_ID=2d48696bca914a008ef6f76005cf7375", LOG_INFO, AT_TIMES},
    [LOG_EVENT_STOPPING] = {"MESSAGE_ID=8e0997b4f37145868d2566448c7ebc2d", LOG_INFO, AT_TIMES},
    [LOG_EVENT_FAILED] = {"MESSAGE_ID=acc4be13658d4d2097d6a5bdc71a985d", LOG_ERR, AT_LAST},
    [LOG_EVENT_CONFIG_RELOADED] = {"MESSAGE_ID=3a82e764bb564e7593dea1117967d6b2", LOG_INFO,
                                   AT_TIMES},
    [LOG_EVENT_CONFIG_REFUSED] = {"MESSAGE_ID=63740cae6a9348e9a4c145f116f0a1d6", LOG_ERR, AT_TIMES},
    [LOG_EVENT_SCOPE_UNKNOWN] = {"MESSAGE_ID=86776093d6e2406799f8205fe3778c26", LOG_WARNING,
                                 AT_TIMES},
    [LOG_EVENT_REFUSED] = {"MESSAGE_ID=0473c8899ac84095a1cd12b549b79150", LOG_INFO, AT_TIMES},
    [LOG_EVENT_REFUSALS_UNTOLD] = {"MESSAGE_ID=018527bb8357406f91ef198ba474295a", LOG_NOTICE,
                                   AT_TIMES},
    [LOG_EVENT_TABLE_UNREADABLE] = {"MESSAGE_ID=ae1cad06c837470a83643c60085aca8e", LOG_ERR,
                                    AT_WILL},
    [LOG_EVENT_COMMIT_UNKNOWN] = {"MESSAGE_ID=cf7a2f248b9e44f1bae4cf32b0bcede3", LOG_CRIT,
                                  AT_TIMES},
    [LOG_EVENT_OUT_OF_ROOM] = {"MESSAGE_ID=a1f149e97d364368a35e3a33c930e00f", LOG_WARNING, AT_WILL},
    [LOG_EVENT_SHARE_USED_UP] = {"MESSAGE_ID=ff440057e1234a00aa8b142fdc843872", LOG_WARNING,
                                 AT_WILL},
    [LOG_EVENT_CLOCK_WENT_BACK] = {"MESSAGE_ID=99c6d84eadbb480e9c9d013bb63de5b8", LOG_WARNING,
                                   AT_WILL},
};

static const struct {
    const char *verb;
    const char *id;
} changes[] = {
    {"mint", "MESSAGE_ID=2659f6c54de24871a293322dc0497823"},
    {"edit", "MESSAGE_ID=f20797d2d38345b7a14e19cce76edb9d"},
    {"suspend", "MESSAGE_ID=1f52dd3e53294d5fa927dc0d3b8099be"},
    {"resume", "MESSAGE_ID=960128b80a2740db8f522b54fa744838"},
    {"rotate", "MESSAGE_ID=0525231638f54fbb87d231328108691e"},
    {"rotate-finish", "MESSAGE_ID=9977703470e445c2996254bae8521d79"},
    {"rotate-cancel", "MESSAGE_ID=9e33520825234bc8a29121ae7abe2fa9"},
    {"rotate-shorten", "MESSAGE_ID=e321bab4359a49ae9cc32ab94601371b"},
    {"revoke", "MESSAGE_ID=83c93fe8d7a843a79cafea532fd5ded0"},
    {"legacy-add", "MESSAGE_ID=d2bc679590484e81a2074e177a84f744"},
    {"legacy-remove", "MESSAGE_ID=aafac22659d04a8ea864627fc6ba1535"},
    {"scope-add", "MESSAGE_ID=5b77b2652e7440fe8518d020d6f793d2"},
};

static _Atomic int max_priority = LOG_INFO;
static _Atomic unsigned refusals_per_second = LOG_REFUSAL_RATE_DEFAULT;

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

    /* NOLINTNEXTLINE(cert-err34-c): systemd's own numbers; what is too large matches nothing. */
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool is_wanted(int priority)
{
    return priority <= atomic_load_explicit(&max_priority, memory_order_relaxed);
}

static bool has_no_value(const char *field)
{
    const char *value = strchr(field, '=');

    return value && value[1] == '\0';
}

/* before: what the line begins with. One write per line: lines of threads don't mix. */
static void write_line(const char *before, const char *message)
{
    char line[BEFORE_MAX_BYTES + LINE_MAX_BYTES + 1];
    int len = snprintf(line, sizeof line, "%s%s\n", before, message);

    if (len > 0)
        (void)!write(STDERR_FILENO, line, (size_t)len);
}

/* fields: further "NAME=value" strings for the journal, up to the first NULL; those with a value
 * that came from outside are masked by the caller. */
static void emit(int priority, char *message, const char *const fields[])
{
    log_mask(message);
    if (!stderr_is_journal()) {
        write_line("stkgate: ", message);
        return;
    }
    char text[LINE_MAX_BYTES + 16];
    char level[16];
    struct iovec iov[FIELDS_MAX];
    int count = 0;
    snprintf(text, sizeof text, "MESSAGE=%s", message);
    snprintf(level, sizeof level, "PRIORITY=%d", priority);
    iov[count++] = (struct iovec){text, strlen(text)};
    iov[count++] = (struct iovec){level, strlen(level)};
    for (; fields && *fields && count < FIELDS_MAX; fields++)
        if (!has_no_value(*fields))
            iov[count++] = (struct iovec){(void *)(uintptr_t)*fields, strlen(*fields)};
    (void)sd_journal_sendv(iov, count);
}

/* On stderr, whatever that is connected to. */
static void emit_last(int priority, const char *before, char *message)
{
    char start[BEFORE_MAX_BYTES];

    log_mask(message);
    if (stderr_is_journal())
        snprintf(start, sizeof start, "<%d>%s", priority & LOG_PRIMASK, before);
    else
        snprintf(start, sizeof start, "stkgate: %s", before);
    write_line(start, message);
}

void log_line(int priority, const char *format, ...)
{
    char message[LINE_MAX_BYTES];
    va_list args;

    if (!is_wanted(priority))
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    emit(priority, message, NULL);
}

void log_last_line(int priority, const char *format, ...)
{
    char message[LINE_MAX_BYTES];
    va_list args;

    if (!is_wanted(priority))
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    emit_last(priority, "", message);
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* How many of this event were not told since the last one that was; -1: this one isn't, either. */
static long flood_quota(enum log_event event)
{
    static _Atomic uint64_t due_ns[LOG_EVENT_COUNT];
    static _Atomic long untold[LOG_EVENT_COUNT];
    struct timespec ts;

    if (events[event].occasion != AT_WILL)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t now_ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
    uint64_t due = atomic_load(&due_ns[event]);
    /* Of threads that come together, one tells. */
    if (now_ns < due || !atomic_compare_exchange_strong(&due_ns[event], &due, now_ns + NS_PER_S)) {
        atomic_fetch_add(&untold[event], 1);
        return -1;
    }
    return atomic_exchange(&untold[event], 0);
}

void log_event(enum log_event event, const char *format, ...)
{
    char message[LINE_MAX_BYTES];
    va_list args;

    if (!is_wanted(events[event].priority))
        return;
    long untold = flood_quota(event);
    if (untold < 0)
        return;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (untold > 0 && len >= 0 && (size_t)len < sizeof message)
        snprintf(message + len, sizeof message - (size_t)len,
                 " (%ld more since the last such line)", untold);
    emit(events[event].priority, message, (const char *const[]){events[event].id, NULL});
    if (events[event].occasion == AT_LAST && stderr_is_journal())
        emit_last(events[event].priority, "can't go on: ", message);
}

void log_set_refusal_rate(unsigned per_second)
{
    if (per_second < 1)
        per_second = 1;
    if (per_second > LOG_REFUSAL_RATE_MAX)
        per_second = LOG_REFUSAL_RATE_MAX;
    atomic_store_explicit(&refusals_per_second, per_second, memory_order_relaxed);
}

/* How many refusals were not told since the last one that was; -1: this one isn't told either. A
 * flood of bad calls must not become a flood of the journal. */
static long refusal_quota(uint64_t now_ns)
{
    static _Atomic uint64_t tat;
    static _Atomic long untold;
    uint64_t per_second = atomic_load_explicit(&refusals_per_second, memory_order_relaxed);
    const struct rate rate = {NS_PER_S / per_second, per_second, NS_PER_S};

    struct rate_result result = rate_spend(&rate, atomic_load(&tat), now_ns, 1);
    if (!result.allowed) {
        atomic_fetch_add(&untold, 1);
        return -1;
    }
    atomic_store(&tat, result.tat_ns);
    return atomic_exchange(&untold, 0);
}

void log_refusal(const struct verdict *verdict, const char *service, uint64_t now_ns)
{
    char message[LINE_MAX_BYTES];
    char key_id[64], site[96], reason[64], name[96];

    if (!is_wanted(events[LOG_EVENT_REFUSED].priority))
        return;
    long untold = refusal_quota(now_ns);
    if (untold < 0)
        return;
    if (untold > 0)
        log_event(LOG_EVENT_REFUSALS_UNTOLD, "%ld more refusals were not logged: too many at once",
                  untold);

    snprintf(message, sizeof message, "refused reason=%s key_id=%s site=%s service=%s",
             reason_name(verdict->reason), verdict->key_id[0] ? verdict->key_id : "-",
             verdict->site[0] ? verdict->site : "-", service);
    snprintf(reason, sizeof reason, "STKGATE_REASON=%s", reason_name(verdict->reason));
    snprintf(key_id, sizeof key_id, "STKGATE_KEY_ID=%s", verdict->key_id);
    snprintf(site, sizeof site, "STKGATE_SITE=%s", verdict->site);
    snprintf(name, sizeof name, "STKGATE_SERVICE=%s", service);
    log_mask(name);
    emit(events[LOG_EVENT_REFUSED].priority, message,
         (const char *const[]){events[LOG_EVENT_REFUSED].id, reason, name, key_id, site, NULL});
}

static const char *change_id(const char *verb)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (strcmp(changes[i].verb, verb) == 0)
            return changes[i].id;
    return NULL;
}

void log_change(const struct log_change *change)
{
    char message[LINE_MAX_BYTES];
    char verb[64], key_id[64], site[96], reason[REASON_MAX + 32], uid[64];

    if (!is_wanted(LOG_NOTICE))
        return;
    snprintf(message, sizeof message, "%s key_id=%s site=%s by uid=%u pid=%ld%s%s", change->verb,
             change->key_id[0] ? change->key_id : "-", change->site[0] ? change->site : "-",
             change->uid, change->pid, change->reason[0] ? " reason=" : "", change->reason);
    snprintf(verb, sizeof verb, "STKGATE_VERB=%s", change->verb);
    snprintf(key_id, sizeof key_id, "STKGATE_KEY_ID=%s", change->key_id);
    snprintf(site, sizeof site, "STKGATE_SITE=%s", change->site);
    snprintf(reason, sizeof reason, "STKGATE_REASON=%s", change->reason);
    log_mask(reason);
    snprintf(uid, sizeof uid, "STKGATE_ADMIN_UID=%u", change->uid);
    emit(LOG_NOTICE, message,
         (const char *const[]){verb, key_id, site, reason, uid, change_id(change->verb), NULL});
}
