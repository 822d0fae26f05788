#include "daemon/admin/answer.h"

#include <string.h>

#include "tests/suite.h"

static json_t *object_of(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(object);
    return object;
}

START_TEST(reads_members)
{
    json_t *object = object_of("{\"t\":\"x\",\"n\":7,\"f\":true,\"at\":\"2026-11-24T03:55:00Z\"}");
    int64_t at_s;
    ck_assert_str_eq(answer_text(object, "t"), "x");
    ck_assert_uint_eq(answer_number(object, "n"), 7);
    ck_assert(answer_flag(object, "f"));
    ck_assert(answer_time(object, "at", &at_s));
    ck_assert_int_eq(at_s, 1795492500);
    json_decref(object);
}
END_TEST

START_TEST(reads_other_types_as_nothing)
{
    json_t *object = object_of("{\"t\":7,\"n\":\"x\",\"m\":-1,\"f\":1,\"at\":\"soon\",\"z\":null}");
    int64_t at_s = 5;
    ck_assert_str_eq(answer_text(object, "t"), "");
    ck_assert_str_eq(answer_text(object, "absent"), "");
    ck_assert_str_eq(answer_text(NULL, "t"), "");
    ck_assert_uint_eq(answer_number(object, "n"), 0);
    ck_assert_uint_eq(answer_number(object, "m"), 0);
    ck_assert(!answer_flag(object, "f"));
    ck_assert(!answer_time(object, "at", &at_s));
    ck_assert(!answer_time(object, "z", &at_s));
    ck_assert_int_eq(at_s, 5);
    json_decref(object);
}
END_TEST

START_TEST(tells_a_limit_shortly)
{
    static const struct {
        const char *token, *expected;
    } cases[] = {
        {"{\"limit\":{\"requests\":60,\"window\":\"1m\",\"burst\":60}}", "60/1m"},
        {"{\"limit\":{\"requests\":60,\"window\":\"1m\",\"burst\":10}}", "60/1m, burst 10"},
        {"{}", "0/"},
        {"{\"limit\":{\"requests\":9223372036854775807,\"burst\":9223372036854775806,"
         "\"window\":\"0123456789012345678901234567890123456789\"}}",
         "9223372036854775807/012345678901234567890123, burst 9223372036854775806"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[ANSWER_TEXT_MAX];
        json_t *token = object_of(cases[i].token);
        answer_limit(token, text);
        ck_assert_str_eq(text, cases[i].expected);
        json_decref(token);
    }
}
END_TEST

START_TEST(hints_at_the_secret)
{
    char text[ANSWER_TEXT_MAX];
    json_t *token = object_of("{\"kind\":\"live\",\"secret_prefix\":\"stk_live_zQWB\"}");
    json_t *legacy = object_of("{\"kind\":\"legacy\",\"secret_prefix\":null}");
    answer_secret_hint(token, text);
    ck_assert_str_eq(text, "stk_live_zQWB...");
    answer_secret_hint(legacy, text);
    ck_assert_str_eq(text, "legacy key");
    json_decref(token);
    json_decref(legacy);
}
END_TEST

START_TEST(tells_times_from_now)
{
    static const struct {
        int64_t at_s;
        const char *expected;
    } cases[] = {
        {1000000, "now"},        {999999, "1 s ago"},
        {999881, "119 s ago"},   {999880, "2 min ago"},
        {992801, "119 min ago"}, {992800, "2 h ago"},
        {910000, "25 h ago"},    {827200, "2 d ago"},
        {1000059, "in 59 s"},    {1000000 + 90 * 86400, "in 90 d"},
        {0, "11 d ago"},         {INT64_C(253402300799), "in 2932885 d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[ANSWER_TEXT_MAX];
        answer_relative(cases[i].at_s, 1000000, text);
        ck_assert_str_eq(text, cases[i].expected);
    }
}
END_TEST

START_TEST(writes_lists)
{
    char buffer[256] = "";
    FILE *out = fmemopen(buffer, sizeof buffer, "w");
    json_t *object = object_of("{\"a\":[\"x\",\"y\\u001b\",3],\"b\":[]}");
    answer_write_texts(out, object, "a", "none");
    fputc('|', out);
    answer_write_texts(out, object, "b", "none");
    fputc('|', out);
    answer_write_texts(out, object, "c", "any");
    fclose(out);
    ck_assert_str_eq(buffer, "x y\\u001b |none|any");
    json_decref(object);
}
END_TEST

SUITE_MAIN("answer", reads_members, reads_other_types_as_nothing, tells_a_limit_shortly,
           hints_at_the_secret, tells_times_from_now, writes_lists)
