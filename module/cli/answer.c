#include "module/cli/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

/* Whatever answered, no control character of its reaches the terminal. */
static void put_text(const char *text)
{
    for (; *text; text++)
        putchar(*text >= 0x20 && *text <= 0x7e ? *text : '?');
}

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {
        [STKGATE_KIND_NONE] = "none",
        [STKGATE_KIND_LIVE] = "live",
        [STKGATE_KIND_TEST] = "test",
        [STKGATE_KIND_LEGACY] = "legacy",
    };
    return kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* Whole seconds, rounded up as in the header fields. */
static uint64_t seconds(uint64_t ns)
{
    return ns / NS_PER_S + (ns % NS_PER_S != 0);
}

/* RFC 3339 into text; NULL for none. */
static const char *moment(int64_t unix_s, char text[static 32])
{
    time_t at = (time_t)unix_s;
    struct tm parts;
    if (unix_s <= 0 || !gmtime_r(&at, &parts))
        return NULL;
    return strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) ? text : NULL;
}

/* ---- a line of words ----------------------------------------------------------------------- */

static int print_field(const char *name, const char *value, void *userdata)
{
    put_text(name);
    fputs(": ", stdout);
    put_text(value);
    putchar('\n');
    return 0;
}

static void print_words(const struct stkgate_verdict *verdict)
{
    char text[32];
    printf("%" PRIu32 " %s", verdict->status, stkgate_reason_string(verdict->reason));
    if (verdict->key_id[0]) {
        printf(" kind=%s key_id=", kind_name(verdict->kind));
        put_text(verdict->key_id);
        fputs(" site=", stdout);
        put_text(verdict->site);
    }
    if (verdict->status == 200 || verdict->status == 429)
        printf(" remaining=%" PRIu64 "/%" PRIu64 " reset=%" PRIu64 "s", verdict->remaining,
               verdict->limit, seconds(verdict->reset_ns));
    if (verdict->status == 429)
        printf(" retry_after=%" PRIu64 "s", seconds(verdict->retry_after_ns));
    if (moment(verdict->deprecation, text))
        printf(" deprecation=%s", text);
    if (moment(verdict->sunset, text))
        printf(" sunset=%s", text);
    putchar('\n');
}

/* ---- an object ----------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *window(uint64_t ns)
{
    return ns % NS_PER_S == 0 ? number(ns / NS_PER_S) : json_real((double)ns / (double)NS_PER_S);
}

static int collect_field(const char *name, const char *value, void *userdata)
{
    return json_object_set_new(userdata, name, json_string(value)) < 0 ? -ENOMEM : 0;
}

static json_t *make_object(const struct stkgate_verdict *verdict)
{
    char deprecation[32], sunset[32];
    /* The order is that of the documentation; a member is never left out, but null. */
    return json_pack(
        "{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /* */
        "status", (int)verdict->status, "reason", stkgate_reason_string(verdict->reason), "kind",
        kind_name(verdict->kind), "key_id", text_or_null(verdict->key_id), "site_id",
        text_or_null(verdict->site), "limit", number(verdict->limit), "window_seconds",
        window(verdict->window_ns), "burst", number(verdict->burst), "remaining",
        number(verdict->remaining), "reset_seconds", number(seconds(verdict->reset_ns)),
        "retry_after_seconds", number(seconds(verdict->retry_after_ns)), "deprecation_at",
        text_or_null(moment(verdict->deprecation, deprecation)), "sunset_at",
        text_or_null(moment(verdict->sunset, sunset)), "link", text_or_null(verdict->link));
}

static int print_object(stkgate *gate, const struct stkgate_verdict *verdict, bool with_headers)
{
    json_t *object = make_object(verdict);
    int r = object ? 0 : -ENOMEM;
    if (r == 0 && with_headers) {
        json_t *fields = json_object();
        r = json_object_set_new(object, "headers", fields) < 0
                ? -ENOMEM
                : stkgate_verdict_headers(gate, verdict, collect_field, fields);
    }
    /* ASCII only: what is printable elsewhere is no matter here. */
    char *text = r == 0 ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (r == 0 && !text)
        r = -ENOMEM;
    if (text)
        puts(text);
    free(text);
    json_decref(object);
    return r;
}

int answer_print(stkgate *gate, const struct stkgate_verdict *verdict, struct answer_form form)
{
    if (form.json)
        return print_object(gate, verdict, form.headers);
    print_words(verdict);
    return form.headers ? stkgate_verdict_headers(gate, verdict, print_field, NULL) : 0;
}
