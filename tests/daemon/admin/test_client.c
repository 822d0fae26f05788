#include "daemon/admin/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/admin/wiping.h"
#include "daemon/commands.h"
#include "tests/daemon/admin/fake.h"
#include "tests/suite.h"

static struct fake fake;
static char request[FAKE_TEXT_MAX];

static void *serve(void *reply)
{
    fake_exchange(&fake, -1, reply, request, sizeof request);
    return NULL;
}

/* One call that gets this reply. message: FAKE_TEXT_MAX. */
static int call(const char *method, const char *path, json_t *body, const char *reply, json_t **ret,
                char *message)
{
    const struct client_options options = {.runtime = fake.runtime};
    const struct client_call what = {method, path, body};
    struct client *client;
    pthread_t thread;
    ck_assert_int_eq(client_new(&options, &client), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, (void *)reply), 0);
    int status = client_call(client, &what, ret);
    pthread_join(thread, NULL);
    snprintf(message, CLIENT_MESSAGE_MAX, "%s", client_message(client));
    client_free(client);
    json_decref(body);
    return status;
}

static void begin(void)
{
    ck_assert_int_eq(wiping_install(), 0);
    fake_start(&fake);
}

START_TEST(posts_json_and_takes_an_object)
{
    char message[CLIENT_MESSAGE_MAX];
    json_t *answer = NULL;
    begin();
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* nobody there: a proxy would fail */
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    ck_assert_int_eq(call("POST", "/v1/tokens", json_pack("{s:s}", "name", "x"),
                          fake_reply("201 Created", "{\"key_id\":\"k\"}"), &answer, message),
                     EXIT_STATUS_OK);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "key_id")), "k");
    ck_assert(strncmp(request, "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\n", 42) == 0);
    ck_assert_ptr_nonnull(strstr(request, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(request, "\r\n\r\n{\"name\":\"x\"}"));
    ck_assert_ptr_null(strstr(request, "Expect:"));
    json_decref(answer);
    fake_stop(&fake);
}
END_TEST

START_TEST(tells_the_detail_of_a_problem)
{
    static const struct {
        const char *status_line, *body, *message;
    } cases[] = {
        {"400 Bad Request", "{\"title\":\"Bad\",\"detail\":\"site is wrong\"}", "site is wrong"},
        {"404 Not Found", "{\"title\":\"No such key\"}", "No such key"},
        {"403 Forbidden", "{\"detail\":7}",
         "the daemon answered with status 403 and no explanation; its log may have one"},
        {"500 Oops", "<html>",
         "the daemon answered with status 500 and no explanation; its log may have one"},
        {"302 Found", "",
         "the daemon answered with status 302 and no explanation; its log may have one"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[CLIENT_MESSAGE_MAX];
        json_t *answer = NULL;
        ck_assert_int_eq(call("GET", "/v1/status", NULL,
                              fake_reply(cases[i].status_line, cases[i].body), &answer, message),
                         EXIT_STATUS_REFUSED);
        ck_assert_ptr_null(answer);
        ck_assert_str_eq(message, cases[i].message);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_answers_that_are_none)
{
    static const char *const bodies[] = {"",
                                         "[]",
                                         "3",
                                         "{",
                                         "{\"a\":1,\"a\":2}",
                                         "{} x",
                                         "\xff",
                                         "{\"a\":\"\xff\"}",
                                         "{\"a\":\"\\u0000\"}"};
    begin();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char message[CLIENT_MESSAGE_MAX];
        json_t *answer = NULL;
        ck_assert_int_eq(call("GET", "/", NULL, fake_reply("200 OK", bodies[i]), &answer, message),
                         EXIT_STATUS_REFUSED);
        ck_assert_ptr_null(answer);
        ck_assert_ptr_nonnull(strstr(message, "is no stkgate daemon"));
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_what_is_no_http)
{
    static const struct {
        const char *reply, *says;
    } cases[] = {
        {"", "broke off without an answer"},
        {"hello\r\n\r\n", "broke off without an answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "broke off without an answer"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "is no stkgate daemon"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[CLIENT_MESSAGE_MAX];
        json_t *answer = NULL;
        ck_assert_int_eq(call("GET", "/", NULL, cases[i].reply, &answer, message),
                         EXIT_STATUS_REFUSED);
        ck_assert_msg(strstr(message, cases[i].says), "%zu: %s", i, message);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(warns_that_a_change_may_have_been_made)
{
    char message[CLIENT_MESSAGE_MAX];
    json_t *answer = NULL;
    begin();
    ck_assert_int_eq(call("POST", "/", json_object(), "", &answer, message), EXIT_STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(message, "the change may have been made"));
    fake_stop(&fake);
}
END_TEST

/* A reply whose header section or body is larger than the client takes. */
static char *long_reply(bool in_fields)
{
    size_t len = in_fields ? 80u * 1024 : 9u * 1024 * 1024;
    char *reply = malloc(len + 256);
    ck_assert_ptr_nonnull(reply);
    int at = sprintf(reply, "HTTP/1.1 200 OK\r\n");
    if (!in_fields)
        at += sprintf(reply + at, "Connection: close\r\n\r\n");
    while ((size_t)at < len)
        at += sprintf(reply + at, in_fields ? "X-Padding-Field: aaaaaaaaaaaaaaaaaaaa\r\n" : "    ");
    sprintf(reply + at, in_fields ? "\r\n{}" : "{}");
    return reply;
}

START_TEST(bounds_the_answer)
{
    begin();
    for (int in_fields = 0; in_fields <= 1; in_fields++) {
        char message[CLIENT_MESSAGE_MAX];
        char *reply = long_reply(in_fields);
        json_t *answer = NULL;
        ck_assert_int_eq(call("GET", "/", NULL, reply, &answer, message), EXIT_STATUS_REFUSED);
        ck_assert_msg(strstr(message, "gave too long an answer"), "%s", message);
        free(reply);
    }
    fake_stop(&fake);
}
END_TEST

START_TEST(gives_up_on_a_silent_daemon)
{
    begin(); /* the socket listens, and nobody accepts */
    const struct client_options options = {.runtime = fake.runtime, .timeout_ms = 50};
    const struct client_call what = {"GET", "/v1/status", NULL};
    struct client *client;
    json_t *answer = NULL;
    ck_assert_int_eq(client_new(&options, &client), 0);
    ck_assert_int_eq(client_call(client, &what, &answer), EXIT_STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(client_message(client), "did not answer in time"));
    client_free(client);
    fake_stop(&fake);
}
END_TEST

static void expect_unavailable(const char *runtime, const char *says)
{
    const struct client_options options = {.runtime = runtime};
    const struct client_call what = {"GET", "/v1/status", NULL};
    struct client *client;
    json_t *answer = NULL;
    ck_assert_int_eq(client_new(&options, &client), 0);
    ck_assert_int_eq(client_call(client, &what, &answer), EXIT_STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(client_message(client), says), "%s", client_message(client));
    ck_assert_ptr_nonnull(strstr(client_message(client), "/admin.sock"));
    client_free(client);
}

START_TEST(says_that_nobody_is_there)
{
    begin();
    close(fake.listen_fd); /* the file stays: a daemon that was killed */
    expect_unavailable(fake.runtime, "(Connection refused): start it with 'systemctl start");
    fake_stop(&fake);
    expect_unavailable(fake.runtime, "(No such file or directory): start it with 'systemctl start");
}
END_TEST

START_TEST(says_which_group_may)
{
    char path[128];
    begin();
    snprintf(path, sizeof path, "%s/admin.sock", fake.runtime);
    chmod(path, 0);
    /* Root may open anything: become somebody else, who can still reach the directory. */
    chmod(fake.runtime, 0755);
    bool is_root = geteuid() == 0;
    if (is_root)
        ck_assert_int_eq(seteuid(65534), 0);
    expect_unavailable(fake.runtime, "be root or a member of group stkgate-admin");
    if (is_root)
        ck_assert_int_eq(seteuid(0), 0);
    fake_stop(&fake);
}
END_TEST

START_TEST(refuses_a_path_too_long_for_a_socket)
{
    char runtime[200];
    memset(runtime, 'a', sizeof runtime);
    runtime[sizeof runtime - 1] = '\0';
    const struct client_options options = {.runtime = runtime};
    struct client *client = NULL;
    ck_assert_int_eq(client_new(&options, &client), -ENAMETOOLONG);
    ck_assert_ptr_null(client);
}
END_TEST

START_TEST(escapes_for_a_query)
{
    begin();
    const struct client_options options = {.runtime = fake.runtime};
    struct client *client;
    ck_assert_int_eq(client_new(&options, &client), 0);
    char *escaped = client_escape(client, "a b&c=d/\xc3\xb6\n");
    ck_assert_str_eq(escaped, "a%20b%26c%3Dd%2F%C3%B6%0A");
    wiping_free(escaped);
    client_free(client);
    fake_stop(&fake);
}
END_TEST

SUITE_MAIN("client", posts_json_and_takes_an_object, tells_the_detail_of_a_problem,
           refuses_answers_that_are_none, refuses_what_is_no_http,
           warns_that_a_change_may_have_been_made, bounds_the_answer, gives_up_on_a_silent_daemon,
           says_that_nobody_is_there, says_which_group_may, refuses_a_path_too_long_for_a_socket,
           escapes_for_a_query)
