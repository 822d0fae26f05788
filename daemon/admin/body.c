#include "daemon/admin/body.h"

#include <string.h>

#include "daemon/commands.h"
#include "lib/core/moment.h"

void body_init(struct body *body)
{
    *body = (struct body){.json = json_object()};
}

static void add(struct body *body, const char *member, json_t *value)
{
    if (json_object_set_new(body->json, member, value) < 0 && !body->bad)
        body->bad = member;
}

void body_add_text(struct body *body, const char *member, const char *text)
{
    if (text)
        add(body, member, json_string(text));
}

void body_add_flag(struct body *body, const char *member, bool flag)
{
    if (flag)
        add(body, member, json_true());
}

void body_add_answer(struct body *body, const char *member, enum argument_answer answer)
{
    if (answer != ARGUMENT_UNSAID)
        add(body, member, json_boolean(answer == ARGUMENT_YES));
}

void body_add_null(struct body *body, const char *member)
{
    add(body, member, json_null());
}

void body_add_none(struct body *body, const char *member)
{
    add(body, member, json_array());
}

void body_add_texts(struct body *body, const char *member, const struct argument_texts *texts)
{
    if (texts->count == 0)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < texts->count; i++) {
        const char *at = texts->items[i] + strspn(texts->items[i], " ,");
        while (*at) {
            size_t len = strcspn(at, " ,");
            if (json_array_append_new(list, json_stringn(at, len)) < 0 && !body->bad)
                body->bad = member;
            at += len + strspn(at + len, " ,");
        }
    }
    add(body, member, list);
}

void body_add_when(struct body *body, const char *member, const struct argument_when *when,
                   int64_t now_s)
{
    if (!when->is_given)
        return;
    if (when->is_never) {
        body_add_null(body, member);
        return;
    }
    /* Any span fits: below 2^34 seconds. Beyond the year 9999 the daemon has its say. */
    int64_t at_s = when->is_span ? now_s + (int64_t)(when->span_ns / 1000000000u) : when->at_s;
    char text[MOMENT_TEXT_MAX];
    moment_rfc3339(at_s, text);
    body_add_text(body, member, text);
}

void body_add_grant(struct body *body, const struct body_grant *grant)
{
    body_add_text(body, "site_id", grant->site);
    body_add_text(body, "name", grant->name);
    body_add_texts(body, "scopes", &grant->scopes);
    body_add_texts(body, "allowed_origins", &grant->origins);
    if (!grant->limit && !grant->burst && !grant->window)
        return;
    struct body limit;
    body_init(&limit);
    if (grant->limit)
        add(&limit, "requests", json_integer((json_int_t)grant->limit));
    body_add_text(&limit, "window", grant->window);
    if (grant->burst)
        add(&limit, "burst", json_integer((json_int_t)grant->burst));
    if (limit.bad && !body->bad)
        body->bad = limit.bad;
    add(body, "limit", limit.json);
}

bool body_is_empty(const struct body *body)
{
    return json_object_size(body->json) == 0 && !body->bad;
}

int body_finish(struct body *body, const struct admin *admin, json_t **ret)
{
    if (!body->bad) {
        *ret = body->json;
        return EXIT_STATUS_OK;
    }
    json_decref(body->json);
    body->json = NULL;
    return arguments_fail(admin->usage, "the value for %s is not valid UTF-8 text", body->bad);
}
