#include "daemon/admin_member.h"

#include "tests/suite.h"

/* 2026-01-01T00:00:00Z */
#define NOW INT64_C(1767225600)
#define KNOWN                                                                                      \
    "name scopes allowed_origins missing_origin limit expires_at expires_in deprecation_at "       \
    "sunset_at link "

static char detail[ADMIN_DETAIL_MAX];

static struct admin_object open_text(const char *text)
{
    struct admin_object object;

    detail[0] = '\0';
    admin_object_open(&object, text_of(text), KNOWN, detail);
    return object;
}

START_TEST(leaves_what_is_not_named_as_it_was)
{
    struct scope_registry registry;
    struct admin_object object = open_text("{\"name\":null}");
    uint8_t storage[ORIGINS_BYTES_MAX];
    struct text name = TEXT("n"), link = TEXT("l");
    struct textlist origins = {(const uint8_t *)"\1x", 2};
    struct rate_limit limit = {1, 2, 3};
    int64_t expires_at = 4, deprecation_at = 5, sunset_at = 6;
    uint64_t scopes = 7;
    unsigned parts = 8;
    bool allowed = true;

    scope_registry_init(&registry);
    admin_member_name(&object, &name);
    admin_member_scopes(&object, &registry, &scopes);
    admin_member_origins(&object, storage, &origins);
    admin_member_missing_origin(&object, &allowed);
    admin_member_limit(&object, &limit, &parts);
    admin_member_expiry(&object, NOW, &expires_at);
    admin_member_deprecation(&object, &deprecation_at, &sunset_at, &link);
    ck_assert(!object.failed);
    ck_assert(text_equal(name, TEXT("n")) && text_equal(link, TEXT("l")));
    ck_assert_uint_eq(origins.len, 2);
    ck_assert(limit.requests == 1 && limit.window_ns == 2 && limit.burst == 3);
    ck_assert(expires_at == 4 && deprecation_at == 5 && sunset_at == 6);
    ck_assert(scopes == 7 && parts == 8 && allowed);
    json_decref(object.json);
}
END_TEST

START_TEST(keeps_an_origin_once_in_its_canonical_form)
{
    struct admin_object object = open_text(
        "{\"allowed_origins\":[\"HTTPS://Shop.Example:443/\",\"https://shop.example\",\"http://"
        "[0:0::1]\"]}");
    uint8_t storage[ORIGINS_BYTES_MAX];
    struct textlist origins = {NULL, 0};

    admin_member_origins(&object, storage, &origins);
    ck_assert_uint_eq(textlist_count(origins), 2);
    ck_assert(textlist_contains(origins, TEXT("https://shop.example")));
    ck_assert(textlist_contains(origins, TEXT("http://[::1]")));
    json_decref(object.json);
}
END_TEST

START_TEST(names_the_parts_of_a_limit)
{
    static const struct {
        const char *text;
        unsigned parts;
    } rows[] = {
        {"{\"limit\":{}}", 0},
        {"{\"limit\":{\"requests\":5,\"burst\":null}}", EDIT_REQUESTS},
        {"{\"limit\":{\"window\":\"5s\"}}", EDIT_WINDOW},
        {"{\"limit\":{\"burst\":5,\"requests\":5}}", EDIT_BURST | EDIT_REQUESTS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct admin_object object = open_text(rows[i].text);
        struct rate_limit limit = {1, 1, 1};
        unsigned parts = 99;
        admin_member_limit(&object, &limit, &parts);
        ck_assert_uint_eq(parts, rows[i].parts);
        ck_assert_uint_eq(limit.requests, parts & EDIT_REQUESTS ? 5 : 1);
        ck_assert_uint_eq(limit.window_ns, parts & EDIT_WINDOW ? UINT64_C(5000000000) : 1);
        ck_assert_uint_eq(limit.burst, parts & EDIT_BURST ? 5 : 1);
        json_decref(object.json);
    }
}
END_TEST

START_TEST(requires_a_limit_that_a_bucket_can_keep)
{
    struct admin_object object = open_text("{}");

    admin_member_require_limit(&object, &(struct rate_limit){60, UINT64_C(60000000000), 60});
    ck_assert(!object.failed);
    admin_member_require_limit(&object, &(struct rate_limit){60, 0, 60});
    ck_assert_str_eq(detail, "limit: the window must be longer than 0");
    json_decref(object.json);
}
END_TEST

START_TEST(counts_a_span_from_now)
{
    struct admin_object object = open_text("{\"expires_in\":\"90s\"}");
    int64_t expires_at = 0;

    admin_member_expiry(&object, NOW, &expires_at);
    ck_assert_int_eq(expires_at, NOW + 90);
    json_decref(object.json);
}
END_TEST

START_TEST(takes_an_expiry_that_is_still_to_come)
{
    static const struct {
        const char *text;
        int64_t expires_at; /* 0: a mistake */
    } rows[] = {
        {"{\"expires_at\":\"2026-01-01T00:00:01Z\"}", NOW + 1},
        {"{\"expires_at\":\"2026-01-01T00:00:00Z\"}", 0},
        {"{\"expires_in\":\"1s\"}", NOW + 1},
        {"{\"expires_in\":\"999ms\"}", 0},
        {"{\"expires_in\":\"1s\",\"expires_at\":\"2027-01-01\"}", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct admin_object object = open_text(rows[i].text);
        int64_t expires_at = 0;
        admin_member_expiry(&object, NOW, &expires_at);
        ck_assert_msg(object.failed == (rows[i].expires_at == 0), "%s", rows[i].text);
        if (!object.failed)
            ck_assert_int_eq(expires_at, rows[i].expires_at);
        json_decref(object.json);
    }
}
END_TEST

START_TEST(refuses_a_sunset_before_the_deprecation)
{
    int64_t deprecation_at = 0, sunset_at = 0;
    struct text link = {NULL, 0};
    struct admin_object object =
        open_text("{\"deprecation_at\":\"2026-01-02\",\"sunset_at\":\"2026-01-02\"}");

    admin_member_deprecation(&object, &deprecation_at, &sunset_at, &link);
    ck_assert(!object.failed);
    json_decref(object.json);
    object = open_text("{\"deprecation_at\":\"2026-01-02\",\"sunset_at\":\"2026-01-01\"}");
    admin_member_deprecation(&object, &deprecation_at, &sunset_at, &link);
    ck_assert_str_eq(detail, "sunset_at: must not lie before deprecation_at (RFC 8594, RFC 9745)");
    json_decref(object.json);
}
END_TEST

SUITE_MAIN("admin_member", leaves_what_is_not_named_as_it_was,
           keeps_an_origin_once_in_its_canonical_form, names_the_parts_of_a_limit,
           requires_a_limit_that_a_bucket_can_keep, counts_a_span_from_now,
           takes_an_expiry_that_is_still_to_come, refuses_a_sunset_before_the_deprecation)
