#include "daemon/http_admin.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

static const struct admin_rig_row rows[] = {
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
    {"PUT", "/v1/legacy", "", 405, "GET, HEAD, POST"},
    {"POST", "/v1/status", "", 405, "GET, HEAD"},
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

    admin_rig_start(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        admin_rig_expect_all(&rig, &rows[i], 1);
        ck_assert_ptr_null(strstr(admin_rig_answer.body, "zQWB"));
    }
    json_t *status = admin_rig_call(&rig, 200, "GET", "/v1/status", "");
    ck_assert_int_eq(admin_rig_number(status, "seq"), 0);
    json_decref(status);
    rig_stop(&rig);
}
END_TEST

START_TEST(refuses_a_body_above_the_limit)
{
    static char body[65536 + 2];
    struct rig rig;

    admin_rig_start(&rig);
    memset(body, ' ', sizeof body - 1);
    rig_call(&rig, "admin", "POST /v1/tokens HTTP/1.1", body, &admin_rig_answer);
    ck_assert_uint_eq(admin_rig_answer.status, 413);
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

    admin_rig_start(&rig);
    snprintf(path, sizeof path, "%s/admin", rig.dir);
    ck_assert_int_eq(chmod(rig.dir, 0711) | chmod(path, 0666), 0);
    unsigned expected = geteuid() == 0 ? 403 : 200;
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(54321) < 0 || setuid(54321) < 0))
            _exit(2);
        rig_ask(&rig, "admin", request, sizeof request - 1, &admin_rig_answer);
        _exit(admin_rig_answer.status != expected ||
              (expected == 403 && !strstr(admin_rig_answer.body, "stkgate-admin")));
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
    admin_rig_answer.body_len = 0;
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

    admin_rig_start(&rig);
    CURL *curl = curl_easy_init();
    snprintf(socket_path, sizeof socket_path, "%s/admin", rig.dir);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &admin_rig_answer);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(curl_call(curl, "/v1/tokens", "{\"site_id\":\"kasa\",\"name\":\"n\"}"),
                         201);
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
        total += connects;
    }
    ck_assert_int_eq(total, 1);
    ck_assert_int_eq(curl_call(curl, "/v1/tokens?site=kasa", NULL), 200);
    json_t *list = json_loads(admin_rig_answer.body, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "tokens")), 20);
    json_decref(list);
    ck_assert_int_eq(curl_call(curl, "/v1/tokens?site=nobody", NULL), 404);
    curl_easy_cleanup(curl);
    rig_stop(&rig);
}
END_TEST

SUITE_MAIN("http_admin", refuses_and_says_why, refuses_a_body_above_the_limit, refuses_other_users,
           serves_curl_on_one_connection)
