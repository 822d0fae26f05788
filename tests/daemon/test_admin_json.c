#include "daemon/admin_json.h"

#include <stdlib.h>

#include "daemon/store/audit.h"
#include "tests/suite.h"

static struct listing a_listing(enum kind kind)
{
    return (struct listing){
        .record =
            {
                .kind = kind,
                .strict = true,
                .scopes = 0x5,
                .limit = {60, UINT64_C(90000000000), 70},
                .created_at = 1767225600,
                .created_by = 1000,
                .key_id = TEXT("key_0123456789abcdef"),
                .site = TEXT("kasa"),
                .name = TEXT("caf\xc3\xa9 \"x\""),
                .secret_prefix = kind == KIND_LEGACY ? TEXT("") : TEXT("stk_live_zQWB"),
                .origins = {(const uint8_t *)"\x10https://a.exampl\x11https://b.example", 35},
            },
        .usage = {.allowed = UINT64_MAX, .refused = 2},
        .state = RECORD_ACTIVE,
        .remaining = 69,
    };
}

static void expect(json_t *object, const char *text)
{
    char *dump = json_dumps(object, JSON_COMPACT);

    ck_assert_str_eq(dump, text);
    free(dump);
    json_decref(object);
}

START_TEST(shows_a_token)
{
    struct scope_registry registry;
    struct listing listing = a_listing(KIND_LIVE);

    scope_registry_init(&registry);
    expect(
        admin_json_token(&listing, &registry),
        "{\"key_id\":\"key_0123456789abcdef\",\"kind\":\"live\","
        "\"secret_prefix\":\"stk_live_zQWB\",\"site_id\":\"kasa\","
        "\"name\":\"caf\xc3\xa9 \\\"x\\\"\",\"state\":\"active\","
        "\"scopes\":[\"catalog:read\",\"checkout:create\"],"
        "\"allowed_origins\":[\"https://a.exampl\",\"https://b.example\"],"
        "\"missing_origin\":\"deny\","
        "\"limit\":{\"requests\":60,\"window\":\"90s\",\"burst\":70},\"strict\":true,"
        "\"remaining\":69,\"created_at\":\"2026-01-01T00:00:00Z\",\"created_by\":1000,"
        "\"expires_at\":null,\"last_used_at\":null,\"allowed_count\":9223372036854775807,"
        "\"refused_count\":2,\"revoked_at\":null,\"revoked_reason\":null,\"suspended_reason\":null,"
        "\"grace_until\":null,\"rotated_from_key_id\":null,\"rotated_to_key_id\":null}");
}
END_TEST

START_TEST(shows_what_became_of_a_token)
{
    struct scope_registry registry;
    struct listing listing = a_listing(KIND_LIVE);

    scope_registry_init(&registry);
    listing.record.revoked = true;
    listing.record.missing_origin_allowed = true;
    listing.record.expires_at = 1767225601;
    listing.record.revoked_at = 1767225602;
    listing.record.grace_until = 1767225603;
    listing.record.reason = TEXT("leaked");
    listing.record.rotated_from = TEXT("key_a");
    listing.record.rotated_to = TEXT("key_b");
    listing.usage.last_used_at = 1767225604;
    listing.state = RECORD_REVOKED;
    json_t *object = admin_json_token(&listing, &registry);
    static const struct {
        const char *name, *value;
    } members[] = {
        {"state", "revoked"},
        {"missing_origin", "allow"},
        {"expires_at", "2026-01-01T00:00:01Z"},
        {"revoked_at", "2026-01-01T00:00:02Z"},
        {"grace_until", "2026-01-01T00:00:03Z"},
        {"last_used_at", "2026-01-01T00:00:04Z"},
        {"revoked_reason", "leaked"},
        {"rotated_from_key_id", "key_a"},
        {"rotated_to_key_id", "key_b"},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        ck_assert_str_eq(json_string_value(json_object_get(object, members[i].name)),
                         members[i].value);
    ck_assert_ptr_null(json_object_get(object, "sunset_at"));
    json_decref(object);
}
END_TEST

START_TEST(tells_why_it_is_suspended_until_it_is_revoked)
{
    struct scope_registry registry;
    struct listing listing = a_listing(KIND_LIVE);

    scope_registry_init(&registry);
    listing.record.suspended = true;
    listing.record.reason = TEXT("unpaid");
    json_t *object = admin_json_token(&listing, &registry);
    ck_assert(json_is_null(json_object_get(object, "revoked_reason")));
    ck_assert_str_eq(json_string_value(json_object_get(object, "suspended_reason")), "unpaid");
    json_decref(object);
    listing.record.revoked = true;
    object = admin_json_token(&listing, &registry);
    ck_assert_str_eq(json_string_value(json_object_get(object, "revoked_reason")), "unpaid");
    ck_assert(json_is_null(json_object_get(object, "suspended_reason")));
    json_decref(object);
}
END_TEST

START_TEST(shows_a_legacy_key_s_end)
{
    struct scope_registry registry;
    struct listing listing = a_listing(KIND_LEGACY);

    scope_registry_init(&registry);
    listing.record.sunset_at = 1767225600;
    listing.record.link = TEXT("https://a.example/");
    json_t *object = admin_json_token(&listing, &registry);
    ck_assert(json_is_null(json_object_get(object, "secret_prefix")));
    ck_assert(json_is_null(json_object_get(object, "deprecation_at")));
    ck_assert_str_eq(json_string_value(json_object_get(object, "kind")), "legacy");
    ck_assert_str_eq(json_string_value(json_object_get(object, "sunset_at")),
                     "2026-01-01T00:00:00Z");
    ck_assert_str_eq(json_string_value(json_object_get(object, "link")), "https://a.example/");
    json_decref(object);
}
END_TEST

START_TEST(shows_an_audit_entry)
{
    const struct audit_entry entry = {
        .seq = 7,
        .at = 1767225600,
        .actor = {1000, 100, 4242},
        .verb = CHANGE_ROTATE,
        .key_id = TEXT("key_a"),
        .related = TEXT("key_b"),
        .site = TEXT("kasa"),
    };

    expect(admin_json_audit(&entry),
           "{\"seq\":7,\"at\":\"2026-01-01T00:00:00Z\",\"action\":\"rotate\",\"uid\":1000,"
           "\"gid\":100,\"pid\":4242,\"key_id\":\"key_a\",\"related\":\"key_b\","
           "\"site_id\":\"kasa\",\"reason\":null}");
}
END_TEST

START_TEST(shows_a_site)
{
    struct site_summary summary = {.site = TEXT("kasa"),
                                   .active = 1,
                                   .suspended = 2,
                                   .revoked = 3,
                                   .expired = 4,
                                   .legacy = 5,
                                   .allowed = 6};

    expect(admin_json_site(&summary),
           "{\"site_id\":\"kasa\",\"active\":1,\"suspended\":2,\"revoked\":3,\"expired\":4,"
           "\"legacy\":5,\"allowed_count\":6,\"last_used_at\":null}");
    summary.last_used_at = 1767225600;
    json_t *object = admin_json_site(&summary);
    ck_assert_str_eq(json_string_value(json_object_get(object, "last_used_at")),
                     "2026-01-01T00:00:00Z");
    json_decref(object);
}
END_TEST

START_TEST(reads_back_the_positions_that_it_gives)
{
    char digits[2 * ADMIN_POSITION_MAX + 1], position[ADMIN_POSITION_MAX];
    char all[ADMIN_POSITION_MAX];
    size_t len;

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    ck_assert(admin_json_position_format((struct text){all, sizeof all}, digits));
    ck_assert(admin_json_position_parse(text_of(digits), position, &len));
    ck_assert_uint_eq(len, sizeof all);
    ck_assert_mem_eq(position, all, sizeof all);
}
END_TEST

START_TEST(refuses_other_positions)
{
    char digits[2 * ADMIN_POSITION_MAX + 3], position[ADMIN_POSITION_MAX];
    size_t len;

    memset(digits, 'a', sizeof digits);
    ck_assert(!admin_json_position_parse((struct text){digits, sizeof digits - 1}, position, &len));
    ck_assert(!admin_json_position_parse(TEXT(""), position, &len));
    ck_assert(!admin_json_position_parse(TEXT("a"), position, &len));
    ck_assert(!admin_json_position_parse(TEXT("aG"), position, &len));
    ck_assert(!admin_json_position_parse(TEXT("AA"), position, &len));
}
END_TEST

/* Whether it wipes can't be seen after free() without looking at memory that is gone; that the
 * functions work on memory of any origin can. */
START_TEST(wipes_without_harm)
{
    json_t *before = json_string("made before");

    admin_json_own_memory();
    json_decref(before);
    json_t *after = json_pack("{s:s}", "secret", "made after");
    char *dump = json_dumps(after, 0);
    ck_assert_str_eq(dump, "{\"secret\": \"made after\"}");
    free(dump);
    json_decref(after);
}
END_TEST

SUITE_MAIN("admin_json", shows_a_token, shows_what_became_of_a_token,
           tells_why_it_is_suspended_until_it_is_revoked, shows_a_legacy_key_s_end,
           shows_an_audit_entry, shows_a_site, reads_back_the_positions_that_it_gives,
           refuses_other_positions, wipes_without_harm)
