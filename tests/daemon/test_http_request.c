#include "daemon/http_request.h"

#include <unistd.h>

#include "tests/daemon/http_echo.h"
#include "tests/suite.h"

/* ---- dialogues of one request
 * --------------------------------------------------------------------
 */

struct dialogue {
    const char *what;
    const char *request;
    size_t len;
    unsigned status;
    const char *name, *value; /* a field of the answer; NULL: none is looked at */
    const char *body;         /* NULL: not looked at */
};

#define REQUEST(literal) literal, sizeof(literal) - 1
#define HOST             "Host: h\r\n"

static const struct dialogue accepted[] = {
    {"a GET", REQUEST("GET /x HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path", "/x", ""},
    {"no fields at all", REQUEST("GET /x HTTP/1.0\r\n\r\n"), 200, "X-Path", "/x", ""},
    {"the method", REQUEST("BREW /x HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Method", "BREW", ""},
    {"the path is not decoded", REQUEST("GET /a%2Fb/../c HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path",
     "/a%2Fb/../c", ""},
    {"an absolute target", REQUEST("GET http://h:80/x?a=1 HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Path",
     "/x", ""},
    {"an argument is decoded", REQUEST("GET /x?b=0&a=%41+b%2b%C3%bc HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument", "A b+\xc3\xbc", ""},
    {"repeated arguments are joined", REQUEST("GET /x?a=1&&a=2&a HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument", "1 2 ", ""},
    {"an argument without value is there", REQUEST("GET /x?a HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument-There", "yes", ""},
    {"an absent one is not", REQUEST("GET /x?aa=1 HTTP/1.1\r\n" HOST "\r\n"), 200,
     "X-Argument-There", "no", ""},
    {"'=' in a value", REQUEST("GET /x?a=b=c HTTP/1.1\r\n" HOST "\r\n"), 200, "X-Argument", "b=c",
     ""},
    {"a field without regard to case",
     REQUEST("GET /x HTTP/1.1\r\n" HOST "X-TEST:  \t v w\t \r\n\r\n"), 200, "X-Field", "v w", ""},
    {"repeated fields are joined",
     REQUEST("GET /x HTTP/1.1\r\nX-Test: 1\r\n" HOST "X-Test: 2\r\nx-test:\r\n\r\n"), 200,
     "X-Field", "1, 2, ", ""},
    {"an empty field is there", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test:\r\n\r\n"), 200,
     "X-Field-There", "yes", ""},
    {"control bytes and DEL in a value are of it",
     REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: \001a\013\033[m\177\r\n\r\n"), 200, "X-Field",
     "\001a\013\033[m\177", ""},
    {"a longer name is another", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test2: 1\r\n\r\n"), 200,
     "X-Field-There", "no", ""},
    {"a cookie", REQUEST("GET /x HTTP/1.1\r\n" HOST "Cookie: a=b; c=\"d\"\r\nX-Test: 1\r\n\r\n"),
     200, "X-Field", "1", ""},
    {"a body", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 200,
     "X-Method", "POST", "hello"},
    {"a body with a NUL", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n\0"), 200,
     "Content-Length", "1", ""},
    {"a chunked body",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
             "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Test: trailer\r\n\r\n"),
     200, "X-Field-There", "no", "hello"},
    {"HEAD has no body", REQUEST("HEAD /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), 200,
     "Content-Length", "3", ""},
};

/* None of them may reach the handler. A request line or fields that cannot be read: */
static const struct dialogue unreadable[] = {
    {"a NUL within a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\0b\r\n\r\n"), 400,
     "Content-Type", "application/problem+json", NULL},
    {"a NUL at the end of a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\0\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a NUL for a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: \0\r\nY: 1\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a NUL before a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "\0X-Test: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a lone CR in a value", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\rb\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a control byte in a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-\001: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"a space before the colon", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test : a\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"no name", REQUEST("GET /x HTTP/1.1\r\n" HOST ": a\r\n\r\n"), 400, NULL, NULL, NULL},
    {"a continued line", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\r\n b\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"lines that end with LF", REQUEST("GET /x HTTP/1.1\nHost: h\nX-Test: a\n\n"), 400, NULL, NULL,
     NULL},
    {"one line that ends with LF", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test: a\nY: b\r\n\r\n"),
     400, NULL, NULL, NULL},
    {"a NUL in the target", REQUEST("GET /x\0y HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a NUL in the method", REQUEST("GE\0T /x HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a NUL in an argument", REQUEST("GET /x?a=1\0&a=2 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
};

/* What else is wrong. */
static const struct dialogue refused[] = {
    {"no colon", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-Test\r\n\r\n"), 400, NULL, NULL, NULL},
    {"a NUL within a name", REQUEST("GET /x HTTP/1.1\r\n" HOST "X-\0Test: a\r\n\r\n"), 400, NULL,
     NULL, NULL},
    {"no Host", REQUEST("GET /x HTTP/1.1\r\n\r\n"), 400, NULL, NULL, NULL},
    {"a space in the target", REQUEST("GET /x /y HTTP/1.1\r\n" HOST "\r\n"), 0, NULL, NULL, NULL},
    {"a query without a path", REQUEST("GET http://h?/x HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"an encoded NUL", REQUEST("GET /x?a=%00 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"an encoded LF", REQUEST("GET /x?a=b%0Ac HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a control byte in the path", REQUEST("GET /x\001 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"half an escape", REQUEST("GET /x?a=%4 HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"no escape", REQUEST("GET /x?a=%zz HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
    {"a method that is too long", REQUEST("AAAAAAAAAAAAAAAAAAAA /x HTTP/1.1\r\n" HOST "\r\n"), 400,
     NULL, NULL, NULL},
    {"a method that is no token", REQUEST("G(T /x HTTP/1.1\r\n" HOST "\r\n"), 400, NULL, NULL,
     NULL},
    {"two lengths",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400,
     NULL, NULL, NULL},
    {"a length and chunks",
     REQUEST("POST /x HTTP/1.1\r\n" HOST
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400, NULL, NULL, NULL},
    {"another coding", REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a coding behind a control byte",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: \013chunked\r\n\r\n0\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a coding before one",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\014\r\n\r\n0\r\n\r\n"), 400,
     NULL, NULL, NULL},
    {"a length behind one", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: \0131\r\n\r\na"),
     400, NULL, NULL, NULL},
    {"a length before one", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\177\r\n\r\na"),
     400, NULL, NULL, NULL},
    {"no length", REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n"), 400, NULL, NULL,
     NULL},
    {"a length beyond all bounds",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"), 413, NULL,
     NULL, NULL},
    {"a length above the limit",
     REQUEST("POST /x HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n"), 413, "Content-Type",
     "application/problem+json", NULL},
    {"another version", REQUEST("GET /x HTTP/2.0\r\n" HOST "\r\n"), 505, NULL, NULL, NULL},
    {"no version", REQUEST("GET /x\r\n" HOST "\r\n"), 400, NULL, NULL, NULL},
};

/* reason: that each answer gives; NULL: it must not give one. */
static void run_dialogues(struct rig *rig, const struct dialogue *dialogues, size_t count,
                          const char *reason)
{
    static struct answer answer;

    for (size_t i = 0; i < count; i++) {
        const struct dialogue *d = &dialogues[i];
        rig_ask(rig, "s", d->request, d->len, &answer);
        ck_assert_msg(answer.status == d->status, "%s: %u %s", d->what, answer.status, answer.body);
        if (d->name) {
            const char *value = rig_field(&answer, d->name);
            ck_assert_msg(value && strcmp(value, d->value) == 0, "%s: %s is %s", d->what, d->name,
                          value);
        }
        ck_assert_msg(!d->body || strcmp(answer.body, d->body) == 0, "%s: %s", d->what,
                      answer.body);
        const char *told = rig_field(&answer, "Stkgate-Reason");
        ck_assert_msg(reason ? told && strcmp(told, reason) == 0 : !told, "%s: it says %s", d->what,
                      told ? told : "no reason");
    }
}

START_TEST(hands_over_what_was_sent)
{
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    run_dialogues(&rig, accepted, sizeof accepted / sizeof accepted[0], NULL);
    rig_stop(&rig);
}
END_TEST

START_TEST(refuses_malformed_requests_before_the_handler)
{
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    run_dialogues(&rig, refused, sizeof refused / sizeof refused[0], NULL);
    run_dialogues(&rig, unreadable, sizeof unreadable / sizeof unreadable[0], "unreadable_request");
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

/* What follows a malformed request may be its body, or a smuggled request. */
START_TEST(closes_after_a_malformed_request)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
                                  "Content-Length: 38\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n"
                                  "\r\n";
    static struct answer answer;
    struct rig rig;

    rig_start(&rig, http_echo_serve);
    int fd = rig_connect(&rig, "s");
    rig_send(fd, request, sizeof request - 1);
    rig_receive(fd, false, &answer);
    ck_assert_uint_eq(answer.status, 400);
    rig_expect_close(fd);
    close(fd);
    ck_assert_uint_eq(http_echo_handled(&rig), 0);
    rig_stop(&rig);
}
END_TEST

/* ---- the query alone
 * ------------------------------------------------------------------------------
 */

START_TEST(decodes_queries_within_twice_their_length)
{
    static const struct {
        const char *query;
        const char *decoded;
        size_t len;
    } queries[] = {
        {"", "", 0},
        {"&&&", "", 0},
        {"a", "a\0\0", 3},
        {"a&b", "a\0\0b\0\0", 6},
        {"a=1&b=%3d%3D",
         "a\0"
         "1\0b\0==\0",
         9},
        {"=", "\0\0", 2},
        {"=&=", "\0\0\0\0", 4},
        {"a==", "a\0=\0", 4},
    };

    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct text query = text_of(queries[i].query);
        char *out = malloc(2 * query.len + 2);
        size_t len;
        ck_assert(http_request_decode(query, out, &len));
        ck_assert_msg(len == queries[i].len, "%s: %zu", queries[i].query, len);
        if (len > 0)
            ck_assert_mem_eq(out, queries[i].decoded, len);
        free(out);
    }
}
END_TEST

SUITE_MAIN("http_request", hands_over_what_was_sent, refuses_malformed_requests_before_the_handler,
           closes_after_a_malformed_request, decodes_queries_within_twice_their_length)
