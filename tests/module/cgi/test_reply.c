/* Tests of module/cgi/reply.c: no daemon is asked. */
#include "module/cgi/reply.h"

#include <stdio.h>

#include "tests/suite.h"

static char text[REPLY_MAX + 1];

static const char *text_of(const struct reply *reply)
{
    memcpy(text, reply->text, reply->len);
    text[reply->len] = '\0';
    return text;
}

static stkgate *open_gate(void)
{
    stkgate *gate;
    struct stkgate_options options = STKGATE_OPTIONS_INIT;
    options.runtime = "/nowhere";
    ck_assert_int_eq(stkgate_open(&gate, "default", &options), 0);
    return gate;
}

static struct stkgate_verdict refused(uint32_t status, uint32_t reason)
{
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    verdict.status = status;
    verdict.reason = reason;
    return verdict;
}

START_TEST(refuses_with_a_status_fields_an_empty_line_and_a_body)
{
    stkgate *gate = open_gate();
    struct stkgate_verdict verdict = refused(401, STKGATE_MISSING_TOKEN);
    struct reply reply;
    reply_init(&reply, false);
    reply_refuse(&reply, gate, &verdict, false);
    ck_assert_ptr_nonnull(strstr(text_of(&reply), "\n\n{"));
    ck_assert(strncmp(text, "Status: 401 Unauthorized\n", 25) == 0);
    ck_assert_ptr_nonnull(strstr(text, "\nWWW-Authenticate: Bearer realm=\"storefront\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nContent-Type: application/problem+json\n\n"));
    ck_assert_ptr_nonnull(strstr(text, "\"reason\":\"missing_token\""));
    ck_assert_ptr_null(strchr(text, '\r'));
    stkgate_close(gate);
}
END_TEST

START_TEST(has_no_body_for_a_head)
{
    stkgate *gate = open_gate();
    struct stkgate_verdict verdict = refused(403, STKGATE_ORIGIN_DENIED);
    struct reply reply;
    reply_init(&reply, false);
    reply_refuse(&reply, gate, &verdict, true);
    ck_assert_str_eq(text_of(&reply) + reply.len - 2, "\n\n");
    ck_assert_ptr_null(strchr(text, '{'));
    stkgate_close(gate);
}
END_TEST

START_TEST(is_http_itself_where_the_server_hands_it_on)
{
    stkgate *gate = open_gate();
    struct stkgate_verdict verdict = refused(429, STKGATE_RATE_LIMITED);
    struct reply reply;
    reply_init(&reply, true);
    reply_refuse(&reply, gate, &verdict, false);
    ck_assert(strncmp(text_of(&reply), "HTTP/1.1 429 Too Many Requests\r\n", 32) == 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n{"));
    ck_assert_ptr_null(strstr(text, "Status:"));
    for (const char *end = text; (end = strchr(end, '\n')); end++)
        ck_assert(end > text && end[-1] == '\r');
    stkgate_close(gate);
}
END_TEST

START_TEST(is_503_when_there_is_no_verdict)
{
    stkgate *gate = open_gate();
    struct stkgate_verdict verdict = STKGATE_VERDICT_INIT;
    struct reply reply;
    reply_init(&reply, false);
    reply_refuse(&reply, gate, &verdict, false);
    ck_assert(strncmp(text_of(&reply), "Status: 503 Service Unavailable\n", 32) == 0);
    ck_assert_ptr_nonnull(strstr(text, "\"status\":503"));
    stkgate_close(gate);
}
END_TEST

START_TEST(never_lets_a_call_pass)
{
    stkgate *gate = open_gate();
    static const uint32_t statuses[] = {200, 0, 204, 302, 999, UINT32_MAX};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct stkgate_verdict verdict = refused(statuses[i], STKGATE_OK);
        struct reply reply;
        reply_init(&reply, false);
        reply_refuse(&reply, gate, &verdict, false);
        ck_assert_msg(strncmp(text_of(&reply), "Status: 503 ", 12) == 0, "%u: %s", statuses[i],
                      text);
    }
    stkgate_close(gate);
}
END_TEST

START_TEST(fails_with_500_or_503_alone)
{
    static const struct {
        unsigned status;
        const char *wanted;
    } rows[] = {{500, "Status: 500 Internal Server Error\n"},
                {503, "Status: 503 Service Unavailable\n"},
                {200, "Status: 503 Service Unavailable\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reply reply;
        reply_init(&reply, false);
        reply_add_field(&reply, "X", "from before");
        reply_fail(&reply, rows[i].status, false);
        ck_assert(strncmp(text_of(&reply), rows[i].wanted, strlen(rows[i].wanted)) == 0);
        ck_assert_ptr_null(strstr(text, "from before"));
        ck_assert_ptr_nonnull(strstr(text, "\"status\":50"));
    }
}
END_TEST

START_TEST(makes_one_line_of_a_value_whatever_is_in_it)
{
    struct reply reply;
    reply_init(&reply, false);
    reply_add_field(&reply, "Link", "<a>\r\nSet-Cookie: x\n\n\x7f\x01y\xc3\xa9");
    ck_assert_str_eq(text_of(&reply), "Link: <a>Set-Cookie: xy\xc3\xa9\n");
}
END_TEST

START_TEST(notices_that_it_has_no_room)
{
    static char value[REPLY_MAX + 1];
    memset(value, 'x', sizeof value - 1);
    struct reply reply;
    reply_init(&reply, false);
    reply_add_field(&reply, "X", value);
    ck_assert(reply.too_long);
    ck_assert_uint_le(reply.len, REPLY_MAX);
}
END_TEST

SUITE_MAIN("reply", refuses_with_a_status_fields_an_empty_line_and_a_body, has_no_body_for_a_head,
           is_http_itself_where_the_server_hands_it_on, is_503_when_there_is_no_verdict,
           never_lets_a_call_pass, fails_with_500_or_503_alone,
           makes_one_line_of_a_value_whatever_is_in_it, notices_that_it_has_no_room)
