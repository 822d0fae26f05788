#include "module/cgi/reply.h"

#include <stdio.h>

#define PROBLEM_MAX 1024 /* as stkgate_verdict_problem() has it */

void reply_init(struct reply *reply, bool is_raw)
{
    reply->len = 0;
    reply->is_raw = is_raw;
    reply->too_long = false;
}

static void add(struct reply *reply, const char *text, size_t len)
{
    if (len > sizeof reply->text - reply->len) {
        reply->too_long = true;
        return;
    }
    memcpy(reply->text + reply->len, text, len);
    reply->len += len;
}

static void add_text(struct reply *reply, const char *text)
{
    add(reply, text, strlen(text));
}

static void end_line(struct reply *reply)
{
    add_text(reply, reply->is_raw ? "\r\n" : "\n");
}

/* A line must not become two, whatever the daemon said. */
static void add_value(struct reply *reply, const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value >= 0x20 && *value != 0x7f)
            add(reply, value, 1);
}

void reply_add_field(struct reply *reply, const char *name, const char *value)
{
    add_text(reply, name);
    add_text(reply, ": ");
    add_value(reply, value);
    end_line(reply);
}

static int add_one(const char *name, const char *value, void *userdata)
{
    reply_add_field(userdata, name, value);
    return 0;
}

int reply_add_verdict(struct reply *reply, stkgate *gate, const struct stkgate_verdict *verdict)
{
    return stkgate_verdict_headers(gate, verdict, add_one, reply);
}

void reply_end(struct reply *reply)
{
    end_line(reply);
}

static const char *phrase(unsigned status)
{
    switch (status) {
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 429: return "429 Too Many Requests";
    case 500: return "500 Internal Server Error";
    default: return "503 Service Unavailable";
    }
}

/* Begin anew, with the status. */
static void begin(struct reply *reply, const char *status)
{
    reply_init(reply, reply->is_raw);
    if (!reply->is_raw) {
        reply_add_field(reply, "Status", status);
        return;
    }
    add_text(reply, "HTTP/1.1 ");
    add_text(reply, status);
    end_line(reply);
    /* The body ends with the connection: nobody has counted it. */
    reply_add_field(reply, "Connection", "close");
}

static void add_body(struct reply *reply, const char *body, size_t len, bool is_head)
{
    reply_add_field(reply, "Content-Type", "application/problem+json");
    reply_end(reply);
    if (!is_head)
        add(reply, body, len);
}

void reply_fail(struct reply *reply, unsigned status, bool is_head)
{
    char body[128];
    if (status != 500)
        status = 503;
    const char *title = phrase(status);
    snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u}\n",
             title + sizeof "500", status);
    begin(reply, title);
    reply_add_field(reply, "Cache-Control", "no-store");
    add_body(reply, body, strlen(body), is_head);
}

void reply_refuse(struct reply *reply, stkgate *gate, const struct stkgate_verdict *verdict,
                  bool is_head)
{
    char body[PROBLEM_MAX];
    size_t len = 0;
    /* A 200 has no place here, nor has a status that this program has no words for. */
    begin(reply, phrase(verdict->status == 200 ? 503 : verdict->status));
    int r = reply_add_verdict(reply, gate, verdict);
    if (r == 0)
        r = stkgate_verdict_problem(gate, verdict, body, sizeof body, &len);
    if (r == 0)
        add_body(reply, body, len, is_head);
    if (r != 0 || reply->too_long || verdict->status == 200)
        reply_fail(reply, 503, is_head);
}
