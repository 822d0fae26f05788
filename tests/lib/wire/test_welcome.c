#include "tests/lib/wire/golden.h"

#include "tests/suite.h"

static int read_welcome(struct frame *frame)
{
    struct welcome welcome;
    return welcome_read(frame, &welcome);
}

static void fill(struct welcome *ret)
{
    size_t sites_len = 0;
    unsigned bit;
    *ret = (struct welcome){.generation = UINT64_C(0x1122334455667788), .direct = true};
    policy_init(&ret->policy);
    ret->policy.accept = ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST);
    ret->policy.require_site = false;
    ret->policy.fields = FIELDS_IETF;
    ret->policy.scopes = 5;
    ret->policy.cost = 3;
    ret->policy.last_known_ns = UINT64_C(30000000000);
    ck_assert_int_eq(textlist_append(ret->policy.sites, POLICY_SITES_MAX, &sites_len, TEXT("kasa")),
                     0);
    ck_assert_int_eq(
        textlist_append(ret->policy.sites, POLICY_SITES_MAX, &sites_len, TEXT("lumen")), 0);
    ret->policy.sites_len = (uint16_t)sites_len;
    scope_registry_init(&ret->registry);
    ck_assert_int_eq(scope_registry_add(&ret->registry, TEXT("orders:read"), &bit), 0);
}

START_TEST(writes_the_bytes_of_old)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct welcome welcome;
    fill(&welcome);
    golden_expect("welcome", buffer, welcome_write(buffer, sizeof buffer, 7, &welcome));
}
END_TEST

START_TEST(reads_what_was_written)
{
    struct golden golden;
    struct frame frame;
    struct welcome welcome;
    golden_load("welcome", &golden);
    ck_assert_int_eq(frame_open(golden.bytes, golden.len, &frame), 0);
    ck_assert_int_eq(welcome_read(&frame, &welcome), 0);
    ck_assert_uint_eq(frame.id, 7);
    ck_assert_uint_eq(welcome.generation, UINT64_C(0x1122334455667788));
    ck_assert(welcome.direct);
    ck_assert_uint_eq(welcome.policy.accept, ACCEPT(KIND_LIVE) | ACCEPT(KIND_TEST));
    ck_assert(!welcome.policy.require_site);
    ck_assert_uint_eq(welcome.policy.fields, FIELDS_IETF);
    ck_assert_uint_eq(welcome.policy.scopes, 5);
    ck_assert_uint_eq(welcome.policy.cost, 3);
    ck_assert_uint_eq(welcome.policy.last_known_ns, UINT64_C(30000000000));
    ck_assert_str_eq(welcome.policy.realm, "storefront");
    ck_assert_uint_eq(textlist_count(policy_sites(&welcome.policy)), 2);
    ck_assert(textlist_contains(policy_sites(&welcome.policy), TEXT("lumen")));
    ck_assert_uint_eq(scope_find(&welcome.registry, TEXT("orders:read")), 16);
}
END_TEST

START_TEST(refuses_all_but_the_whole_frame)
{
    struct golden golden;
    golden_load("welcome", &golden);
    golden_refuse_every_truncation(&golden, read_welcome);
    golden_refuse_every_extension(&golden, read_welcome);
    golden_refuse_other_types(&golden, read_welcome);
    golden_survive_every_byte(&golden, read_welcome);
}
END_TEST

START_TEST(says_yes_or_no_to_a_view)
{
    struct golden golden;
    struct frame frame;
    struct welcome welcome;
    golden_load("welcome", &golden);
    golden.bytes[WIRE_HEADER_BYTES + 8] = 0;
    ck_assert_int_eq(frame_open(golden.bytes, golden.len, &frame), 0);
    ck_assert_int_eq(welcome_read(&frame, &welcome), 0);
    ck_assert(!welcome.direct);
    golden_refuse_with(&golden, WIRE_HEADER_BYTES + 8, 2, read_welcome);
    golden_refuse_with(&golden, WIRE_HEADER_BYTES + 8, 255, read_welcome);
}
END_TEST

/* The largest policy and the fullest registry that there can be. */
START_TEST(fits_whatever_the_operator_configured)
{
    static struct welcome welcome;
    static uint8_t buffer[WIRE_FRAME_MAX];
    static const char name[] = "abcdefghijklmnopqrstuvwxyz-12";
    unsigned bit;
    policy_init(&welcome.policy);
    memset(welcome.policy.realm, 'r', REALM_MAX);
    memset(welcome.policy.sites, 'a', POLICY_SITES_MAX);
    for (size_t at = 0; at < POLICY_SITES_MAX; at += SITE_MAX)
        welcome.policy.sites[at] = SITE_MAX - 1;
    welcome.policy.sites_len = POLICY_SITES_MAX;
    scope_registry_init(&welcome.registry);
    for (unsigned i = SCOPES_BUILTIN; i < SCOPES_MAX; i++) {
        char scope[SCOPE_NAME_MAX + 1];
        snprintf(scope, sizeof scope, "%s:%02u", name, i);
        ck_assert_uint_eq(strlen(scope), SCOPE_NAME_MAX);
        ck_assert_int_eq(scope_registry_add(&welcome.registry, text_of(scope), &bit), 0);
    }
    size_t len = welcome_write(buffer, sizeof buffer, 1, &welcome);
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(golden_try(buffer, len, read_welcome), 0);
}
END_TEST

START_TEST(has_no_length_when_it_does_not_fit)
{
    uint8_t buffer[WIRE_FRAME_MAX];
    struct welcome welcome;
    fill(&welcome);
    size_t len = welcome_write(buffer, sizeof buffer, 1, &welcome);
    for (size_t capacity = 0; capacity < len; capacity++)
        ck_assert_uint_eq(welcome_write(buffer, capacity, 1, &welcome), 0);
}
END_TEST

SUITE_MAIN("welcome", writes_the_bytes_of_old, reads_what_was_written,
           refuses_all_but_the_whole_frame, says_yes_or_no_to_a_view,
           fits_whatever_the_operator_configured, has_no_length_when_it_does_not_fit)
