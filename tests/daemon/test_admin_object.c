#include "daemon/admin_object.h"

#include <stdio.h>

#include "tests/suite.h"

static char detail[ADMIN_DETAIL_MAX];

static struct admin_object open_as(const char *text, const char *known)
{
    struct admin_object object;

    detail[0] = '\0';
    admin_object_open(&object, text_of(text), known, detail);
    return object;
}

static const struct {
    const char *text, *known, *detail; /* the whole detail; NULL: taken */
} opened[] = {
    {"{}", "a b ", NULL},
    {"{\"a\":1,\"b\":null}", "a b ", NULL},
    {"{}", "", NULL},
    {"", "a ", "the body is empty: it must be a JSON object"},
    {"7", "a ", "line 1, column 1: the body is not valid JSON"},
    {"[]", "a ", "the body must be a JSON object"},
    {"{\"a\":[[[[[[[1]]]]]]]}", "a ", NULL},
    {"{\"a\":[[[[[[[[1]]]]]]]]}", "a ", "the JSON is nested more than 8 deep"},
    {"{\"a\":\"[[[[[[[[[[ \\\" [[[[[[[[[[\"}", "a ", NULL},
    {"{\"a\":1,\n\"a\":2}", "a ", "line 2, column 3: a stands there twice"},
    /* What does not look like a name is not told: it may be a value in the wrong place. */
    {"{\"A1\":1,\"A1\":2}", "a ", "line 1, column 12: a member stands there twice"},
    {"{\"c\":1}", "a b ", "unknown member c; known are: a b"},
    {"{\"ab\":1}", "a b ", "unknown member ab; known are: a b"},
    {"{\"\":1}", "a b ", "unknown member ; known are: a b"},
    {"{\"C1\":1}", "a b ", "an unknown member; known are: a b"},
    {"{\"aaaaaaaaaabbbbbbbbbbccccccccccddd\":1}", "a ", "an unknown member; known are: a"},
    {"{\"a\":1}", "", "this request has no members: send {}, or no body"},
};

START_TEST(opens_objects_with_known_members_alone)
{
    for (size_t i = 0; i < sizeof opened / sizeof opened[0]; i++) {
        struct admin_object object = open_as(opened[i].text, opened[i].known);
        ck_assert_msg(object.failed == (opened[i].detail != NULL), "%s: %s", opened[i].text,
                      detail);
        ck_assert_str_eq(detail, opened[i].detail ? opened[i].detail : "");
        json_decref(object.json);
    }
}
END_TEST

START_TEST(bounds_the_depth_before_it_parses)
{
    static char text[65537];

    memset(text, '[', sizeof text - 1);
    struct admin_object object = open_as(text, "a ");
    ck_assert_str_eq(detail, "the JSON is nested more than 8 deep");
    ck_assert_ptr_null(object.json);
}
END_TEST

START_TEST(takes_an_empty_text_for_an_empty_object)
{
    struct admin_object object;

    admin_object_open_optional(&object, TEXT(""), "a ", detail);
    ck_assert(!object.failed && json_object_size(object.json) == 0);
    json_decref(object.json);
}
END_TEST

/* One member "v", read as each type. */
enum type { AS_TEXT, AS_BOOL, AS_COUNT, AS_TIME, AS_SPAN, AS_ARRAY };

static const struct {
    enum type type;
    const char *value;
    const char *detail; /* a part of it; NULL: taken */
} values[] = {
    {AS_TEXT, "\"x\"", NULL},
    {AS_TEXT, "1", "v: must be text"},
    {AS_TEXT, "\"a stk_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17 b\"", "v: has the text of a"},
    {AS_BOOL, "false", NULL},
    {AS_BOOL, "0", "v: must be true or false"},
    {AS_COUNT, "9223372036854775807", NULL},
    {AS_COUNT, "0", "v: must be a whole number from 1"},
    {AS_COUNT, "1.0", "v: must be a whole number from 1"},
    {AS_COUNT, "true", "v: must be a whole number from 1"},
    {AS_TIME, "\"2026-02-28\"", NULL},
    {AS_TIME, "\"2026-02-30\"", "v: must be a time"},
    {AS_TIME, "1767225600", "v: must be text"},
    {AS_SPAN, "\"90s\"", NULL},
    {AS_SPAN, "\"90x\"", "v: must be a span"},
    {AS_ARRAY, "[\"x\",\"x\"]", NULL},
    {AS_ARRAY, "\"x\"", "v: must be a list"},
    {AS_ARRAY, "[\"x\",1]", "v[1]: must be text"},
};

static void read_as(struct admin_object *object, enum type type)
{
    json_t *array;
    uint64_t number;
    int64_t at;

    if (type == AS_TEXT)
        admin_object_text(object, "v");
    else if (type == AS_BOOL)
        admin_object_bool(object, "v");
    else if (type == AS_COUNT)
        admin_object_count(object, "v", &number);
    else if (type == AS_TIME)
        admin_object_time(object, "v", &at);
    else if (type == AS_SPAN)
        admin_object_span(object, "v", &number);
    for (size_t i = 0; type == AS_ARRAY && i < 2 && !object->failed; i++)
        if (admin_object_array(object, "v", &array) == 2)
            admin_object_element(object, "v", array, i);
}

START_TEST(reads_members_of_their_type_alone)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"v\":%s}", values[i].value);
        struct admin_object object = open_as(text, "v ");
        read_as(&object, values[i].type);
        ck_assert_msg(object.failed == (values[i].detail != NULL), "%s: %s", text, detail);
        ck_assert_msg(!values[i].detail || strstr(detail, values[i].detail), "%s: %s", text,
                      detail);
        json_decref(object.json);
    }
}
END_TEST

START_TEST(leaves_what_is_absent_or_null_as_it_was)
{
    static const char *const texts[] = {"{}", "{\"v\":null}"};

    for (size_t i = 0; i < 2; i++) {
        struct admin_object object = open_as(texts[i], "v ");
        uint64_t count = 7, span_ns = 8;
        int64_t at = 9;
        json_t *array;
        ck_assert_ptr_null(admin_object_text(&object, "v").data);
        ck_assert(!admin_object_bool(&object, "v"));
        admin_object_count(&object, "v", &count);
        admin_object_span(&object, "v", &span_ns);
        admin_object_time(&object, "v", &at);
        ck_assert_uint_eq(admin_object_array(&object, "v", &array), 0);
        ck_assert(count == 7 && span_ns == 8 && at == 9 && !array && !object.failed);
        ck_assert(admin_object_has(&object, "v") == (i == 1));
        json_decref(object.json);
    }
}
END_TEST

START_TEST(keeps_the_first_mistake)
{
    struct admin_object object = open_as("{\"a\":1,\"b\":1}", "a b ");

    admin_object_text(&object, "a");
    admin_object_text(&object, "b");
    ck_assert_str_eq(detail, "a: must be text, in double quotes");
    ck_assert_ptr_null(admin_object_member(&object, "b"));
    json_decref(object.json);
}
END_TEST

START_TEST(hands_the_mistakes_of_an_inner_object_on)
{
    struct admin_object object = open_as("{\"a\":{\"b\":\"\"}}", "a "), inner;
    uint64_t count;

    ck_assert(!admin_object_enter(&object, "z", "z.", "b ", "{}", &inner));
    ck_assert(admin_object_enter(&object, "a", "a.", "b ", "{}", &inner));
    admin_object_count(&inner, "b", &count);
    ck_assert(!object.failed);
    admin_object_leave(&object, &inner);
    ck_assert(object.failed);
    ck_assert_ptr_nonnull(strstr(detail, "a.b: must be a whole number"));
    json_decref(object.json);

    object = open_as("{\"a\":[]}", "a ");
    ck_assert(!admin_object_enter(&object, "a", "a.", "b ", "{\"b\": 1}", &inner));
    ck_assert_str_eq(detail, "a: must be an object such as {\"b\": 1}");
    json_decref(object.json);
}
END_TEST

START_TEST(refuses_null_but_where_it_means_something)
{
    struct admin_object object = open_as("{\"a\":null,\"b\":null}", "a b ");

    admin_object_refuse_null(&object, "b a ");
    ck_assert(!object.failed);
    admin_object_refuse_null(&object, "a ");
    ck_assert_str_eq(detail, "b: can't be null: leave it out, and it stays as it is");
    json_decref(object.json);
}
END_TEST

SUITE_MAIN("admin_object", opens_objects_with_known_members_alone,
           bounds_the_depth_before_it_parses, takes_an_empty_text_for_an_empty_object,
           reads_members_of_their_type_alone, leaves_what_is_absent_or_null_as_it_was,
           keeps_the_first_mistake, hands_the_mistakes_of_an_inner_object_on,
           refuses_null_but_where_it_means_something)
