/* moment.c - see moment.h
 *
 * The calendar is computed here: strftime() and gmtime() depend on locale and time zone files.
 */
#include "lib/core/moment.h"

#include <errno.h>
#include <stdio.h>

#define DAY_S INT64_C(86400)

struct civil {
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned hour, minute, second;
};

static bool year_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

/* Days from year 1 to 1 January of a year (from 1 on), in the Gregorian calendar. */
static int64_t year_first_day(int64_t year)
{
    int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int64_t civil_to_unix(const struct civil *c)
{
    int64_t days = year_first_day(c->year) - year_first_day(1970) + c->day - 1;
    for (unsigned month = 1; month < c->month; month++)
        days += month_days(c->year, month);
    return days * DAY_S + c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;
}

/* unix_s from 0 to MOMENT_MAX_S. */
static struct civil civil_of_unix(int64_t unix_s)
{
    int64_t days = unix_s / DAY_S;
    unsigned rest = (unsigned)(unix_s % DAY_S);
    struct civil c = {
        .month = 1, .hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60};
    /* Too late by a year at most: a year has 365 days or more. */
    c.year = 1970 + days / 365;
    days += year_first_day(1970);
    while (year_first_day(c.year) > days)
        c.year--;
    days -= year_first_day(c.year);
    while (days >= month_days(c.year, c.month))
        days -= month_days(c.year, c.month++);
    c.day = (unsigned)days + 1;
    return c;
}

static bool moment_in_range(int64_t unix_s)
{
    return unix_s >= 0 && unix_s <= MOMENT_MAX_S;
}

void moment_rfc3339(int64_t unix_s, char ret[static MOMENT_TEXT_MAX])
{
    if (!moment_in_range(unix_s)) {
        text_copy(TEXT("-"), ret, MOMENT_TEXT_MAX);
        return;
    }
    struct civil c = civil_of_unix(unix_s);
    snprintf(ret, MOMENT_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)c.year % 10000,
             c.month % 100, c.day % 100, c.hour % 100, c.minute % 100, c.second % 100);
}

void moment_imf(int64_t unix_s, char ret[static MOMENT_TEXT_MAX])
{
    static const char weekdays[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (!moment_in_range(unix_s)) {
        text_copy(TEXT("-"), ret, MOMENT_TEXT_MAX);
        return;
    }
    struct civil c = civil_of_unix(unix_s);
    snprintf(ret, MOMENT_TEXT_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             weekdays[unix_s / DAY_S % 7], c.day % 100, months[c.month - 1],
             (unsigned)c.year % 10000, c.hour % 100, c.minute % 100, c.second % 100);
}

/* ---- reading: a cursor over characters, whose error sticks ----------------------------------- */

struct scanner {
    struct text left;
    bool failed;
};

static char scan_peek(const struct scanner *s)
{
    return (char)(s->left.len > 0 ? s->left.data[0] : '\0');
}

static char scan_char(struct scanner *s)
{
    if (s->left.len == 0) {
        s->failed = true;
        return '\0';
    }
    s->left.len--;
    return *s->left.data++;
}

static void scan_expect(struct scanner *s, const char *any_of)
{
    char c = scan_char(s);
    if (c == '\0' || !strchr(any_of, c))
        s->failed = true;
}

/* Exactly this many digits. */
static unsigned scan_digits(struct scanner *s, unsigned count)
{
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++) {
        char c = scan_char(s);
        if (c < '0' || c > '9')
            s->failed = true;
        else
            value = value * 10 + (unsigned)(c - '0');
    }
    return value;
}

/* All digits that follow, at least one. False, and the digits skipped, above UINT64_MAX. */
static bool scan_number(struct scanner *s, uint64_t *ret)
{
    uint64_t value = 0;
    bool fits = true;
    if (scan_peek(s) < '0' || scan_peek(s) > '9')
        s->failed = true;
    while (scan_peek(s) >= '0' && scan_peek(s) <= '9') {
        unsigned digit = (unsigned)(scan_char(s) - '0');
        fits = fits && !__builtin_mul_overflow(value, UINT64_C(10), &value) &&
               !__builtin_add_overflow(value, digit, &value);
    }
    *ret = value;
    return fits;
}

/* "Z" or "+hh:mm" -> seconds east of UTC. */
static int64_t scan_offset_s(struct scanner *s)
{
    char sign = scan_char(s);
    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-')
        s->failed = true;
    unsigned hours = scan_digits(s, 2);
    scan_expect(s, ":");
    unsigned minutes = scan_digits(s, 2);
    if (hours > 23 || minutes > 59)
        s->failed = true;
    int64_t offset_s = hours * INT64_C(3600) + minutes * INT64_C(60);
    return sign == '-' ? -offset_s : offset_s;
}

static int64_t scan_rfc3339(struct scanner *s)
{
    struct civil c = {0};
    c.year = scan_digits(s, 4);
    scan_expect(s, "-");
    c.month = scan_digits(s, 2);
    scan_expect(s, "-");
    c.day = scan_digits(s, 2);
    if (s->failed || c.year < 1 || c.month < 1 || c.month > 12 || c.day < 1 ||
        c.day > month_days(c.year, c.month)) {
        s->failed = true;
        return 0;
    }
    if (s->left.len == 0)
        return civil_to_unix(&c);

    scan_expect(s, "Tt");
    c.hour = scan_digits(s, 2);
    scan_expect(s, ":");
    c.minute = scan_digits(s, 2);
    scan_expect(s, ":");
    c.second = scan_digits(s, 2);
    if (c.hour > 23 || c.minute > 59 || c.second > 59) /* Unix time has no leap seconds */
        s->failed = true;
    if (scan_peek(s) == '.') { /* a fraction: rounded down, however long */
        uint64_t fraction;
        scan_char(s);
        (void)scan_number(s, &fraction);
    }
    return civil_to_unix(&c) - scan_offset_s(s);
}

int moment_parse(struct text t, int64_t *ret_unix_s)
{
    struct scanner s = {t, false};
    int64_t unix_s;
    if (scan_peek(&s) == '@') {
        uint64_t number;
        scan_char(&s);
        if (!scan_number(&s, &number) || number > (uint64_t)MOMENT_MAX_S)
            return -EINVAL;
        unix_s = (int64_t)number;
    } else {
        unix_s = scan_rfc3339(&s);
    }
    if (s.failed || s.left.len > 0 || !moment_in_range(unix_s))
        return -EINVAL;
    *ret_unix_s = unix_s;
    return 0;
}

/* ---- spans --------------------------------------------------------------------------------- */

#define SECOND_NS UINT64_C(1000000000)

static const struct span_unit {
    const char *name;
    uint64_t ns;
} span_units[] = {
    /* from the largest: span_format() takes the first that divides */
    {"w", 604800 * SECOND_NS},
    {"d", 86400 * SECOND_NS},
    {"h", 3600 * SECOND_NS},
    {"m", 60 * SECOND_NS},
    {"s", SECOND_NS},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};

#define SPAN_UNITS (sizeof span_units / sizeof span_units[0])

int span_parse(struct text t, uint64_t *ret_ns)
{
    struct scanner s = {t, false};
    uint64_t number, ns;
    bool fits = scan_number(&s, &number);
    if (s.failed)
        return -EINVAL;
    uint64_t unit_ns = s.left.len == 0 ? SECOND_NS : 0;
    for (size_t i = 0; i < SPAN_UNITS; i++)
        if (text_equal(s.left, text_of(span_units[i].name)))
            unit_ns = span_units[i].ns;
    if (unit_ns == 0)
        return -EINVAL;
    if (!fits || __builtin_mul_overflow(number, unit_ns, &ns) || ns > INT64_MAX)
        return -ERANGE;
    *ret_ns = ns;
    return 0;
}

void span_format(uint64_t ns, char ret[static SPAN_TEXT_MAX])
{
    if (ns == 0) {
        text_copy(TEXT("0s"), ret, SPAN_TEXT_MAX);
        return;
    }
    size_t i = 0;
    while (ns % span_units[i].ns != 0)
        i++;
    snprintf(ret, SPAN_TEXT_MAX, "%llu%s", (unsigned long long)(ns / span_units[i].ns),
             span_units[i].name);
}
