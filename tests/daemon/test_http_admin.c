#include "daemon/http_admin.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>

#include "tests/daemon/fixture.h"
#include "tests/daemon/http_rig.h"
#include "tests/suite.h"

static struct answer answer;

static void start(struct rig *rig)
{
    rig_config = NULL;
    rig_start(rig, rig_serve_faces);
}

/* One call on the admin socket; the answer's body as JSON, to be given back with json_decref(). */
static json_t *call(struct rig *rig, unsigned status, const char *method, const char *target,
                    const char *body)
{
    char head[1024];

    snprintf(head, sizeof head, "%s %s HTTP/1.1", method, target);
    rig_call(rig, "admin", head, body, &answer);
    ck_assert_msg(answer.status == status, "%s %s: %u %s", method, target, answer.status,
                  answer.body);
    ck_assert_str_eq(rig_field(&answer, "Content-Type"),
                     status < 300 ? "application/json" : "application/problem+json");
    ck_assert_str_eq(rig_field(&answer, "Cache-Control"), "no-store");
    json_t *object = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(object);
    if (status >= 300)
        ck_assert_int_eq(json_integer_value(json_object_get(object, "status")), status);
    return object;
}

static const char *text_of_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The call's only point is its status, and what the answer says. */
static void expect(struct rig *rig, unsigned status, const char *method, const char *target,
                   const char *body, const char *part)
{
    json_decref(call(rig, status, method, target, body));
    ck_assert_msg(strstr(answer.body, part), "%s %s: %s", method, target, answer.body);
}

static const char *token_target(const struct rig_token *token, const char *verb)
{
    static char target[128];

    snprintf(target, sizeof target, "/v1/tokens/%s%s", token->key_id, verb);
    return target;
}

static unsigned check(struct rig *rig, const char *secret)
{
    static struct answer verdict;
    char head[256];

    snprintf(head, sizeof head, "GET /v1/check HTTP/1.1\r\nX-Stella-Token: %s\r\nX-Site-ID: kasa",
             secret);
    rig_call(rig, "http", head, "", &verdict);
    return verdict.status;
}

/* ---- minting and showing
 * -------------------------------------------------------------------------
 */

START_TEST(mints_a_token_that_passes)
{
    struct rig rig;

    start(&rig);
    json_t *token = call(&rig, 201, "POST", "/v1/tokens",
                         "{\"site_id\":\"kasa\",\"name\":\"production\",\"expires_in\":\"1d\","
                         "\"limit\":{\"requests\":5,\"window\":\"10s\"}}");
    const char *secret = text_of_member(token, "secret");
    ck_assert_int_eq(token_parse(text_of(secret)), KIND_LIVE);
    ck_assert(key_id_is_valid(text_of(text_of_member(token, "key_id"))));
    ck_assert(text_begins(text_of(secret), text_of(text_of_member(token, "secret_prefix"))));
    ck_assert_str_eq(text_of_member(token, "state"), "active");
    ck_assert_int_eq(json_integer_value(json_object_get(token, "created_by")), geteuid());
    ck_assert_int_eq(json_integer_value(json_object_get(token, "remaining")), 5);
    ck_assert_ptr_nonnull(text_of_member(token, "created_at"));
    ck_assert_ptr_nonnull(text_of_member(token, "expires_at"));
    ck_assert_uint_eq(check(&rig, secret), 200);
    json_decref(token);
    rig_stop(&rig);
}
END_TEST

START_TEST(shows_use_but_never_the_secret)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, ",\"test\":false");
    ck_assert_uint_eq(check(&rig, token.secret), 200);
    json_t *shown = call(&rig, 200, "GET", token_target(&token, ""), "");
    ck_assert_ptr_null(json_object_get(shown, "secret"));
    ck_assert_ptr_null(strstr(answer.body, token.secret));
    ck_assert_int_eq(json_integer_value(json_object_get(shown, "allowed_count")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(shown, "remaining")), 59);
    ck_assert_ptr_nonnull(text_of_member(shown, "last_used_at"));
    json_decref(shown);
    json_decref(call(&rig, 200, "GET", "/v1/tokens", ""));
    ck_assert_ptr_null(strstr(answer.body, token.secret));
    json_decref(call(&rig, 200, "GET", "/v1/audit", ""));
    ck_assert_ptr_null(strstr(answer.body, token.secret));
    expect(&rig, 404, "GET", "/v1/tokens/key_0123456789ABCDEF", "", "no token with this key_id");
    rig_stop(&rig);
}
END_TEST

START_TEST(imports_a_legacy_key_without_telling_it)
{
    static const char body[] = "{\"site_id\":\"kasa\",\"api_key\":\"old-key-of-kasa\"}";
    struct rig rig;

    start(&rig);
    json_t *key = call(&rig, 201, "POST", "/v1/legacy", body);
    ck_assert_str_eq(text_of_member(key, "kind"), "legacy");
    ck_assert_ptr_null(json_object_get(key, "secret"));
    ck_assert_ptr_null(strstr(answer.body, "old-key-of-kasa"));
    expect(&rig, 409, "POST", "/v1/legacy", body, "it is in the table already");
    char target[128];
    snprintf(target, sizeof target, "/v1/tokens/%s/rotate", text_of_member(key, "key_id"));
    expect(&rig, 409, "POST", target, "", "a legacy key can't be rotated");
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

    start(&rig);
    int fd = rig_connect(&rig, "admin");
    rig_send(fd, request, sizeof request - 1);
    shutdown(fd, SHUT_WR);
    while (count == 0) {
        json_t *list = call(&rig, 200, "GET", "/v1/tokens", "");
        count = json_array_size(json_object_get(list, "tokens"));
        json_decref(list);
    }
    close(fd);
    rig_stop(&rig);
}
END_TEST

/* ---- rotating and revoking
 * -----------------------------------------------------------------------
 */

START_TEST(rotates_at_once)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_t *rotated = call(&rig, 201, "POST", token_target(&token, "/rotate"), "");
    const char *secret = text_of_member(rotated, "secret");
    ck_assert_str_ne(secret, token.secret);
    ck_assert_str_eq(text_of_member(rotated, "rotated_from_key_id"), token.key_id);
    ck_assert_uint_eq(check(&rig, token.secret), 401);
    ck_assert_uint_eq(check(&rig, secret), 200);
    expect(&rig, 409, "POST", token_target(&token, "/rotate"), "", "can't be rotated");
    json_decref(rotated);
    rig_stop(&rig);
}
END_TEST

START_TEST(rotates_with_grace)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_t *rotated =
        call(&rig, 201, "POST", token_target(&token, "/rotate"), "{\"grace\":\"15m\"}");
    ck_assert_uint_eq(check(&rig, token.secret), 200);
    ck_assert_uint_eq(check(&rig, text_of_member(rotated, "secret")), 200);
    json_t *old = call(&rig, 200, "GET", token_target(&token, ""), "");
    ck_assert_str_eq(text_of_member(old, "rotated_to_key_id"), text_of_member(rotated, "key_id"));
    ck_assert_ptr_nonnull(text_of_member(old, "grace_until"));
    expect(&rig, 409, "POST", token_target(&token, "/rotate"), "", "it was rotated already");
    json_decref(old);
    json_decref(rotated);
    rig_stop(&rig);
}
END_TEST

START_TEST(revokes_before_it_answers)
{
    struct rig rig;

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    ck_assert_uint_eq(check(&rig, token.secret), 200);
    json_t *revoked =
        call(&rig, 200, "POST", token_target(&token, "/revoke"), "{\"reason\":\"leaked\"}");
    ck_assert_uint_eq(check(&rig, token.secret), 401);
    ck_assert_str_eq(text_of_member(revoked, "state"), "revoked");
    ck_assert_str_eq(text_of_member(revoked, "revoked_reason"), "leaked");
    ck_assert_ptr_nonnull(text_of_member(revoked, "revoked_at"));
    ck_assert_ptr_null(json_object_get(revoked, "secret"));
    json_decref(revoked);
    expect(&rig, 409, "POST", token_target(&token, "/revoke"), "", "it is revoked already");
    expect(&rig, 404, "POST", "/v1/tokens/key_0123456789ABCDEF/revoke", "", "no token");
    rig_stop(&rig);
}
END_TEST

/* ---- lists
 * ---------------------------------------------------------------------------------------
 */

static size_t count_pages(struct rig *rig, const char *query, unsigned limit, size_t *ret_pages)
{
    char target[1024], next[512] = "";
    size_t tokens = 0;

    for (*ret_pages = 1;; ++*ret_pages) {
        snprintf(target, sizeof target, "/v1/tokens?limit=%u%s%s%s", limit, query,
                 next[0] ? "&after=" : "", next);
        json_t *list = call(rig, 200, "GET", target, "");
        size_t count = json_array_size(json_object_get(list, "tokens"));
        ck_assert_uint_le(count, limit);
        tokens += count;
        const char *position = text_of_member(list, "next");
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

    start(&rig);
    for (size_t i = 0; i < 5; i++)
        tokens[i] = rig_mint(&rig, "");
    json_decref(call(&rig, 201, "POST", "/v1/tokens", "{\"site_id\":\"other\",\"name\":\"n\"}"));
    json_decref(call(&rig, 200, "POST", token_target(&tokens[1], "/revoke"), ""));
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

    start(&rig);
    struct rig_token token = rig_mint(&rig, "");
    json_decref(call(&rig, 200, "POST", token_target(&token, "/revoke"), "{\"reason\":\"old\"}"));
    json_decref(call(&rig, 201, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}"));
    json_t *trail = call(&rig, 200, "GET", "/v1/audit?limit=2", "");
    json_t *entries = json_object_get(trail, "entries");
    ck_assert_uint_eq(json_array_size(entries), 2);
    ck_assert_str_eq(text_of_member(json_array_get(entries, 0), "action"), "scope-add");
    ck_assert_str_eq(text_of_member(json_array_get(entries, 0), "related"), "wish:read");
    const json_t *revoked = json_array_get(entries, 1);
    ck_assert_str_eq(text_of_member(revoked, "action"), "revoke");
    ck_assert_str_eq(text_of_member(revoked, "key_id"), token.key_id);
    ck_assert_str_eq(text_of_member(revoked, "site_id"), "kasa");
    ck_assert_str_eq(text_of_member(revoked, "reason"), "old");
    ck_assert_int_eq(json_integer_value(json_object_get(revoked, "uid")), geteuid());
    ck_assert_int_eq(json_integer_value(json_object_get(revoked, "pid")), getpid());
    ck_assert_int_eq(json_integer_value(json_object_get(trail, "next")), 2);
    json_decref(trail);
    trail = call(&rig, 200, "GET", "/v1/audit?before=2", "");
    ck_assert_uint_eq(json_array_size(json_object_get(trail, "entries")), 1);
    ck_assert(json_is_null(json_object_get(trail, "next")));
    json_decref(trail);
    rig_stop(&rig);
}
END_TEST

START_TEST(adds_scopes)
{
    struct rig rig;

    start(&rig);
    expect(&rig, 400, "POST", "/v1/tokens",
           "{\"site_id\":\"kasa\",\"name\":\"n\",\"scopes\":[\"wish:read\"]}",
           "scopes[0]: no scope of this name");
    json_t *scopes = call(&rig, 201, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}");
    ck_assert_uint_eq(json_array_size(json_object_get(scopes, "scopes")), 5);
    json_decref(scopes);
    scopes = call(&rig, 200, "GET", "/v1/scopes", "");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(scopes, "scopes"), 4)),
                     "wish:read");
    json_decref(scopes);
    expect(&rig, 409, "POST", "/v1/scopes", "{\"name\":\"wish:read\"}", "already");
    expect(&rig, 201, "POST", "/v1/tokens",
           "{\"site_id\":\"kasa\",\"name\":\"n\",\"scopes\":[\"wish:read\"]}",
           "\"scopes\":[\"wish:read\"]");
    rig_stop(&rig);
}
END_TEST

START_TEST(tells_the_status)
{
    struct rig rig;

    start(&rig);
    rig_mint(&rig, "");
    json_t *status = call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_ptr_nonnull(text_of_member(status, "version"));
    ck_assert_int_eq(json_integer_value(json_object_get(status, "credentials")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(status, "seq")), 1);
    ck_assert_int_gt(
        json_integer_value(json_object_get(json_object_get(status, "map"), "used_bytes")), 0);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(status, "services"), 0)),
                     "default");
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

/* ---- what is refused
 * -----------------------------------------------------------------------------
 */

static const struct row {
    const char *method, *target, *body;
    unsigned status;
    const char *part;
} rows[] = {
    {"GET", "/", "", 404, "there is nothing here"},
    {"GET", "/v1/check", "", 404, "there is nothing here"},
    {"GET", "/v1/tokens/", "", 404, "no token with this key_id"},
    {"GET", "/v1/tokens/key_0123456789ABCDEF/x", "", 404, "there is nothing here"},
    {"GET", "/v1/tokens/stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "", 404,
     "no token with this key_id"},
    {"POST", "/v1/tokens/nonsense/rotate", "", 404, "no token with this key_id"},
    {"GET", "/v1/tokens/key_0123456789ABCDEF/rotate", "", 405, "POST"},
    {"PUT", "/v1/tokens/key_0123456789ABCDEF", "", 405, "GET, HEAD"},
    {"DELETE", "/v1/tokens", "", 405, "GET, HEAD, POST"},
    {"GET", "/v1/legacy", "", 405, "POST"},
    {"POST", "/v1/status", "", 405, "GET, HEAD"},
    {"GET", "/v1/tokens?site=nobody", "", 404, "site nobody has no token"},
    {"GET", "/v1/tokens?site=no%20body", "", 400, "site: must be 1 to 64 characters"},
    {"GET", "/v1/tokens?site=", "", 400, "site: must be 1 to 64 characters"},
    {"GET", "/v1/tokens?state=happy", "", 400, "state: must be active"},
    {"GET", "/v1/tokens?limit=0", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=501", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=1e2", "", 400, "limit: must be a whole number from 1 to 500"},
    {"GET", "/v1/tokens?limit=99999999999999999999", "", 400, "limit: must be"},
    {"GET", "/v1/tokens?after=xyz", "", 400, "after: must be what an earlier answer gave"},
    {"GET", "/v1/audit?before=0", "", 400, "before: must be a whole number"},
    {"POST", "/v1/tokens", "", 400, "the body is empty"},
    {"POST", "/v1/tokens", "{\"site_id\":", 400, "line 1, column"},
    {"POST", "/v1/tokens", "{\"site_id\":\"\xff\"}", 400, "not valid UTF-8"},
    {"POST", "/v1/legacy", "{\"site_id\":\"kasa\"}", 400, "api_key: is missing"},
    {"POST", "/v1/scopes", "{\"name\":\"Big\"}", 400, "name: must be 1 to 32"},
    {"POST", "/v1/tokens/key_0123456789ABCDEF/rotate", "{\"grace\":1}", 400, "grace: must be text"},
    {"POST", "/v1/tokens/key_0123456789ABCDEF/revoke", "[]", 400, "must be a JSON object"},
};

START_TEST(refuses_and_says_why)
{
    struct rig rig;

    start(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        expect(&rig, row->status, row->method, row->target, row->body, row->part);
        ck_assert_ptr_null(strstr(answer.body, "zQWB"));
        if (row->status == 405)
            ck_assert_str_eq(rig_field(&answer, "Allow"), row->part);
    }
    json_t *status = call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_int_eq(json_integer_value(json_object_get(status, "seq")), 0);
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

START_TEST(refuses_a_body_above_the_limit)
{
    static char body[65536 + 2];
    struct rig rig;

    start(&rig);
    memset(body, ' ', sizeof body - 1);
    rig_call(&rig, "admin", "POST /v1/tokens HTTP/1.1", body, &answer);
    ck_assert_uint_eq(answer.status, 413);
    rig_stop(&rig);
}
END_TEST

/* Only root can be somebody else: run by another user, this one shows that its owner may. */
START_TEST(refuses_other_users)
{
    static const char request[] = "GET /v1/tokens HTTP/1.1\r\nHost: h\r\n\r\n";
    struct rig rig;
    char path[PATH_MAX + 16];
    int status;

    start(&rig);
    snprintf(path, sizeof path, "%s/admin", rig.dir);
    ck_assert_int_eq(chmod(rig.dir, 0711) | chmod(path, 0666), 0);
    unsigned expected = geteuid() == 0 ? 403 : 200;
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(54321) < 0 || setuid(54321) < 0))
            _exit(2);
        rig_ask(&rig, "admin", request, sizeof request - 1, &answer);
        _exit(answer.status != expected ||
              (expected == 403 && !strstr(answer.body, "stkgate-admin")));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    rig_stop(&rig);
}
END_TEST

/* ---- with the client library that the admin subcommand uses
 * ---------------------------------------
 */

static size_t take(char *bytes, size_t size, size_t count, void *userdata)
{
    struct answer *into = userdata;

    ck_assert_uint_le(into->body_len + size * count, RIG_ANSWER_MAX);
    memcpy(into->body + into->body_len, bytes, size * count);
    into->body_len += size * count;
    into->body[into->body_len] = '\0';
    return size * count;
}

static long curl_call(CURL *curl, const char *path, const char *body)
{
    char url[512];
    long status = 0;

    snprintf(url, sizeof url, "http://localhost%s", path);
    answer.body_len = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

START_TEST(serves_curl_on_one_connection)
{
    struct rig rig;
    char socket_path[PATH_MAX + 16];
    long connects = -1, total = 0;

    start(&rig);
    CURL *curl = curl_easy_init();
    snprintf(socket_path, sizeof socket_path, "%s/admin", rig.dir);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(curl_call(curl, "/v1/tokens", "{\"site_id\":\"kasa\",\"name\":\"n\"}"),
                         201);
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
        total += connects;
    }
    ck_assert_int_eq(total, 1);
    ck_assert_int_eq(curl_call(curl, "/v1/tokens?site=kasa", NULL), 200);
    json_t *list = json_loads(answer.body, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "tokens")), 20);
    json_decref(list);
    ck_assert_int_eq(curl_call(curl, "/v1/tokens?site=nobody", NULL), 404);
    curl_easy_cleanup(curl);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin", mints_a_token_that_passes, shows_use_but_never_the_secret,
           imports_a_legacy_key_without_telling_it, keeps_a_token_whose_minter_left,
           rotates_at_once, rotates_with_grace, revokes_before_it_answers, lists_page_by_page,
           tells_the_audit_trail_newest_first, adds_scopes, tells_the_status, refuses_and_says_why,
           refuses_a_body_above_the_limit, refuses_other_users, serves_curl_on_one_connection)
