#include <stdio.h>
#include <unistd.h>

#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

START_TEST(shows_use_but_never_the_secret)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"test\":false");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    json_t *shown = admin_rig_call(&rig, 200, "GET", admin_rig_target(&token, ""), "");
    ck_assert_ptr_null(json_object_get(shown, "secret"));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    ck_assert_int_eq(admin_rig_number(shown, "allowed_count"), 1);
    ck_assert_int_eq(admin_rig_number(shown, "remaining"), 59);
    ck_assert_ptr_nonnull(admin_rig_text(shown, "last_used_at"));
    json_decref(shown);
    json_decref(admin_rig_call(&rig, 200, "GET", "/v1/tokens", ""));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    json_decref(admin_rig_call(&rig, 200, "GET", "/v1/audit", ""));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, token.secret));
    admin_rig_expect(&rig, 404, "GET", "/v1/tokens/key_0123456789ABCDEF", "",
                     "no token with this key_id");
    rig_stop(&rig);
}
END_TEST

static size_t count_pages(struct rig *rig, const char *query, unsigned limit, size_t *ret_pages)
{
    char target[1024], next[512] = "";
    size_t tokens = 0;

    for (*ret_pages = 1;; ++*ret_pages) {
        snprintf(target, sizeof target, "/v1/tokens?limit=%u%s%s%s", limit, query,
                 next[0] ? "&after=" : "", next);
        json_t *list = admin_rig_call(rig, 200, "GET", target, "");
        size_t count = json_array_size(json_object_get(list, "tokens"));
        ck_assert_uint_le(count, limit);
        tokens += count;
        const char *position = admin_rig_text(list, "next");
        if (position)
            snprintf(next, sizeof next, "%s", position);
        json_decref(list);
        if (!position)
            return tokens;
    }
}

START_TEST(lists_page_by_page)
{
    struct rig_token tokens[5];
    struct rig rig;
    size_t pages;

    admin_rig_start(&rig);
    for (size_t i = 0; i < 5; i++)
        tokens[i] = rig_mint(&rig, "");
    json_decref(
        admin_rig_call(&rig, 201, "POST", "/v1/tokens", "{\"site_id\":\"other\",\"name\":\"n\"}"));
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&tokens[1], "/revoke"), ""));
    ck_assert_uint_eq(count_pages(&rig, "", 100, &pages), 6);
    ck_assert_uint_eq(pages, 1);
    ck_assert_uint_eq(count_pages(&rig, "", 4, &pages), 6);
    ck_assert_uint_eq(pages, 2);
    ck_assert_uint_eq(count_pages(&rig, "", 1, &pages), 6);
    ck_assert_uint_eq(pages, 6);
    ck_assert_uint_eq(count_pages(&rig, "&site=kasa", 2, &pages), 5);
    ck_assert_uint_eq(pages, 3);
    ck_assert_uint_eq(count_pages(&rig, "&site=kasa&state=active", 2, &pages), 4);
    ck_assert_uint_eq(count_pages(&rig, "&state=revoked", 100, &pages), 1);
    ck_assert_uint_eq(count_pages(&rig, "&state=expired", 100, &pages), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_the_audit_trail_newest_first)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/revoke"),
                               "{\"reason\":\"old\"}"));
    json_decref(admin_rig_call(&rig, 201, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}"));
    json_t *trail = admin_rig_call(&rig, 200, "GET", "/v1/audit?limit=2", "");
    json_t *entries = json_object_get(trail, "entries");
    ck_assert_uint_eq(json_array_size(entries), 2);
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 0), "action"), "scope-add");
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 0), "related"), "wish:read");
    const json_t *revoked = json_array_get(entries, 1);
    ck_assert_str_eq(admin_rig_text(revoked, "action"), "revoke");
    ck_assert_str_eq(admin_rig_text(revoked, "key_id"), token.key_id);
    ck_assert_str_eq(admin_rig_text(revoked, "site_id"), "kasa");
    ck_assert_str_eq(admin_rig_text(revoked, "reason"), "old");
    ck_assert_int_eq(admin_rig_number(revoked, "uid"), geteuid());
    ck_assert_int_eq(admin_rig_number(revoked, "pid"), getpid());
    ck_assert_int_eq(admin_rig_number(trail, "next"), 2);
    json_decref(trail);
    trail = admin_rig_call(&rig, 200, "GET", "/v1/audit?before=2", "");
    ck_assert_uint_eq(json_array_size(json_object_get(trail, "entries")), 1);
    ck_assert(json_is_null(json_object_get(trail, "next")));
    json_decref(trail);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_list", shows_use_but_never_the_secret, lists_page_by_page,
           tells_the_audit_trail_newest_first)
