#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

START_TEST(mints_a_token_that_passes)
{
    struct rig rig;

    admin_rig_start(&rig);
    json_t *token =
        admin_rig_call(&rig, 201, "POST", "/v1/tokens",
                       "{\"site_id\":\"kasa\",\"name\":\"production\",\"expires_in\":\"1d\","
                       "\"limit\":{\"requests\":5,\"window\":\"10s\"}}");
    const char *secret = admin_rig_text(token, "secret");
    ck_assert_int_eq(token_parse(text_of(secret)), KIND_LIVE);
    ck_assert(key_id_is_valid(text_of(admin_rig_text(token, "key_id"))));
    ck_assert(text_begins(text_of(secret), text_of(admin_rig_text(token, "secret_prefix"))));
    ck_assert_str_eq(admin_rig_text(token, "state"), "active");
    ck_assert_int_eq(admin_rig_number(token, "created_by"), geteuid());
    ck_assert_int_eq(admin_rig_number(token, "remaining"), 5);
    ck_assert_ptr_nonnull(admin_rig_text(token, "created_at"));
    ck_assert_ptr_nonnull(admin_rig_text(token, "expires_at"));
    ck_assert_uint_eq(admin_rig_check(&rig, secret), 200);
    json_decref(token);
    rig_stop(&rig);
}
END_TEST

START_TEST(imports_a_legacy_key_without_telling_it)
{
    static const char body[] = "{\"site_id\":\"kasa\",\"api_key\":\"old-key-of-kasa\"}";
    struct rig rig;

    admin_rig_start(&rig);
    json_t *key = admin_rig_call(&rig, 201, "POST", "/v1/legacy", body);
    ck_assert_str_eq(admin_rig_text(key, "kind"), "legacy");
    ck_assert_ptr_null(json_object_get(key, "secret"));
    ck_assert_ptr_null(strstr(admin_rig_answer.body, "old-key-of-kasa"));
    admin_rig_expect(&rig, 409, "POST", "/v1/legacy", body, "it is in the table already");
    char target[128];
    snprintf(target, sizeof target, "/v1/tokens/%s/rotate", admin_rig_text(key, "key_id"));
    admin_rig_expect(&rig, 409, "POST", target, "", "a legacy key can't be rotated");
    json_decref(key);
    rig_stop(&rig);
}
END_TEST

START_TEST(keeps_a_token_whose_minter_left)
{
    static const char request[] =
        "POST /v1/tokens HTTP/1.1\r\nHost: h\r\nContent-Length: 34\r\n\r\n"
        "{\"site_id\":\"kasa\",\"name\":\"orphan\"}";
    struct rig rig;
    size_t count = 0;

    admin_rig_start(&rig);
    int fd = rig_connect(&rig, "admin");
    rig_send(fd, request, sizeof request - 1);
    shutdown(fd, SHUT_WR);
    while (count == 0) {
        json_t *list = admin_rig_call(&rig, 200, "GET", "/v1/tokens", "");
        count = json_array_size(json_object_get(list, "tokens"));
        json_decref(list);
    }
    close(fd);
    rig_stop(&rig);
}
END_TEST

START_TEST(rotates_at_once)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_t *rotated = admin_rig_call(&rig, 201, "POST", admin_rig_target(&token, "/rotate"), "");
    const char *secret = admin_rig_text(rotated, "secret");
    ck_assert_str_ne(secret, token.secret);
    ck_assert_str_eq(admin_rig_text(rotated, "rotated_from_key_id"), token.key_id);
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 401);
    ck_assert_uint_eq(admin_rig_check(&rig, secret), 200);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate"), "",
                     "can't be rotated");
    json_decref(rotated);
    rig_stop(&rig);
}
END_TEST

START_TEST(rotates_with_grace)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_t *rotated = admin_rig_call(&rig, 201, "POST", admin_rig_target(&token, "/rotate"),
                                     "{\"grace\":\"15m\"}");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    ck_assert_uint_eq(admin_rig_check(&rig, admin_rig_text(rotated, "secret")), 200);
    json_t *old = admin_rig_call(&rig, 200, "GET", admin_rig_target(&token, ""), "");
    ck_assert_str_eq(admin_rig_text(old, "rotated_to_key_id"), admin_rig_text(rotated, "key_id"));
    ck_assert_ptr_nonnull(admin_rig_text(old, "grace_until"));
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate"), "",
                     "it was rotated already");
    json_decref(old);
    json_decref(rotated);
    rig_stop(&rig);
}
END_TEST

START_TEST(revokes_before_it_answers)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    json_t *revoked = admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/revoke"),
                                     "{\"reason\":\"leaked\"}");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 401);
    ck_assert_str_eq(admin_rig_text(revoked, "state"), "revoked");
    ck_assert_str_eq(admin_rig_text(revoked, "revoked_reason"), "leaked");
    ck_assert_ptr_nonnull(admin_rig_text(revoked, "revoked_at"));
    ck_assert_ptr_null(json_object_get(revoked, "secret"));
    json_decref(revoked);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/revoke"), "",
                     "it is revoked already");
    admin_rig_expect(&rig, 404, "POST", "/v1/tokens/key_0123456789ABCDEF/revoke", "", "no token");
    rig_stop(&rig);
}
END_TEST

START_TEST(adds_scopes)
{
    struct rig rig;

    admin_rig_start(&rig);
    admin_rig_expect(&rig, 400, "POST", "/v1/tokens",
                     "{\"site_id\":\"kasa\",\"name\":\"n\",\"scopes\":[\"wish:read\"]}",
                     "scopes[0]: no scope of this name");
    json_t *scopes = admin_rig_call(&rig, 201, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}");
    ck_assert_uint_eq(json_array_size(json_object_get(scopes, "scopes")), 5);
    json_decref(scopes);
    scopes = admin_rig_call(&rig, 200, "GET", "/v1/scopes", "");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(scopes, "scopes"), 4)),
                     "wish:read");
    json_decref(scopes);
    admin_rig_expect(&rig, 409, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}", "already");
    admin_rig_expect(&rig, 201, "POST", "/v1/tokens",
                     "{\"site_id\":\"kasa\",\"name\":\"n\",\"scopes\":[\"wish:read\"]}",
                     "\"scopes\":[\"wish:read\"]");
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_change", mints_a_token_that_passes, imports_a_legacy_key_without_telling_it,
           keeps_a_token_whose_minter_left, rotates_at_once, rotates_with_grace,
           revokes_before_it_answers, adds_scopes)
