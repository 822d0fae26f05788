#include "daemon/http_admin.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "tests/daemon/admin_rig.h"
#include "tests/suite.h"

#define KEY "key_0123456789ABCDEF" /* nobody's */

static const struct admin_rig_row rows[] = {
    {"GET", "/", "", 404, "there is nothing here"},
    {"GET", "/v1/check", "", 404, "there is nothing here"},
    {"GET", "/v1/tokens/" KEY "/x", "", 404, "there is nothing here"},
    {"POST", "/v1/tokens/" KEY "/rotate/", "", 404, "there is nothing here"},
    {"POST", "/v1/tokens/" KEY "/rotate/x", "", 404, "there is nothing here"},
    {"POST", "/v1/tokens/" KEY "/revoke/finish", "", 404, "there is nothing here"},
    {"POST", "/v1/legacy/" KEY "/suspend", "", 404, "there is nothing here"},
    {"GET", "/v1/sites/", "", 404, "there is nothing here"},
    {"GET", "/v1/tokens/", "", 404, "no token or legacy key with this key_id"},
    {"GET", "/v1/tokens/stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "", 404,
     "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/nonsense/rotate", "", 404, "no token or legacy key with this key_id"},
    {"PATCH", "/v1/tokens/nonsense", "{}", 404, "no token or legacy key with this key_id"},
    {"DELETE", "/v1/legacy/nonsense", "", 404, "no token or legacy key with this key_id"},

    {"DELETE", "/v1/tokens", "", 405, "GET, HEAD, POST"},
    {"PUT", "/v1/tokens/" KEY, "", 405, "GET, HEAD, PATCH"},
    {"DELETE", "/v1/tokens/" KEY, "", 405, "GET, HEAD, PATCH"},
    {"GET", "/v1/tokens/" KEY "/suspend", "", 405, "POST"},
    {"GET", "/v1/tokens/" KEY "/resume", "", 405, "POST"},
    {"GET", "/v1/tokens/" KEY "/revoke", "", 405, "POST"},
    {"GET", "/v1/tokens/" KEY "/rotate", "", 405, "POST"},
    {"GET", "/v1/tokens/" KEY "/rotate/finish", "", 405, "POST"},
    {"PATCH", "/v1/tokens/" KEY "/rotate/cancel", "", 405, "POST"},
    {"DELETE", "/v1/tokens/" KEY "/rotate/shorten", "", 405, "POST"},
    {"PATCH", "/v1/legacy", "", 405, "GET, HEAD, POST"},
    {"GET", "/v1/legacy/" KEY, "", 405, "DELETE"},
    {"POST", "/v1/sites", "", 405, "GET, HEAD"},
    {"DELETE", "/v1/scopes", "", 405, "GET, HEAD, POST"},
    /* Nobody takes anything from the audit trail. */
    {"DELETE", "/v1/audit", "", 405, "GET, HEAD"},
    {"DELETE", "/v1/audit/1", "", 404, "there is nothing here"},
    {"PATCH", "/v1/audit", "", 405, "GET, HEAD"},
    {"POST", "/v1/status", "", 405, "GET, HEAD"},
    {"get", "/v1/status", "", 405, "GET, HEAD"},

    {"POST", "/v1/tokens", "", 400, "the body is empty"},
    {"POST", "/v1/tokens", "{\"site_id\":", 400, "line 1, column"},
    {"POST", "/v1/tokens", "{\"site_id\":\"\xff\"}", 400, "not valid UTF-8"},
    {"POST", "/v1/legacy", "{\"site_id\":\"kasa\"}", 400, "api_key: is missing"},
    {"POST", "/v1/scopes", "{\"name\":\"Big\"}", 400, "name: must be 1 to 32"},
    {"PATCH", "/v1/tokens/" KEY, "", 400, "the body is empty"},
    {"PATCH", "/v1/tokens/" KEY, "{}", 400, "nothing is to be changed"},
    {"POST", "/v1/tokens/" KEY "/suspend", "{\"reason\":1}", 400, "reason: must be text"},
    {"POST", "/v1/tokens/" KEY "/resume", "{\"reason\":\"\"}", 400, "has no members"},
    {"POST", "/v1/tokens/" KEY "/revoke", "[]", 400, "must be a JSON object"},
    {"POST", "/v1/tokens/" KEY "/rotate", "{\"grace\":1}", 400, "grace: must be text"},
    {"POST", "/v1/tokens/" KEY "/rotate/finish", "{\"grace\":\"1m\"}", 400, "has no members"},
    {"POST", "/v1/tokens/" KEY "/rotate/cancel", "x", 400, "line 1, column 1"},
    {"POST", "/v1/tokens/" KEY "/rotate/shorten", "", 400, "grace: is missing"},
    {"DELETE", "/v1/legacy/" KEY, "{\"yes\":true}", 400, "has no members"},

    {"PATCH", "/v1/tokens/" KEY, "{\"name\":\"n\"}", 404,
     "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/suspend", "", 404, "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/resume", "{}", 404, "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/revoke", "", 404, "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/rotate", "", 404, "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/rotate/finish", "{}", 404,
     "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/rotate/cancel", "", 404,
     "no token or legacy key with this key_id"},
    {"POST", "/v1/tokens/" KEY "/rotate/shorten", "{\"grace\":\"1m\"}", 404,
     "no token or legacy key with this key_id"},
    {"DELETE", "/v1/legacy/" KEY, "{}", 404, "no token or legacy key with this key_id"},
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

/* What HEAD leaves out is the body alone. */
START_TEST(answers_head_as_get)
{
    static const char *const targets[] = {"/v1/tokens", "/v1/legacy", "/v1/sites",
                                          "/v1/scopes", "/v1/audit",  "/v1/tokens?limit=0"};
    struct rig rig;

    admin_rig_start(&rig);
    rig_mint(&rig, "");
    int fd = rig_connect(&rig, "admin");
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char request[256], length[32];
        unsigned status = 0;
        for (int head = 0; head < 2; head++) {
            int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: h\r\n\r\n",
                             head ? "HEAD" : "GET", targets[i]);
            rig_send(fd, request, (size_t)n);
            rig_receive(fd, head, &admin_rig_answer);
            if (head) {
                ck_assert_uint_eq(admin_rig_answer.status, status);
                ck_assert_str_eq(rig_field(&admin_rig_answer, "Content-Length"), length);
            }
            status = admin_rig_answer.status;
            snprintf(length, sizeof length, "%s", rig_field(&admin_rig_answer, "Content-Length"));
        }
        ck_assert_str_ne(length, "0");
    }
    ck_assert(rig_is_silent(fd));
    close(fd);
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

/* Every method of every route, and what is no route: a user who may not learns nothing of them, nor
 * of what is wrong with what is sent. */
static const char *const forbidden[] = {
    "GET /v1/tokens?limit=0",
    "HEAD /v1/tokens",
    "POST /v1/tokens",
    "GET /v1/tokens/" KEY,
    "PATCH /v1/tokens/" KEY,
    "POST /v1/tokens/" KEY "/suspend",
    "POST /v1/tokens/" KEY "/resume",
    "POST /v1/tokens/" KEY "/revoke",
    "POST /v1/tokens/" KEY "/rotate",
    "POST /v1/tokens/" KEY "/rotate/finish",
    "POST /v1/tokens/" KEY "/rotate/cancel",
    "POST /v1/tokens/" KEY "/rotate/shorten",
    "GET /v1/legacy?state=x",
    "POST /v1/legacy",
    "DELETE /v1/legacy/" KEY,
    "GET /v1/sites?after=x",
    "GET /v1/scopes",
    "POST /v1/scopes",
    "GET /v1/audit?since=x",
    "GET /v1/status",
    "PUT /v1/status",
    "GET /nothing",
};

static int ask_as_another_user(const struct rig *rig)
{
    if (geteuid() != 0) {
        rig_call(rig, "admin", "GET /v1/tokens HTTP/1.1", "", &admin_rig_answer);
        return admin_rig_answer.status != 200;
    }
    if (setgid(54321) < 0 || setuid(54321) < 0)
        return 2;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        char head[256];
        snprintf(head, sizeof head, "%s HTTP/1.1", forbidden[i]);
        rig_call(rig, "admin", head, "{garbage", &admin_rig_answer);
        if (admin_rig_answer.status != 403 ||
            (admin_rig_answer.body_len > 0 && !strstr(admin_rig_answer.body, "stkgate-admin")))
            return 3;
    }
    return 0;
}

/* Only root can be somebody else: run by another user, this one shows that its owner may. */
START_TEST(refuses_other_users)
{
    struct rig rig;
    char path[PATH_MAX + 16];
    int status;

    admin_rig_start(&rig);
    snprintf(path, sizeof path, "%s/admin", rig.dir);
    ck_assert_int_eq(chmod(rig.dir, 0711) | chmod(path, 0666), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(ask_as_another_user(&rig));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%#x", (unsigned)status);
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

SUITE_MAIN("http_admin", refuses_and_says_why, answers_head_as_get, refuses_a_body_above_the_limit,
           refuses_other_users, serves_curl_on_one_connection)
