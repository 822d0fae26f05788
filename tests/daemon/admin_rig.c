#include "tests/daemon/admin_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct answer admin_rig_answer;

void admin_rig_start(struct rig *rig)
{
    rig_config = NULL;
    rig_prepare = NULL;
    rig_start(rig, rig_serve_faces);
}

json_t *admin_rig_call(const struct rig *rig, unsigned status, const char *method,
                       const char *target, const char *body)
{
    struct answer *answer = &admin_rig_answer;
    char head[1024];

    snprintf(head, sizeof head, "%s %s HTTP/1.1", method, target);
    rig_call(rig, "admin", head, body, answer);
    ck_assert_msg(answer->status == status, "%s %s %s: %u %s", method, target, body, answer->status,
                  answer->body);
    ck_assert_str_eq(rig_field(answer, "Content-Type"),
                     status < 300 ? "application/json" : "application/problem+json");
    ck_assert_str_eq(rig_field(answer, "Cache-Control"), "no-store");
    json_t *object = json_loads(answer->body, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(object);
    if (status >= 300)
        ck_assert_int_eq(admin_rig_number(object, "status"), status);
    return object;
}

void admin_rig_expect(const struct rig *rig, unsigned status, const char *method,
                      const char *target, const char *body, const char *part)
{
    json_decref(admin_rig_call(rig, status, method, target, body));
    ck_assert_msg(strstr(admin_rig_answer.body, part), "%s %s %s: %s", method, target, body,
                  admin_rig_answer.body);
}

void admin_rig_expect_all(const struct rig *rig, const struct admin_rig_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        admin_rig_expect(rig, rows[i].status, rows[i].method, rows[i].target, rows[i].body,
                         rows[i].part);
        if (rows[i].status == 405)
            ck_assert_str_eq(rig_field(&admin_rig_answer, "Allow"), rows[i].part);
    }
}

const char *admin_rig_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

json_int_t admin_rig_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    ck_assert_msg(json_is_integer(value), "%s", name);
    return json_integer_value(value);
}

const char *admin_rig_target(const struct rig_token *token, const char *verb)
{
    static char targets[ADMIN_RIG_TARGETS][128];
    static unsigned calls;
    char *target = targets[calls++ % ADMIN_RIG_TARGETS];

    snprintf(target, sizeof targets[0], "/v1/tokens/%s%s", token->key_id, verb);
    return target;
}

unsigned admin_rig_check(const struct rig *rig, const char *secret)
{
    static struct answer verdict;
    char head[256];

    snprintf(head, sizeof head, "GET /v1/check HTTP/1.1\r\nX-Stella-Token: %s\r\nX-Site-ID: kasa",
             secret);
    rig_call(rig, "http", head, "", &verdict);
    return verdict.status;
}
