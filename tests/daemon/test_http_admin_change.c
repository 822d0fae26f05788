#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/daemon/admin_rig.h"
#include "tests/daemon/fixture.h"
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

START_TEST(edits_what_is_named_and_nothing_else)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token =
        rig_mint(&rig, ",\"allowed_origins\":[\"https://a.example\"],\"scopes\":[\"cart:write\"]");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 403);
    json_t *edited = admin_rig_call(&rig, 200, "PATCH", admin_rig_target(&token, ""),
                                    "{\"allowed_origins\":[],\"strict\":true}");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    ck_assert_str_eq(admin_rig_text(edited, "key_id"), token.key_id);
    ck_assert_str_eq(admin_rig_text(edited, "name"), "production");
    ck_assert(json_is_true(json_object_get(edited, "strict")));
    ck_assert_uint_eq(json_array_size(json_object_get(edited, "allowed_origins")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(edited, "scopes")), 1);
    ck_assert_ptr_null(json_object_get(edited, "secret"));
    json_decref(edited);
    edited = admin_rig_call(&rig, 200, "PATCH", admin_rig_target(&token, ""),
                            "{\"name\":\"caf\xc3\xa9\",\"scopes\":[\"catalog:read\","
                            "\"customer:auth\"],\"missing_origin\":\"allow\"}");
    ck_assert_str_eq(admin_rig_text(edited, "name"), "caf\xc3\xa9");
    ck_assert_str_eq(admin_rig_text(edited, "missing_origin"), "allow");
    ck_assert_uint_eq(json_array_size(json_object_get(edited, "scopes")), 2);
    ck_assert(json_is_true(json_object_get(edited, "strict")));
    json_decref(edited);
    rig_stop(&rig);
}
END_TEST

/* Numbers that come of it: requests, burst and what is left in the bucket. */
static void expect_limit(const struct rig *rig, const struct rig_token *token, const char *body,
                         const char *text)
{
    char limit[128];

    json_t *edited = admin_rig_call(rig, 200, "PATCH", admin_rig_target(token, ""), body);
    const json_t *values = json_object_get(edited, "limit");
    snprintf(limit, sizeof limit, "%lld per %s, burst %lld, remaining %lld",
             (long long)admin_rig_number(values, "requests"), admin_rig_text(values, "window"),
             (long long)admin_rig_number(values, "burst"),
             (long long)admin_rig_number(edited, "remaining"));
    ck_assert_str_eq(limit, text);
    json_decref(edited);
}

START_TEST(edits_a_limit_part_by_part)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"limit\":{\"requests\":10,\"window\":\"1d\"}");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    expect_limit(&rig, &token, "{\"limit\":{\"requests\":20}}", "20 per 1d, burst 20, remaining 9");
    expect_limit(&rig, &token, "{\"limit\":{\"burst\":5}}", "20 per 1d, burst 5, remaining 5");
    expect_limit(&rig, &token, "{\"limit\":{\"window\":\"2d\"}}",
                 "20 per 2d, burst 5, remaining 5");
    expect_limit(&rig, &token, "{\"limit\":{\"requests\":30}}", "30 per 2d, burst 5, remaining 5");
    rig_stop(&rig);
}
END_TEST

/* Shared with the server: no caller may mint a token that has expired, and none waits for it. */
static struct rig_token *expired;

static void mint_expired(struct fixture *fixture)
{
    struct mint mint = fixture_kasa();

    mint.expires_at = 1;
    struct fixture_outcome outcome = fixture_mint(fixture, &mint);
    ck_assert_int_eq(outcome.error, 0);
    snprintf(expired->key_id, sizeof expired->key_id, "%s", outcome.key_id);
    snprintf(expired->secret, sizeof expired->secret, "%s", outcome.secret);
}

START_TEST(brings_an_expired_token_back)
{
    struct rig rig;

    expired =
        mmap(NULL, sizeof *expired, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(expired, MAP_FAILED);
    rig_config = NULL;
    rig_prepare = mint_expired;
    rig_start(&rig, rig_serve_faces);
    const struct rig_token token = *expired;
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 401);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate"), "",
                     "revoked or expired");
    admin_rig_expect(&rig, 200, "PATCH", admin_rig_target(&token, ""), "{\"expires_at\":null}",
                     "\"expires_at\":null");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    admin_rig_expect(&rig, 200, "PATCH", admin_rig_target(&token, ""), "{\"expires_in\":\"1d\"}",
                     "\"state\":\"active\"");
    rig_stop(&rig);
}
END_TEST

/* A legacy key of site kasa with this value. */
static struct rig_token add_legacy(const struct rig *rig, const char *api_key)
{
    struct rig_token key = {.secret = ""};
    char body[256];

    snprintf(body, sizeof body, "{\"site_id\":\"kasa\",\"api_key\":\"%s\"}", api_key);
    json_t *added = admin_rig_call(rig, 201, "POST", "/v1/legacy", body);
    ck_assert(text_copy(text_of(admin_rig_text(added, "key_id")), key.key_id, sizeof key.key_id));
    json_decref(added);
    return key;
}

START_TEST(edits_the_end_of_a_legacy_key)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token key = add_legacy(&rig, "old-key-of-kasa");
    const char *target = admin_rig_target(&key, "");
    json_t *edited =
        admin_rig_call(&rig, 200, "PATCH", target,
                       "{\"deprecation_at\":\"2030-01-01\",\"sunset_at\":\"2031-01-01\","
                       "\"link\":\"https://shop.example/keys\"}");
    ck_assert_str_eq(admin_rig_text(edited, "deprecation_at"), "2030-01-01T00:00:00Z");
    ck_assert_str_eq(admin_rig_text(edited, "sunset_at"), "2031-01-01T00:00:00Z");
    ck_assert_str_eq(admin_rig_text(edited, "link"), "https://shop.example/keys");
    json_decref(edited);
    admin_rig_expect(&rig, 400, "PATCH", target, "{\"sunset_at\":\"2029-01-01\"}",
                     "sunset_at before deprecation_at");
    edited = admin_rig_call(&rig, 200, "PATCH", target,
                            "{\"deprecation_at\":null,\"sunset_at\":\"2029-01-01\","
                            "\"link\":null}");
    ck_assert(json_is_null(json_object_get(edited, "deprecation_at")));
    ck_assert_str_eq(admin_rig_text(edited, "sunset_at"), "2029-01-01T00:00:00Z");
    ck_assert(json_is_null(json_object_get(edited, "link")));
    json_decref(edited);
    rig_stop(&rig);
}
END_TEST

START_TEST(refuses_edits_that_do_not_fit_what_is_there)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    const struct admin_rig_row rows[] = {
        {"PATCH", admin_rig_target(&token, ""), "{\"sunset_at\":\"2030-01-01\"}", 409,
         "are for legacy keys: give a token expires_at"},
        {"PATCH", admin_rig_target(&token, ""), "{\"link\":null}", 409, "are for legacy keys"},
        {"PATCH", admin_rig_target(&token, ""), "{\"limit\":{\"window\":\"1us\"}}", 400,
         "the values don't fit those that stay"},
        {"PATCH", admin_rig_target(&token, ""), "{\"scopes\":[\"wish:read\"]}", 400,
         "scopes[0]: no scope of this name"},
        {"POST", admin_rig_target(&token, ""), "{\"name\":\"n\"}", 405, "GET, HEAD, PATCH"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        admin_rig_expect_all(&rig, &rows[i], 1);
    rig_stop(&rig);
}
END_TEST

START_TEST(suspends_before_it_answers_and_resumes)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/resume"), "",
                     "it is not suspended: there is nothing to resume");
    json_t *suspended = admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/suspend"),
                                       "{\"reason\":\"unpaid\"}");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 401);
    ck_assert_str_eq(admin_rig_text(suspended, "state"), "suspended");
    ck_assert_str_eq(admin_rig_text(suspended, "suspended_reason"), "unpaid");
    json_decref(suspended);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/suspend"), "",
                     "it is suspended already");
    admin_rig_expect(&rig, 200, "POST", admin_rig_target(&token, "/resume"), "{}",
                     "\"state\":\"active\"");
    ck_assert_ptr_null(strstr(admin_rig_answer.body, "unpaid"));
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    json_t *trail = admin_rig_call(&rig, 200, "GET", "/v1/audit?limit=2", "");
    const json_t *entries = json_object_get(trail, "entries");
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 0), "action"), "resume");
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 1), "action"), "suspend");
    ck_assert_str_eq(admin_rig_text(json_array_get(entries, 1), "reason"), "unpaid");
    json_decref(trail);
    rig_stop(&rig);
}
END_TEST

START_TEST(changes_nothing_that_is_revoked)
{
    static const struct {
        const char *method, *verb, *body, *part;
    } rows[] = {
        {"PATCH", "", "{\"name\":\"n\"}", "it is revoked, which is final: mint a new one"},
        {"POST", "/suspend", "", "it is revoked, which is final"},
        {"POST", "/resume", "", "it is revoked, which is final"},
        {"POST", "/revoke", "", "it is revoked already"},
        {"POST", "/rotate", "", "it is revoked or expired and can't be rotated"},
        {"POST", "/rotate/finish", "", "no grace is running"},
        {"POST", "/rotate/cancel", "", "no grace is running"},
        {"POST", "/rotate/shorten", "{\"grace\":\"1m\"}", "no grace is running"},
    };
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_decref(admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/revoke"), ""));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        admin_rig_expect(&rig, 409, rows[i].method, admin_rig_target(&token, rows[i].verb),
                         rows[i].body, rows[i].part);
    rig_stop(&rig);
}
END_TEST

/* A token, and its successor with 15 minutes of grace. */
static struct rig_token rotate(const struct rig *rig, const struct rig_token *token)
{
    struct rig_token next;

    json_t *rotated =
        admin_rig_call(rig, 201, "POST", admin_rig_target(token, "/rotate"), "{\"grace\":\"15m\"}");
    ck_assert(
        text_copy(text_of(admin_rig_text(rotated, "key_id")), next.key_id, sizeof next.key_id));
    ck_assert(
        text_copy(text_of(admin_rig_text(rotated, "secret")), next.secret, sizeof next.secret));
    json_decref(rotated);
    return next;
}

START_TEST(finishes_a_grace)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ""), next = rotate(&rig, &token);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&next, "/rotate/finish"), "",
                     "no grace is running");
    json_t *old = admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/rotate/finish"), "");
    ck_assert_str_eq(admin_rig_text(old, "key_id"), token.key_id);
    ck_assert_str_eq(admin_rig_text(old, "state"), "revoked");
    ck_assert_ptr_null(json_object_get(old, "secret"));
    json_decref(old);
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 401);
    ck_assert_uint_eq(admin_rig_check(&rig, next.secret), 200);
    rig_stop(&rig);
}
END_TEST

START_TEST(cancels_a_rotation)
{
    struct rig rig;

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, ""), next = rotate(&rig, &token);
    json_t *old =
        admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/rotate/cancel"), "{}");
    ck_assert_str_eq(admin_rig_text(old, "key_id"), token.key_id);
    ck_assert_str_eq(admin_rig_text(old, "state"), "active");
    ck_assert(json_is_null(json_object_get(old, "grace_until")));
    json_decref(old);
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    ck_assert_uint_eq(admin_rig_check(&rig, next.secret), 401);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate/cancel"), "",
                     "no grace is running");
    next = rotate(&rig, &token);
    rotate(&rig, &next);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate/cancel"), "",
                     "its successor was itself rotated");
    rig_stop(&rig);
}
END_TEST

START_TEST(shortens_a_grace)
{
    struct rig rig;
    char until[64];

    admin_rig_start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate/shorten"),
                     "{\"grace\":\"5m\"}", "no grace is running, or it ends before that");
    rotate(&rig, &token);
    json_t *old = admin_rig_call(&rig, 200, "GET", admin_rig_target(&token, ""), "");
    snprintf(until, sizeof until, "%s", admin_rig_text(old, "grace_until"));
    json_decref(old);
    admin_rig_expect(&rig, 409, "POST", admin_rig_target(&token, "/rotate/shorten"),
                     "{\"grace\":\"30m\"}", "no grace is running, or it ends before that");
    old = admin_rig_call(&rig, 200, "POST", admin_rig_target(&token, "/rotate/shorten"),
                         "{\"grace\":\"5m\"}");
    ck_assert_int_lt(strcmp(admin_rig_text(old, "grace_until"), until), 0);
    ck_assert_str_eq(admin_rig_text(old, "state"), "active");
    json_decref(old);
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    rig_stop(&rig);
}
END_TEST

START_TEST(removes_a_legacy_key_so_that_its_value_is_free_again)
{
    static struct answer verdict;
    struct rig rig;
    char target[128];

    admin_rig_start(&rig);
    struct rig_token key = add_legacy(&rig, "old-key-of-kasa");
    snprintf(target, sizeof target, "/v1/legacy/%s", key.key_id);
    json_t *gone = admin_rig_call(&rig, 200, "DELETE", target, "");
    ck_assert_str_eq(admin_rig_text(gone, "key_id"), key.key_id);
    ck_assert_str_eq(admin_rig_text(gone, "kind"), "legacy");
    json_decref(gone);
    rig_call(&rig, "http",
             "GET /v1/check HTTP/1.1\r\nX-API-Key: old-key-of-kasa\r\nX-Site-ID: kasa", "",
             &verdict);
    ck_assert_uint_eq(verdict.status, 401);
    admin_rig_expect(&rig, 404, "DELETE", target, "",
                     "there is no token or legacy key with this key_id");
    admin_rig_expect(&rig, 404, "GET", admin_rig_target(&key, ""), "", "no token");
    add_legacy(&rig, "old-key-of-kasa");
    struct rig_token token = rig_mint(&rig, "");
    snprintf(target, sizeof target, "/v1/legacy/%s", token.key_id);
    admin_rig_expect(&rig, 409, "DELETE", target, "",
                     "it is a token, and stays in the table: revoke it");
    ck_assert_uint_eq(admin_rig_check(&rig, token.secret), 200);
    rig_stop(&rig);
}
END_TEST

static void attach_one(struct fixture *fixture)
{
    ck_assert_int_eq(attached_add(service_attached(fixture->service), 33, 100), 0);
}

/* How many processes an answer says that a change is in force in. */
static json_int_t reach_of(const struct rig *rig, unsigned status, const char *target,
                           const char *body)
{
    json_t *answer = admin_rig_call(rig, status, "POST", target, body);
    json_int_t attached = admin_rig_number(answer, "attached");

    json_decref(answer);
    return attached;
}

START_TEST(tells_how_many_processes_a_change_is_in_force_in)
{
    struct rig rig;

    rig_config = NULL;
    rig_prepare = attach_one;
    rig_start(&rig, rig_serve_faces);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_int_eq(reach_of(&rig, 200, admin_rig_target(&token, "/suspend"), ""), 1);
    ck_assert_int_eq(reach_of(&rig, 200, admin_rig_target(&token, "/resume"), ""), 1);
    ck_assert_int_eq(
        reach_of(&rig, 201, admin_rig_target(&token, "/rotate"), "{\"grace\":\"15m\"}"), 1);
    ck_assert_int_eq(reach_of(&rig, 200, admin_rig_target(&token, "/rotate/finish"), ""), 1);
    token = rig_mint(&rig, "");
    ck_assert_int_eq(reach_of(&rig, 200, admin_rig_target(&token, "/revoke"), ""), 1);
    /* It is of the change, not of the token. */
    json_t *shown = admin_rig_call(&rig, 200, "GET", admin_rig_target(&token, ""), "");
    ck_assert_ptr_null(json_object_get(shown, "attached"));
    json_decref(shown);
    rig_stop(&rig);
    admin_rig_start(&rig);
    token = rig_mint(&rig, "");
    ck_assert_int_eq(reach_of(&rig, 200, admin_rig_target(&token, "/revoke"), ""), 0);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin_change", mints_a_token_that_passes, imports_a_legacy_key_without_telling_it,
           keeps_a_token_whose_minter_left, rotates_at_once, rotates_with_grace,
           revokes_before_it_answers, adds_scopes, edits_what_is_named_and_nothing_else,
           edits_a_limit_part_by_part, brings_an_expired_token_back, edits_the_end_of_a_legacy_key,
           refuses_edits_that_do_not_fit_what_is_there, suspends_before_it_answers_and_resumes,
           changes_nothing_that_is_revoked, finishes_a_grace, cancels_a_rotation, shortens_a_grace,
           removes_a_legacy_key_so_that_its_value_is_free_again,
           tells_how_many_processes_a_change_is_in_force_in)
